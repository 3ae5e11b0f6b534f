//! One atomic push of any number of branches, each under a lease.
//!
//! With a lease and a refspec for each branch as arguments, git's cost grows with the square of
//! their number. So the push is made from a bare repository of its own, in the quarantine, whose
//! branches are the new values and whose tracking refs are the old ones: then `refs/heads/*` and
//! `--force-with-lease` say it all.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::oid::{Format, Oid};
use super::quarantine::{Quarantine, QuarantineError, at};
use super::{Git, GitError};

/// A branch that a push is to move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    pub branch: String,
    /// Where the remote must have it now; `None` where it must not exist.
    pub old: Option<Oid>,
    pub new: Oid,
}

/// What git printed about a branch that did not move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    pub branch: String,
    pub cause: Cause,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// It is not where the lease says.
    Stale,
    /// Others were rejected, and the push is atomic.
    Others,
    /// The remote would not have it.
    Remote(String),
}

/// How a push ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pushed {
    All,
    /// Nothing moved. `printed` is the output of git and of the remote's hooks.
    Nothing {
        rejected: Vec<Rejected>,
        printed: String,
    },
}

/// What the remote calls the repository that the push is made from, where it has no name.
const ANONYMOUS: &str = "hotfix";

/// Pushes all the moves or none. Fails where the remote can't be reached, which leaves it unknown
/// whether the branches moved.
pub async fn push(
    git: &Git,
    quarantine: &Quarantine,
    remote: &str,
    moves: &[Move],
    limit: Duration,
) -> Result<Pushed, QuarantineError> {
    let root = git.directory().join(git.run(["rev-parse", "--show-cdup"]).await?);
    let hooks = git.run(["rev-parse", "--path-format=absolute", "--git-path", "hooks"]).await?;
    let named = git.run(["remote"]).await?.lines().any(|name| name == remote);
    let name = if named { remote } else { ANONYMOUS };
    let url = (!named).then(|| match remote {
        "." => quarantine.repository().common.display().to_string(),
        url => url.to_owned(),
    });
    prepare(quarantine, name, url.as_deref(), Path::new(&hooks), moves)?;
    let atomic = if moves.len() > 1 { "--atomic" } else { "--no-atomic" };
    let args = [
        "push",
        "--porcelain",
        atomic,
        "--force-with-lease",
        "--no-force-if-includes",
        "--no-follow-tags",
        "--recurse-submodules=no",
        name,
        "refs/heads/*:refs/heads/*",
    ];
    let guarded = git.clone().within(root).with("GIT_DIR", quarantine.directory());
    let output = guarded.call(args).limit(limit).output().await?;
    if output.status == Some(0) {
        return Ok(Pushed::All);
    }
    let mut rejected = rejected(&String::from_utf8_lossy(&output.stdout));
    if rejected.is_empty() && output.stderr.contains("does not support --atomic push") {
        let cause = Cause::Remote("the remote can't move several branches at once".to_owned());
        rejected.extend(moves.iter().map(|one| Rejected { branch: one.branch.clone(), cause: cause.clone() }));
    }
    if rejected.is_empty() {
        let command = "push".to_owned();
        return Err(GitError::Failed { command, status: output.status, stderr: output.stderr.trim().to_owned() }.into());
    }
    Ok(Pushed::Nothing { rejected, printed: output.stderr.trim().to_owned() })
}

/// Makes the quarantine a repository to push from: the user's settings for talking to the remote,
/// a branch for every new value and a tracking ref for every old one.
fn prepare(
    quarantine: &Quarantine,
    remote: &str,
    url: Option<&str>,
    hooks: &Path,
    moves: &[Move],
) -> Result<(), QuarantineError> {
    let repository = quarantine.repository();
    let remote = quoted(remote);
    let config = format!(
        "[core]\n\trepositoryFormatVersion = 1\n\
         [extensions]\n\tobjectFormat = {format}\n\
         [remote {remote}]\n\tfetch = +refs/heads/*:refs/leases/*\n{url}\
         [lfs]\n\tstorage = {lfs}\n\
         [include]\n\tpath = {common}\n\
         [core]\n\tbare = true\n\tfsync = none\n\thooksPath = {hooks}\n\
         [remote {remote}]\n\tmirror = false\n",
        format = match repository.format {
            Format::Sha1 => "sha1",
            Format::Sha256 => "sha256",
        },
        url = url.map(|url| format!("\turl = {}\n", quoted(url))).unwrap_or_default(),
        lfs = quoted(&repository.common.join("lfs").display().to_string()),
        common = quoted(&repository.common.join("config").display().to_string()),
        hooks = quoted(&hooks.display().to_string()),
    );
    let directory = quarantine.directory();
    fs::create_dir_all(directory.join("refs")).map_err(at(directory))?;
    for (name, text) in [("HEAD", "ref: refs/heads/none\n"), ("config", &config), ("packed-refs", &packed_refs(moves))]
    {
        let path = directory.join(name);
        fs::write(&path, text).map_err(at(&path))?;
    }
    Ok(())
}

/// The content of a `packed-refs` file, sorted as git wants it.
fn packed_refs(moves: &[Move]) -> String {
    let mut lines: Vec<(String, Oid)> = Vec::with_capacity(moves.len() * 2);
    for change in moves {
        lines.push((format!("refs/heads/{}", change.branch), change.new));
        lines.extend(change.old.map(|old| (format!("refs/leases/{}", change.branch), old)));
    }
    lines.sort();
    let lines: String = lines.into_iter().map(|(name, oid)| format!("{oid} {name}\n")).collect();
    format!("# pack-refs with: peeled fully-peeled sorted \n{lines}")
}

/// A value of git's configuration, quoted.
fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

/// Reads the rejected branches from what `git push --porcelain` prints.
fn rejected(printed: &str) -> Vec<Rejected> {
    let lines = printed.lines().filter_map(|line| line.strip_prefix("!\t"));
    lines
        .filter_map(|line| {
            let (refs, summary) = line.split_once('\t')?;
            let (_, name) = refs.split_once(':')?;
            let branch = name.strip_prefix("refs/heads/")?.to_owned();
            Some(Rejected { branch, cause: cause(summary) })
        })
        .collect()
}

fn cause(summary: &str) -> Cause {
    let reason = summary.split_once('(').map_or(summary, |(_, reason)| reason.trim_end_matches(')'));
    if summary.starts_with("[rejected]") {
        return if reason.contains("atomic") { Cause::Others } else { Cause::Stale };
    }
    if reason.contains("atomic push failed") || reason == "atomic transaction failed" {
        return Cause::Others;
    }
    // It moved after the remote had listed it and before the remote took the push.
    if reason.contains("failed to update ref") || reason.contains("cannot lock ref") || reason.contains("fetch first") {
        return Cause::Stale;
    }
    Cause::Remote(reason.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Cause, cause};

    #[test]
    fn causes_are_told_apart() {
        for (summary, expected) in [
            ("[rejected] (stale info)", Cause::Stale),
            ("[rejected] (atomic push failed)", Cause::Others),
            ("[remote rejected] (failed to update ref)", Cause::Stale),
            ("[remote rejected] (pre-receive hook declined)", Cause::Remote("pre-receive hook declined".to_owned())),
        ] {
            assert_eq!(cause(summary), expected);
        }
    }
}
