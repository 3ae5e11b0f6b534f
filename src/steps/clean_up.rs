//! Removes the branch, here and on the remote, and its work tree, but nothing that is not saved elsewhere.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;

use super::fix::uncommitted;
use super::{Tools, needed, short, work_tree};
use crate::domain::evidence::Evidence;
use crate::domain::fix::Branch;
use crate::domain::production::Release;
use crate::domain::step_name::StepName;
use crate::git::Git;
use crate::git::project::{ProjectError, RefChange};
use crate::workflow::step::{Action, Moment, Outcome, Step, StepError, Undo};

pub struct CleanUp(pub Arc<Tools>);

#[async_trait]
impl Step for CleanUp {
    fn name(&self) -> StepName {
        StepName::CleanUp
    }

    async fn actions(&self, at: &Moment<'_>) -> Result<Vec<Action>, StepError> {
        let name = self.0.fill(&self.0.config.branch.name, at.incident)?;
        Ok(vec![
            Action::new("remove", "the work tree"),
            Action::new("delete", format!("`{name}`, here and on the remote")),
        ])
    }

    async fn run(&self, at: &Moment<'_>) -> Result<Outcome, StepError> {
        let branch: Branch = needed(at.incident)?;
        // Without a release only what nobody has added to can go.
        let saved = at.incident.detail::<Release>().map_or_else(|| branch.start.clone(), |release| release.commit);
        let removed = remove(&self.0, &branch, &saved).await?;
        Ok(Outcome::Done(Evidence::new(removed.join("; "))))
    }

    async fn undo(&self, _: &Moment<'_>) -> Result<Undo, StepError> {
        Ok(Undo::Nothing("the tag keeps the commits".to_owned()))
    }
}

/// Removes the work tree, the branch and the remote branch, and returns what happened to each.
///
/// A branch with commits that `saved` does not have is kept with its work tree, and so is a work tree with changes
/// or files that git does not have with its branch. The remote's branch is judged by its own commits: each clone
/// may have others.
pub async fn remove(tools: &Tools, branch: &Branch, saved: &str) -> Result<Vec<String>, StepError> {
    let project = &tools.project;
    let mut done = Vec::new();
    // By a commit that is missing here nothing can be judged.
    project.bring(saved).await?;
    let refname = format!("refs/heads/{}", branch.name);
    let tip = project.commit(&refname).await?;
    // In a clone that has not seen the fix the branch is behind, and nothing is lost with it.
    let own_commits = match &tip {
        Some(tip) if !project.is_ancestor(tip, saved).await.unwrap_or(false) => Some(short(tip)),
        _ => None,
    };
    // Each clone may have one of its own.
    let own = work_tree::registered(project, &branch.name).await?.map(|tree| tree.path);
    let work_tree = own.as_deref().unwrap_or(Path::new(&branch.work_tree));
    let mut kept = own_commits.is_some();
    if let Some(tip) = own_commits {
        done.push(format!("`{}` has commits that were not released ({tip}) and is kept", branch.name));
    } else if work_tree.is_dir() && !project.has_work_tree(work_tree).await? {
        done.push("work tree kept, another clone made it".to_owned());
    } else if work_tree.is_dir() {
        let untracked = Git::at(work_tree).run(["status", "--porcelain", "--untracked-files=normal"]).await?;
        if let Some(changed) = uncommitted(work_tree).await? {
            done.push(format!("work tree kept, it has changes: {changed}"));
            kept = true;
        } else if !untracked.is_empty() {
            done.push("work tree kept, it has new files".to_owned());
            kept = true;
        } else {
            let place = work_tree.display().to_string();
            project.git.run(["worktree", "remove", "--force", &place]).await?;
            done.push("work tree removed".to_owned());
        }
    }
    if !kept && let Some(tip) = tip {
        project.git.run(["worktree", "prune"]).await?;
        project.git.run(["update-ref", "-d", &refname, &tip]).await?;
        done.push(format!("`{}` deleted", branch.name));
    }
    let on_remote = project.list_remote(&refname, project.limit).await?.pop();
    if let Some((tip, _)) = on_remote {
        // A commit that this clone does not have is not ours to delete.
        if !project.is_ancestor(&tip, saved).await.unwrap_or(false) {
            done.push(format!("kept on the remote, it has commits that {} does not have", short(saved)));
            return Ok(done);
        }
        match project.push(&[RefChange::delete(&refname, tip)]).await {
            Ok(()) => done.push("deleted on the remote".to_owned()),
            Err(ProjectError::Stale { .. }) => done.push("kept on the remote, somebody pushed to it".to_owned()),
            Err(error) => return Err(error.into()),
        }
    }
    if done.is_empty() {
        done.push("nothing was left".to_owned());
    }
    Ok(done)
}
