//! What there is to know of a repository before anything is done in it.

use std::path::PathBuf;

use super::oid::Format;
use super::{Git, GitError};

/// The facts about a repository that do not change while a command runs.
#[derive(Clone, Debug)]
pub struct Repository {
    /// Where its objects are: shared by all its linked work trees.
    pub objects: PathBuf,
    /// The directory shared by all its linked work trees.
    pub common: PathBuf,
    pub format: Format,
    /// Git's version, (major, minor).
    pub version: (u32, u32),
    /// Whether its history is cut, so that "is an ancestor of" can't be answered.
    pub shallow: bool,
}

/// Reads the facts; fails outside of a repository.
pub async fn read(git: &Git) -> Result<Repository, GitError> {
    let facts = [
        "rev-parse",
        "--path-format=absolute",
        "--show-object-format",
        "--is-shallow-repository",
        "--git-common-dir",
        "--git-path",
        "objects",
    ];
    let (facts, version) = tokio::try_join!(git.run(facts), version(git))?;
    let mut lines = facts.lines();
    let mut next = || lines.next().unwrap_or_default();
    let format = if next() == "sha256" { Format::Sha256 } else { Format::Sha1 };
    let shallow = next() == "true";
    Ok(Repository { format, version, shallow, common: next().into(), objects: next().into() })
}

/// Returns git's version as (major, minor).
async fn version(git: &Git) -> Result<(u32, u32), GitError> {
    let text = git.run(["version"]).await?;
    let mut numbers = text.trim_start_matches("git version ").split('.').map(|part| part.parse().unwrap_or(0));
    Ok((numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)))
}
