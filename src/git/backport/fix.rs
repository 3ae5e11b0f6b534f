//! The fix: the commits to be backported, as the repository has them.

use serde::{Deserialize, Serialize};

use super::error::BackportError;
use super::request::Request;
use crate::git::oid::Oid;
use crate::git::{Git, GitError};

/// The commits to be backported, the oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fix {
    /// What the caller called it.
    pub name: String,
    /// What the message of a merge calls it.
    pub merged_as: String,
    /// The commit that a merge merges.
    pub tip: Oid,
    pub commits: Vec<FixCommit>,
}

/// One commit of the fix, with what a copy of it keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FixCommit {
    pub oid: Oid,
    pub tree: Oid,
    pub parents: Vec<Oid>,
    /// The tree that its change is measured against; `None` for a root commit.
    pub base: Option<Oid>,
    /// Which parent that is, where there are several.
    pub mainline: Option<u32>,
    /// `name <email> seconds zone`.
    pub author: String,
    pub message: String,
}

impl FixCommit {
    pub fn subject(&self) -> &str {
        self.message.lines().next().unwrap_or_default()
    }
}

/// Reads the fix that the request names.
pub async fn resolve(git: &Git, request: &Request) -> Result<Fix, BackportError> {
    let name = &request.fix;
    let (ids, tip, kind) = match range(git, request).await? {
        Some(Range { from, to, kind }) => {
            let range = format!("{from}..{to}");
            let listed = git.run(["rev-list", "--reverse", "--topo-order", "--no-merges", &range]).await?;
            (oids(&listed)?, to, kind)
        }
        None => {
            let commit = commit(git, name).await?;
            (vec![commit], commit, "commit")
        }
    };
    let commits = read(git, &ids, request.mainline).await?;
    if commits.is_empty() {
        return Err(BackportError::NothingToBackport { revision: name.clone() });
    }
    let merged_as = request.name.clone().unwrap_or_else(|| format!("{kind} '{name}'"));
    Ok(Fix { name: request.name.clone().unwrap_or_else(|| name.clone()), merged_as, tip, commits })
}

/// The commits of `to` that `from` lacks.
struct Range {
    from: Oid,
    to: Oid,
    /// What git calls such a thing in the message of a merge.
    kind: &'static str,
}

/// Returns the one commit that a revision names.
pub async fn commit(git: &Git, revision: &str) -> Result<Oid, BackportError> {
    let named = format!("{revision}^{{commit}}");
    let output = git.call(["rev-parse", "--verify", "--quiet", "--end-of-options", &named]).output().await?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim().parse().map_err(|_| BackportError::UnknownRevision { revision: revision.to_owned() })
}

/// Returns the range where the request names one or a branch, `None` where it names a commit.
async fn range(git: &Git, request: &Request) -> Result<Option<Range>, BackportError> {
    let name = &request.fix;
    if let Some((from, to)) = name.split_once("..") {
        let to = if to.is_empty() { "HEAD" } else { to };
        return Ok(Some(Range { from: commit(git, from).await?, to: commit(git, to).await?, kind: "commits" }));
    }
    let remote = &request.remote;
    let places = ["refs/heads/".to_owned(), format!("refs/remotes/{remote}/"), "refs/remotes/".to_owned()];
    let mut branch = None;
    for full in places.map(|place| place + name) {
        if git.call(["show-ref", "--verify", "--quiet", "--", &full]).answer().await? {
            branch = Some(full);
            break;
        }
    }
    let Some(branch) = branch else { return Ok(None) };
    let base = request.base.clone().unwrap_or_else(|| format!("refs/remotes/{remote}/HEAD"));
    let Ok(from) = commit(git, &base).await else { return Ok(None) };
    let to = commit(git, &branch).await?;
    let count = git.run(["rev-list", "--count", "--no-merges", &format!("{from}..{to}")]).await?;
    Ok((count != "0").then_some(Range { from, to, kind: "branch" }))
}

async fn read(git: &Git, ids: &[Oid], mainline: u32) -> Result<Vec<FixCommit>, BackportError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let input: String = ids.iter().map(|oid| format!("{oid}\n")).collect();
    let format = "--format=%H%n%T%n%P%n%an <%ae> %ad%n%B";
    let listed = git
        .call([
            "log",
            "--no-walk=unsorted",
            "-z",
            "--encoding=UTF-8",
            "--date=raw",
            "--no-mailmap",
            "--no-show-signature",
            "--no-notes",
            format,
            "--stdin",
        ])
        .input(input)
        .text()
        .await?;
    let mut commits = Vec::with_capacity(ids.len());
    for record in listed.split_terminator('\0') {
        let mut fields = record.splitn(5, '\n');
        let mut next = || fields.next().unwrap_or_default();
        let (oid, tree, parents) = (oid(next())?, oid(next())?, oids(&next().replace(' ', "\n"))?);
        let (author, message) = (next().to_owned(), next().to_owned());
        let base = match parents.len() {
            0 => None,
            count => {
                let mainline = if count > 1 { mainline } else { 1 };
                let parent = usize::try_from(mainline).ok().and_then(|number| parents.get(number.checked_sub(1)?));
                let Some(parent) = parent else {
                    return Err(BackportError::NoSuchParent { commit: oid.short(), mainline });
                };
                Some(tree_of(git, *parent).await?)
            }
        };
        let mainline = (parents.len() > 1).then_some(mainline);
        commits.push(FixCommit { oid, tree, parents, base, mainline, author, message });
    }
    Ok(commits)
}

async fn tree_of(git: &Git, commit: Oid) -> Result<Oid, BackportError> {
    oid(&git.run(["rev-parse", "--verify", &format!("{commit}^{{tree}}")]).await?)
}

pub(super) fn oid(text: &str) -> Result<Oid, BackportError> {
    text.parse().map_err(|_| {
        BackportError::Git(GitError::Failed {
            command: "log".to_owned(),
            status: Some(0),
            stderr: format!("`{text}` is not an object name"),
        })
    })
}

pub(super) fn oids(lines: &str) -> Result<Vec<Oid>, BackportError> {
    lines.split('\n').filter(|line| !line.is_empty()).map(oid).collect()
}
