//! The incident's branch and its work tree in this clone, made where they are missing or half-made.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::Tools;
use crate::domain::fix::{Branch, Fix};
use crate::domain::incident::Incident;
use crate::domain::next::Next;
use crate::git::Git;
use crate::git::project::Project;
use crate::workflow::step::StepError;

/// How long is waited for a `git worktree add` that outlived the hotfix that started it.
const STILL_MADE: Duration = Duration::from_secs(120);

/// Returns the branch as it is in this clone, with its work tree here. Another clone may have made both, so what
/// is missing is taken from the remote, whose branch is the fix.
///
/// Fails as stuck where neither this clone nor the remote has the branch.
pub async fn here(tools: &Tools, incident: &Incident, branch: Branch) -> Result<Branch, StepError> {
    bring(tools, incident, &branch).await?;
    let work_tree = made(tools, incident, &branch.name).await?.display().to_string();
    Ok(Branch { work_tree, ..branch })
}

/// Brings the local branch to where the remote's is, if it is missing or has less than the journal says.
pub async fn bring(tools: &Tools, incident: &Incident, branch: &Branch) -> Result<(), StepError> {
    let project = &tools.project;
    let refname = format!("refs/heads/{}", branch.name);
    let local = project.commit(&refname).await?;
    // Without a fix in the journal another clone may have pushed one, and died before it said so.
    if let (Some(local), Some(fix)) = (&local, incident.detail::<Fix>()) {
        let is_known = project.commit(&fix.commit).await?.is_some();
        // A tip of its own, rewritten or ahead, is a person's work.
        if *local == fix.commit || is_known && !project.is_ancestor(local, &fix.commit).await? {
            return Ok(());
        }
    }
    tools.fetch().await?;
    match (local, project.remote_branch(&branch.name).await.ok()) {
        (None, None) => Err(StepError::stuck(
            format!("branch `{}` is gone, here and on the remote", branch.name),
            Next::by_hand(format!("git branch {} COMMIT", branch.name)).then(Next::Resume),
        )),
        (None, Some(remote)) => {
            project.git.run(["update-ref", &refname, &remote, &"0".repeat(remote.len())]).await?;
            Ok(())
        }
        (Some(local), Some(remote)) if local != remote && project.is_ancestor(&local, &remote).await? => {
            match registered(project, &branch.name).await? {
                // Refuses where files that a person changed are in the way.
                Some(tree) => Git::at(tree.path).run(["merge", "--ff-only", "--quiet", &remote]).await?,
                None => project.git.run(["update-ref", &refname, &remote, &local]).await?,
            };
            Ok(())
        }
        (Some(_), _) => Ok(()),
    }
}

/// A work tree of this clone.
pub struct Tree {
    pub path: PathBuf,
    /// Whether git was killed while it made it.
    is_half_made: bool,
}

/// The work tree of this clone that has the branch checked out.
pub async fn registered(project: &Project, branch: &str) -> Result<Option<Tree>, StepError> {
    let trees = project.git.run(["worktree", "list", "--porcelain"]).await?;
    Ok(find(&trees, &format!("refs/heads/{branch}")))
}

fn find(trees: &str, refname: &str) -> Option<Tree> {
    let has = |tree: &str, what: &str| tree.lines().any(|line| line == what);
    let tree = trees.split("\n\n").find(|tree| has(tree, &format!("branch {refname}")))?;
    let path = tree.lines().find_map(|line| line.strip_prefix("worktree "))?.into();
    Some(Tree { path, is_half_made: has(tree, "locked initializing") })
}

/// The work tree of the branch, made where it is missing. Done means that git has finished it and unlocked it.
pub async fn made(tools: &Tools, incident: &Incident, branch: &str) -> Result<PathBuf, StepError> {
    let project = &tools.project;
    let start = Instant::now();
    while let Some(tree) = registered(project, branch).await? {
        if !tree.is_half_made && tree.path.is_dir() {
            return Ok(tree.path);
        }
        if is_used(&tree.path) && start.elapsed() < STILL_MADE {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        }
        remove(project, &tree).await?;
        break;
    }
    let path = free(tools.work_tree(incident)?);
    let place = path.display().to_string();
    let add = ["worktree", "add", "--force", "--quiet", &place, branch];
    project.git.run(add).await.map_err(|error| {
        let what = format!("move `{place}` away, or set branch.work_tree");
        StepError::failed(error.to_string(), Next::by_hand(what).then(Next::Resume))
    })?;
    Ok(path)
}

/// Removes a work tree that is half-made or whose directory is gone: all that is in it is git's.
async fn remove(project: &Project, tree: &Tree) -> Result<(), StepError> {
    if tree.is_half_made {
        match fs::remove_dir_all(&tree.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => project.git.run(["worktree", "unlock", &tree.path.display().to_string()]).await?,
        };
    }
    project.git.run(["worktree", "prune", "--expire", "now"]).await?;
    Ok(())
}

/// Whether a git that can be seen works in `path`, or was started with it.
fn is_used(path: &Path) -> bool {
    let Ok(processes) = fs::read_dir("/proc") else { return false };
    processes.flatten().any(|process| {
        let line = fs::read(process.path().join("cmdline")).unwrap_or_default();
        let mut arguments = line.split(|byte| *byte == 0);
        let is_git = arguments.next().is_some_and(|program| program == b"git" || program.ends_with(b"/git"));
        let is_named = arguments.any(|argument| argument == path.as_os_str().as_encoded_bytes());
        is_git && (is_named || fs::read_link(process.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(path)))
    })
}

/// The first of `path`, `path-2`, `path-3` and so on that is not taken: another clone may have a work tree there.
fn free(path: PathBuf) -> PathBuf {
    let is_taken = |path: &Path| fs::read_dir(path).map_or(path.exists(), |mut files| files.next().is_some());
    let is_other_clones = path.join(".git").is_file();
    if !is_other_clones || !is_taken(&path) {
        return path;
    }
    let numbered = (2..100).map(|number| PathBuf::from(format!("{}-{number}", path.display())));
    numbered.into_iter().find(|path| !is_taken(path)).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn a_half_made_tree_is_told_from_one_that_a_person_locked() {
        let trees = "worktree /a\nHEAD 1\nbranch refs/heads/main\n\n\
                     worktree /b c\nHEAD 2\nbranch refs/heads/hotfix/1\nlocked initializing\n\n\
                     worktree /d\nHEAD 2\nbranch refs/heads/hotfix/2\nlocked on a stick\n\n\
                     worktree /e\nHEAD 2\ndetached\n";
        for (branch, expected) in [
            ("main", Some(("/a", false))),
            ("hotfix/1", Some(("/b c", true))),
            ("hotfix/2", Some(("/d", false))),
            ("hotfix", None),
        ] {
            let found = find(trees, &format!("refs/heads/{branch}"));
            let found = found.as_ref().map(|tree| (tree.path.to_str().unwrap(), tree.is_half_made));
            assert_eq!(found, expected, "{branch}");
        }
    }
}
