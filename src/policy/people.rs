//! The people in force: those of production's branch on the remote, read each time they are asked for.
//!
//! They are no part of the rules' version: somebody who joins the team holds no incident, and somebody who
//! leaves it counts no longer from then on.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;

use super::{PolicyError, branch, short, utf8};
use crate::config::Config;
use crate::git::project::{Project, ProjectError};
use crate::git::texts::{self, Text};
use crate::people::People;
use crate::people::file::{File, LARGEST, PATH};
use crate::people::signers;

/// Where the public keys of GPG are, each in its armour under the digits of its fingerprint.
const KEYS: &str = ".hotfix/keys";

/// The most bytes of such a key.
const LARGEST_KEY: usize = 256 * 1024;

/// Returns the people of production's branch as last fetched; `None` where it has no file of them.
///
/// Fails if there is a file that can't be read: then nothing is proven.
pub async fn now(project: &Project, config: &Config) -> Result<Option<People>, PolicyError> {
    let (revision, from) = branch(&config.git.remote, &config.git.production).names();
    at(project, &revision, &from).await
}

/// Returns the people of the commit that `revision` stands for, which people know as `from`.
pub async fn at(project: &Project, revision: &str, from: &str) -> Result<Option<People>, PolicyError> {
    let specs = [format!("{revision}^{{commit}}"), format!("{revision}:{PATH}")];
    let mut texts = texts::read(&project.git, &specs).await.map_err(ProjectError::from)?.into_iter();
    let (Some(Some(commit)), Some(Some(text))) = (texts.next(), texts.next()) else { return Ok(None) };
    let commit = commit.name;
    let path = format!("{from}:{PATH}");
    let file = File::read(Path::new(&path), &read(&text, LARGEST, &path)?)?;
    let from = format!("{from} at {}", short(&commit));
    let mut signers = Vec::new();
    if let Some(listed) = &file.allowed_signers {
        let path = format!("{from}:{listed}");
        let text = content(project, &[format!("{commit}:{listed}")]).await?.pop().flatten();
        let missing = || PolicyError::Unreadable { path: path.clone(), source: std::io::ErrorKind::NotFound.into() };
        signers = signers::read(&read(&text.ok_or_else(missing)?, LARGEST, &path)?);
    }
    let mut people = People::of(&file, &signers, from);
    let digits: Vec<String> = people.gpg_keys().into_iter().collect();
    if !digits.is_empty() {
        let specs: Vec<String> = digits.iter().map(|digits| format!("{commit}:{KEYS}/{digits}.asc")).collect();
        let keys = digits.into_iter().zip(content(project, &specs).await?);
        let keys = keys.filter_map(|(digits, text)| Some((digits, text?.content?)));
        people.keyring = keys.filter(|(_, key)| key.len() <= LARGEST_KEY).collect::<BTreeMap<_, _>>();
    }
    Ok(Some(people))
}

/// When production's branch got another version of the people, the newest first, each with its commit. The times
/// are those of the commits on its first-parent history: when a change was merged there.
pub async fn versions(project: &Project, config: &Config) -> Result<Vec<(Timestamp, String)>, PolicyError> {
    let (revision, _) = branch(&config.git.remote, &config.git.production).names();
    if project.commit(&revision).await?.is_none() {
        return Ok(Vec::new());
    }
    let log = ["log", "--first-parent", "--format=%ct %H", &revision, "--", ".hotfix"];
    let log = project.git.run(log).await.map_err(ProjectError::from)?;
    let version = |line: &str| {
        let (seconds, commit) = line.split_once(' ')?;
        Some((Timestamp::from_second(seconds.parse().ok()?).ok()?, commit.to_owned()))
    };
    Ok(log.lines().filter_map(version).collect())
}

/// The text of the file that production's branch has, whether it can be read or not.
pub async fn text(project: &Project, config: &Config) -> Result<Option<String>, PolicyError> {
    let (revision, from) = branch(&config.git.remote, &config.git.production).names();
    let found = content(project, &[format!("{revision}:{PATH}")]).await?.pop().flatten();
    found.map(|text| read(&text, LARGEST, &format!("{from}:{PATH}"))).transpose()
}

/// The text of the file that the work tree has.
pub fn in_work_tree(project: &Project) -> Result<Option<String>, PolicyError> {
    let path = project.top.join(PATH);
    match crate::private::read(&path, LARGEST as u64) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(PolicyError::Unreadable { path: path.display().to_string(), source }),
    }
}

async fn content(project: &Project, specs: &[String]) -> Result<Vec<Option<Text>>, PolicyError> {
    Ok(texts::read(&project.git, specs).await.map_err(ProjectError::from)?)
}

fn read(text: &Text, most: usize, path: &str) -> Result<String, PolicyError> {
    utf8(text, most).map_err(|source| PolicyError::Unreadable { path: path.to_owned(), source })
}
