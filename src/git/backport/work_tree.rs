//! A work tree in which a person resolves a conflict.

use std::collections::BTreeSet;
use std::path::Path;

use super::drivers;
use super::error::BackportError;
use super::fix::oid;
use super::obstacle::Obstacle;
use super::outcome::Outcome;
use super::plan::Plan;
use super::record::Opened;
use super::request::Mode;
use super::resolution::Resolution;
use crate::git::Git;
use crate::git::oid::Oid;

/// What a person has made of a conflict so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    Resolved(Resolution),
    /// These paths are still in conflict, or have conflict markers in them.
    Unresolved {
        files: Vec<String>,
    },
}

/// Makes a work tree at `directory` that stands where git stopped: the target, with the earlier
/// commits of the fix as they were resolved, and the conflict.
pub async fn open(git: &Git, plan: &Plan, outcome: &Outcome, directory: &Path) -> Result<(), BackportError> {
    let Some(Obstacle::Conflict { commit: stopped, ours, .. }) = &outcome.obstacle else {
        return Err(BackportError::NoConflict { branch: outcome.branch.clone() });
    };
    let start = stands_at(git, outcome.old, *ours).await?.to_string();
    let place = directory.as_os_str();
    git.run(["worktree".as_ref(), "add".as_ref(), "--quiet".as_ref(), "--detach".as_ref(), place, start.as_ref()])
        .await?;
    let inside = git.clone().within(directory);
    let mut args = drivers::options(git, plan.drivers).await?;
    match outcome.mode {
        Mode::Merge => args.extend(["merge", "--no-ff", "--no-commit"].map(str::to_owned)),
        Mode::Pick => {
            args.push("cherry-pick".to_owned());
            let commit = plan.fix.commits.iter().find(|commit| commit.oid == *stopped);
            args.extend(commit.and_then(|commit| commit.mainline).map(|mainline| format!("--mainline={mainline}")));
        }
    }
    args.push(stopped.to_string());
    // Git ends with an error, because of the conflict.
    let output = inside.call(&args).output().await?;
    match unmerged(&inside).await?.is_empty() {
        true => Err(BackportError::Unexpected { printed: output.stderr }),
        false => Ok(()),
    }
}

/// Returns a commit with the tree `ours`: the target's own, or one on top of it that stands for the
/// earlier commits of the fix.
async fn stands_at(git: &Git, old: Oid, ours: Oid) -> Result<Oid, BackportError> {
    if oid(&git.run(["rev-parse", "--verify", &format!("{old}^{{tree}}")]).await?)? == ours {
        return Ok(old);
    }
    let (old, ours) = (old.to_string(), ours.to_string());
    oid(&git.run(["commit-tree", "-m", "The earlier commits of the fix", "-p", &old, &ours]).await?)
}

/// Whether the repository has this object.
pub async fn has(git: &Git, object: Oid) -> Result<bool, BackportError> {
    let output = git.call(["cat-file", "-e", &object.to_string()]).output().await?;
    Ok(output.status == Some(0))
}

/// Reads what the person has made of the conflict that the work tree was opened for. The objects stay
/// in the repository, held by a ref.
pub async fn read(git: &Git, branch: &str, opened: &Opened, directory: &Path) -> Result<Progress, BackportError> {
    let Opened { commit, ours, class } = opened.clone();
    let inside = git.clone().within(directory);
    let mut files = unmerged(&inside).await?;
    let checked = inside.call(["diff", "--check", "--cached", "--no-ext-diff", &ours.to_string()]).output().await?;
    let checked = String::from_utf8_lossy(&checked.stdout).into_owned();
    files.extend(with_markers(&checked));
    if !files.is_empty() {
        return Ok(Progress::Unresolved { files: files.into_iter().collect() });
    }
    let tree = oid(&inside.run(["write-tree"]).await?)?;
    let held = inside.run(["commit-tree", "-m", "A conflict resolved", &tree.to_string()]).await?;
    inside.run(["update-ref", &format!("refs/hotfix/resolutions/{tree}"), &held]).await?;
    let by = person(&inside.run(["var", "GIT_COMMITTER_IDENT"]).await?);
    Ok(Progress::Resolved(Resolution { commit, ours, class, tree, by, branches: vec![branch.to_owned()] }))
}

/// Returns the files in which `git diff --check` found a conflict marker, from `FILE:LINE: ...`.
fn with_markers(checked: &str) -> impl Iterator<Item = String> {
    let markers = checked.lines().filter_map(|line| line.split_once(": leftover conflict marker"));
    markers.filter_map(|(place, _)| Some(place.rsplit_once(':')?.0.to_owned()))
}

/// Returns `name <email>` of `name <email> seconds zone`.
fn person(identity: &str) -> Option<String> {
    identity.rsplit_once('>').map(|(person, _)| format!("{person}>"))
}

/// Removes the work tree, once its resolution has been pushed or is no longer wanted.
pub async fn remove(git: &Git, directory: &Path) -> Result<(), BackportError> {
    let place = directory.as_os_str();
    git.run(["worktree".as_ref(), "remove".as_ref(), "--force".as_ref(), place]).await?;
    Ok(())
}

async fn unmerged(git: &Git) -> Result<BTreeSet<String>, BackportError> {
    let listed = git.run(["diff", "--name-only", "--diff-filter=U", "-z"]).await?;
    Ok(listed.split_terminator('\0').map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::{person, with_markers};

    #[test]
    fn files_with_markers_are_found_among_other_complaints() {
        let checked = "a b.txt:3: leftover conflict marker\nc:d.txt:12: leftover conflict marker\n\
                       e.txt:1: trailing whitespace.\n+x: leftover \n";
        assert_eq!(with_markers(checked).collect::<Vec<_>>(), ["a b.txt", "c:d.txt"]);
        assert_eq!(with_markers("").count(), 0);
    }

    #[test]
    fn an_identity_without_its_time_is_a_person() {
        for (identity, expected) in [
            ("Ada Lovelace <ada@x> 1700000000 +0000", Some("Ada Lovelace <ada@x>")),
            ("Ada <a>b> 1 +0000", Some("Ada <a>b>")),
            ("", None),
        ] {
            assert_eq!(person(identity).as_deref(), expected);
        }
    }
}
