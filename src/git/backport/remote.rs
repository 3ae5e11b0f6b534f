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

/// The branches that a remote has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// By name.
    pub branches: Vec<Branch>,
    /// The names that are not UTF-8. A journal and a configuration can't name such a branch.
    pub unreadable: Vec<Vec<u8>>,
}

/// The commit at the end of a branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tip {
    pub tree: Oid,
    /// When it was committed, in seconds since 1970.
    pub time: i64,
}

/// Returns the branches that the remote has.
pub async fn branches(git: &Git, remote: &str, limit: Duration) -> Result<Listing, BackportError> {
    let args = ["ls-remote", "--heads", "--end-of-options", remote];
    listing(&git.call(args).limit(limit).bytes().await?)
}

/// Reads lines of `<object>\t<ref>`; names are bytes.
fn listing(listed: &[u8]) -> Result<Listing, BackportError> {
    let mut listing = Listing::default();
    for line in listed.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let unexpected = || BackportError::Unexpected { printed: line.escape_ascii().to_string() };
        let tab = line.iter().position(|byte| *byte == b'\t').ok_or_else(unexpected)?;
        let Some(name) = line[tab + 1..].strip_prefix(b"refs/heads/") else { continue };
        let tip = std::str::from_utf8(&line[..tab]).map_err(|_| unexpected())?;
        match std::str::from_utf8(name) {
            Ok(name) => listing.branches.push(Branch { name: name.to_owned(), tip: oid(tip)? }),
            Err(_) => listing.unreadable.push(name.to_vec()),
        }
    }
    listing.branches.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(listing)
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
        let unexpected = || BackportError::Unexpected { printed: line.to_owned() };
        let mut fields = line.split(' ');
        let mut next = || fields.next().ok_or_else(unexpected);
        let (commit, tree) = (oid(next()?)?, oid(next()?)?);
        tips.insert(commit, Tip { tree, time: next()?.parse().map_err(|_| unexpected())? });
    }
    Ok(tips)
}

#[cfg(test)]
mod tests {
    use super::{Branch, listing};

    #[test]
    fn a_name_that_is_not_utf8_is_kept_apart() {
        let oid = "1".repeat(40);
        let lines = [&b"refs/heads/b"[..], b"refs/heads/a/\xff\xfe", b"refs/heads/\xc3\xa9", b"refs/tags/b", b"HEAD"];
        let listed: Vec<u8> = lines.iter().flat_map(|name| [oid.as_bytes(), b"\t", name, b"\n"].concat()).collect();
        let listing = listing(&listed).expect("readable");
        let tip = oid.parse().expect("a name");
        let branches = ["b", "é"].map(|name| Branch { name: name.to_owned(), tip });
        assert_eq!((listing.branches, listing.unreadable), (branches.to_vec(), vec![b"a/\xff\xfe".to_vec()]));
    }

    #[test]
    fn what_is_no_listing_is_an_error() {
        for listed in [&b"warning: redirecting\n"[..], b"\xff\trefs/heads/a\n", b"123\trefs/heads/a\n"] {
            assert!(listing(listed).is_err(), "{}", listed.escape_ascii());
        }
    }
}
