//! The past of the sandbox's repository, committed for real.

use std::fs;
use std::path::Path;

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde::Deserialize;

use super::error::SandboxError;
use super::files::{BEFORE, HISTORY, PAYMENTS};
use crate::git::Git;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct History {
    commit: Vec<Commit>,
}

/// A commit to be made; demo/history.toml says what each field means.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Commit {
    on: String,
    from: Option<String>,
    merge: Option<String>,
    by: String,
    ago: Span,
    says: String,
    #[serde(default)]
    files: Vec<String>,
    #[serde(default)]
    before: Vec<String>,
    #[serde(default)]
    edit: Vec<Edit>,
    tag: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    file: String,
    from: String,
    to: String,
}

/// Commits the whole past into the empty repository of `git`, as if it were now `now`. `adapt`
/// changes each text to what it is in this sandbox.
pub async fn write(git: &Git, now: Timestamp, adapt: impl Fn(&str) -> String) -> Result<(), SandboxError> {
    let History { commit: commits } = toml::from_str(HISTORY).map_err(|error| broken(&error.to_string()))?;
    for commit in &commits {
        match &commit.from {
            Some(from) => git.run(["switch", "--quiet", "--create", &commit.on, from]).await?,
            None if git.run(["branch", "--show-current"]).await? == commit.on => String::new(),
            None => git.run(["switch", "--quiet", &commit.on]).await?,
        };
        if let Some(merged) = &commit.merge {
            git.run(["merge", "--quiet", "--no-ff", "--no-commit", merged]).await?;
        }
        change(git.directory(), commit, &adapt)?;
        git.run(["add", "--all"]).await?;
        save(git, commit, now).await?;
        // What is merged is done with, except for the branches that stay.
        if let Some(merged) = commit.merge.as_deref().filter(|merged| merged.contains('/')) {
            git.run(["branch", "--quiet", "--delete", "--force", merged]).await?;
        }
    }
    Ok(())
}

/// Changes the files in `directory` as the commit does.
fn change(directory: &Path, commit: &Commit, adapt: impl Fn(&str) -> String) -> Result<(), SandboxError> {
    for (names, from) in [(&commit.files, PAYMENTS), (&commit.before, BEFORE)] {
        for name in names {
            let (_, text) = from.iter().find(|(known, _)| known == name).ok_or_else(|| broken(name))?;
            put(&directory.join(name), &adapt(text))?;
        }
    }
    for edit in &commit.edit {
        let path = directory.join(&edit.file);
        if edit.from.is_empty() {
            put(&path, &edit.to)?;
            continue;
        }
        let text = fs::read_to_string(&path)?;
        if !text.contains(&edit.from) {
            return Err(broken(&format!("`{}` changes what `{}` has not", commit.says, edit.file)));
        }
        put(&path, &text.replacen(&edit.from, &edit.to, 1))?;
    }
    Ok(())
}

fn put(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(path, text)
}

/// Commits what is in the index, and tags it where it is a release.
async fn save(git: &Git, commit: &Commit, now: Timestamp) -> Result<(), SandboxError> {
    let when = now.to_zoned(TimeZone::UTC).checked_sub(commit.ago).map_err(|error| broken(&error.to_string()))?;
    let date = format!("@{} +0000", when.timestamp().as_second());
    let first = commit.by.split(' ').next().unwrap_or_default().to_lowercase();
    let email = format!("{first}@payments.example");
    let mut calls = vec![git.call(["commit", "--quiet", "--message", &commit.says])];
    if let Some(tag) = &commit.tag {
        calls.push(git.call(["tag", "--annotate", "--message", &format!("Release {tag}"), tag]));
    }
    for call in calls {
        let call = call.env("GIT_AUTHOR_NAME", &commit.by).env("GIT_AUTHOR_EMAIL", &email);
        let call = call.env("GIT_COMMITTER_NAME", &commit.by).env("GIT_COMMITTER_EMAIL", &email);
        call.env("GIT_AUTHOR_DATE", &date).env("GIT_COMMITTER_DATE", &date).text().await?;
    }
    Ok(())
}

fn broken(why: &str) -> SandboxError {
    SandboxError::History(why.to_owned())
}
