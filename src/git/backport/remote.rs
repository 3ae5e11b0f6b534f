//! The branches that the remote has now, and their commits.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use super::error::BackportError;
use super::fix::oid;
use crate::git::oid::Oid;
use crate::git::{Git, GitError};

/// A branch of the remote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    pub name: String,
    pub tip: Oid,
}

/// The commit at the end of a branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tip {
    pub tree: Oid,
    /// When it was committed, in seconds since 1970.
    pub time: i64,
}

/// Returns the branches that the remote has, by name.
pub async fn branches(git: &Git, remote: &str, limit: Duration) -> Result<Vec<Branch>, BackportError> {
    let listed = git.call(["ls-remote", "--heads", "--end-of-options", remote]).limit(limit).text().await?;
    let mut branches = Vec::new();
    for line in listed.lines() {
        let (tip, name) = line.split_once('\t').ok_or_else(|| BackportError::Unexpected { said: line.to_owned() })?;
        if let Some(name) = name.strip_prefix("refs/heads/") {
            branches.push(Branch { name: name.to_owned(), tip: oid(tip)? });
        }
    }
    branches.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(branches)
}

/// Fetches what the repository lacks of these branches. Returns false where a branch moved while
/// they were fetched: they must be listed again.
pub async fn fetch(git: &Git, remote: &str, branches: &[Branch], limit: Duration) -> Result<bool, BackportError> {
    let missing = missing(git, branches).await?;
    if missing.is_empty() {
        return Ok(true);
    }
    let names: String = branches
        .iter()
        .filter(|branch| missing.contains(&branch.tip))
        .map(|b| format!("refs/heads/{}\n", b.name))
        .collect();
    let args = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--stdin", remote];
    let call = git.call(args).input(names).limit(limit);
    match call.text().await {
        Ok(_) => Ok(self::missing(git, branches).await?.is_empty()),
        Err(GitError::Failed { stderr, .. }) if stderr.contains("couldn't find remote ref") => Ok(false),
        Err(error) => Err(error.into()),
    }
}

async fn missing(git: &Git, branches: &[Branch]) -> Result<HashSet<Oid>, BackportError> {
    let input: String = branches.iter().map(|branch| format!("{}\n", branch.tip)).collect();
    // A partial clone would fetch them here, one by one.
    let check = git.call(["cat-file", "--batch-check=%(objectname)", "--buffer"]).env("GIT_NO_LAZY_FETCH", "1");
    let found = check.input(input).text().await?;
    let missing = found.lines().filter_map(|line| line.strip_suffix(" missing"));
    missing.map(oid).collect()
}

/// Returns the tree and the time of each tip.
pub async fn tips(git: &Git, branches: &[Branch]) -> Result<HashMap<Oid, Tip>, BackportError> {
    if branches.is_empty() {
        return Ok(HashMap::new());
    }
    let input: String = branches.iter().map(|branch| format!("{}\n", branch.tip)).collect();
    let args = ["log", "--no-walk=unsorted", "--no-show-signature", "--no-notes", "--format=%H %T %ct", "--stdin"];
    let listed = git.call(args).input(input).text().await?;
    let mut tips = HashMap::with_capacity(branches.len());
    for line in listed.lines() {
        let unexpected = || BackportError::Unexpected { said: line.to_owned() };
        let mut fields = line.split(' ');
        let mut next = || fields.next().ok_or_else(unexpected);
        let (commit, tree) = (oid(next()?)?, oid(next()?)?);
        tips.insert(commit, Tip { tree, time: next()?.parse().map_err(|_| unexpected())? });
    }
    Ok(tips)
}
