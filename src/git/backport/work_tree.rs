//! A work tree in which a person resolves a conflict.

use std::collections::BTreeSet;
use std::path::Path;

use super::drivers;
use super::error::BackportError;
use super::fix::oid;
use super::obstacle::Obstacle;
use super::outcome::Outcome;
use super::plan::Plan;
use super::request::Mode;
use super::resolution::Resolution;
use super::verdict::Verdict;
use crate::git::Git;

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
/// commits of the fix, and the conflict.
pub async fn open(git: &Git, plan: &Plan, outcome: &Outcome, directory: &Path) -> Result<(), BackportError> {
    let Some(Obstacle::Conflict { commit: stopped, .. }) = &outcome.obstacle else {
        return Err(BackportError::NoConflict { branch: outcome.branch.clone() });
    };
    let old = outcome.old.to_string();
    let place = directory.as_os_str();
    git.run(["worktree".as_ref(), "add".as_ref(), "--quiet".as_ref(), "--detach".as_ref(), place, old.as_ref()])
        .await?;
    let inside = git.clone().within(directory);
    let mut args = drivers::options(git, plan.drivers).await?;
    args.extend(match outcome.mode {
        Mode::Merge => ["merge", "--no-ff", "--no-commit"].map(str::to_owned).to_vec(),
        Mode::Pick => vec!["cherry-pick".to_owned()],
    });
    match outcome.mode {
        Mode::Merge => args.push(plan.fix.tip.to_string()),
        Mode::Pick => {
            let Verdict::Needs { commits: needed } = &outcome.verdict else {
                return Err(BackportError::NoConflict { branch: outcome.branch.clone() });
            };
            let until = plan.fix.commits.iter().position(|commit| commit.oid == *stopped).unwrap_or(0);
            for commit in plan.fix.commits[..=until].iter().filter(|commit| needed.contains(&commit.oid)) {
                if let Some(mainline) = commit.mainline {
                    args.push(format!("--mainline={mainline}"));
                }
                args.push(commit.oid.to_string());
            }
        }
    }
    // Git ends with an error, because of the conflict.
    let output = inside.call(&args).output().await?;
    match unmerged(&inside).await?.is_empty() {
        true => Err(BackportError::Unexpected { said: output.stderr }),
        false => Ok(()),
    }
}

/// Reads what the person has made of it. The objects stay in the repository, held by a ref.
pub async fn read(git: &Git, outcome: &Outcome, directory: &Path) -> Result<Progress, BackportError> {
    let Some(Obstacle::Conflict { commit, ours, class, .. }) = &outcome.obstacle else {
        return Err(BackportError::NoConflict { branch: outcome.branch.clone() });
    };
    let inside = git.clone().within(directory);
    let mut files = unmerged(&inside).await?;
    let checked = inside.call(["diff", "--check", "--cached", "--no-ext-diff", &ours.to_string()]).output().await?;
    let checked = String::from_utf8_lossy(&checked.stdout).into_owned();
    let markers = checked.lines().filter_map(|line| line.split_once(": leftover conflict marker"));
    files.extend(markers.filter_map(|(place, _)| Some(place.rsplit_once(':')?.0.to_owned())));
    if !files.is_empty() {
        return Ok(Progress::Unresolved { files: files.into_iter().collect() });
    }
    let tree = oid(&inside.run(["write-tree"]).await?)?;
    let held = inside.run(["commit-tree", "-m", "A conflict resolved", &tree.to_string()]).await?;
    inside.run(["update-ref", &format!("refs/hotfix/resolutions/{tree}"), &held]).await?;
    let branches = vec![outcome.branch.clone()];
    Ok(Progress::Resolved(Resolution { commit: *commit, ours: *ours, class: class.clone(), tree, branches }))
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
