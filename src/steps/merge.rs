//! Merges the released fix into production's branch, always with a merge commit, so that exactly what was approved
//! is in it. What hotfix itself writes there comes with the step `close`.

use std::sync::Arc;

use async_trait::async_trait;

use super::{Tools, count, needed, short};
use crate::domain::evidence::Evidence;
use crate::domain::fix::{Branch, Merge};
use crate::domain::name;
use crate::domain::next::Next;
use crate::domain::observation::Watch;
use crate::domain::production::Release;
use crate::domain::step_name::StepName;
use crate::git::merge_tree::{self, Merged};
use crate::git::oid::Oid;
use crate::git::project::{ProjectError, RefChange};
use crate::workflow::step::{Action, Moment, Outcome, Step, StepError, Undo};

pub struct MergeFix(pub Arc<Tools>);

#[async_trait]
impl Step for MergeFix {
    fn name(&self) -> StepName {
        StepName::Merge
    }

    async fn actions(&self, _: &Moment<'_>) -> Result<Vec<Action>, StepError> {
        let production = &self.0.config.git.production;
        Ok(vec![
            Action::new("merge", format!("the fix into `{production}`, with a merge commit")),
            Action::new("push", format!("`{production}`")),
        ])
    }

    async fn run(&self, at: &Moment<'_>) -> Result<Outcome, StepError> {
        if !self.0.config.merge.production {
            return Ok(Outcome::Skipped("the profile merges nothing into production's branch".to_owned()));
        }
        let release: Release = needed(at.incident)?;
        for _ in 0..10 {
            self.0.fetch().await?;
            if let Some(evidence) = self.merged(&release).await? {
                return Ok(Outcome::Done(evidence));
            }
            let merge = self.prepare(at, &release).await?;
            let refname = format!("refs/heads/{}", merge.branch);
            match self.0.project.push(&[RefChange::advance(&refname, &merge.old, &merge.new)]).await {
                Ok(()) => return Ok(Outcome::Done(evidence(&merge))),
                // Somebody pushed meanwhile: merge into the new tip.
                Err(ProjectError::Stale { .. }) => {}
                Err(error @ ProjectError::Refused { .. }) => {
                    let what = format!("let `{}` be pushed to, or merge `{}` into it", merge.branch, release.tag);
                    return Err(StepError::failed(error.to_string(), Next::by_hand(what).then(Next::Resume)));
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(StepError::failed("production's branch moved during 10 attempts in a row", Next::Resume))
    }

    async fn verify(&self, at: &Moment<'_>) -> Result<Option<Evidence>, StepError> {
        self.0.fetch().await?;
        let release: Release = needed(at.incident)?;
        self.merged(&release).await
    }

    /// Reverts the merge by a new commit: the branch only goes forward.
    async fn undo(&self, at: &Moment<'_>) -> Result<Undo, StepError> {
        let Some(merge) = at.incident.detail::<Merge>() else {
            return Ok(Undo::Nothing("nothing was merged".to_owned()));
        };
        let project = &self.0.project;
        let refname = format!("refs/heads/{}", merge.branch);
        for _ in 0..10 {
            self.0.fetch().await?;
            let tip = project.remote_branch(&merge.branch).await?;
            let note = format!("This reverts commit {}.", merge.merge);
            let log = ["log", "--format=%B", &format!("{}..{tip}", merge.merge)];
            if project.git.run(log).await?.lines().any(|line| line == note) {
                return Ok(Undo::Done(format!("the merge into `{}` is reverted", merge.branch)));
            }
            // The change from the merge back to its first parent, applied to the current tip.
            let before = self.with_ticket(at, &merge).await?;
            let tree = self.merge_trees(Some(&merge.merge), &tip, &before).await?.map_err(|files| {
                StepError::stuck(
                    format!("reverting the merge conflicts in {}", files.join(", ")),
                    Next::by_hand(format!("git revert -m 1 {} on `{}`", merge.merge, merge.branch)).then(Next::Resume),
                )
            })?;
            let title = name::line(&at.incident.title(), 80);
            let message = format!("Revert \"{}: {title}\"\n\n{note}\n", at.incident.id);
            let commit = project.commit_tree(&tree, &[&tip], &message).await?;
            match project.push(&[RefChange::advance(&refname, &tip, &commit)]).await {
                Err(ProjectError::Stale { .. }) => {}
                ended => {
                    ended?;
                    return Ok(Undo::Done(format!(
                        "the merge into `{}` is reverted by {}",
                        merge.branch,
                        short(&commit)
                    )));
                }
            }
        }
        Err(StepError::failed("production's branch moved during 10 attempts in a row", Next::Resume))
    }
}

impl MergeFix {
    /// What was before the merge, with the incident's ticket as the merge brought it: the revert leaves the
    /// ticket alone, which has its resolution by now.
    async fn with_ticket(&self, at: &Moment<'_>, merge: &Merge) -> Result<String, StepError> {
        let project = &self.0.project;
        let ticket = at.incident.detail::<Branch>().and_then(|branch| branch.ticket);
        let Some(path) = ticket else { return Ok(merge.old.clone()) };
        match project.file(&merge.merge, &path).await? {
            Some(text) => Ok(project.commit_files(&[&merge.old], &[(path, text)], "The ticket stays\n").await?),
            None => Ok(merge.old.clone()),
        }
    }

    /// The evidence, if production's branch already has the released commit.
    async fn merged(&self, release: &Release) -> Result<Option<Evidence>, StepError> {
        let project = &self.0.project;
        let branch = self.0.config.git.production.clone();
        let tip = project.remote_branch(&branch).await?;
        if !project.is_ancestor(&release.commit, &tip).await? {
            return Ok(None);
        }
        // The oldest merge on the branch that brought the commit in.
        let path = format!("{}..{tip}", release.commit);
        let list = project.git.run(["rev-list", "--reverse", "--first-parent", "--ancestry-path", &path]).await?;
        let merge = list.lines().next().unwrap_or(&tip).to_owned();
        let old = project.commit(&format!("{merge}^1")).await?.unwrap_or_else(|| merge.clone());
        Ok(Some(evidence(&Merge { branch, old, merge, new: tip })))
    }

    async fn prepare(&self, at: &Moment<'_>, release: &Release) -> Result<Merge, StepError> {
        let incident = at.incident;
        let project = &self.0.project;
        let branch = self.0.config.git.production.clone();
        let old = project.remote_branch(&branch).await?;
        let tree = self.merge_trees(None, &old, &release.commit).await?.map_err(|files| {
            let fix = incident.detail::<Branch>().map_or_else(|| release.tag.clone(), |branch| branch.name);
            StepError::stuck(
                format!("the fix conflicts with `{branch}` in {}: {}", count(files.len(), "file"), files.join(", ")),
                Next::by_hand(format!("merge `{fix}` into `{branch}` by hand (`git merge --no-ff`), push it"))
                    .then(Next::Resume),
            )
        })?;
        let title = name::line(&incident.title(), 100);
        let mut message = format!("Merge hotfix {}: {title}\n\nReleased as {}.\n", incident.id, release.tag);
        if let Some(watch) = incident.detail::<Watch>() {
            message.push_str(&format!(
                "Verified in {} s: {} errors in {} requests.\n",
                watch.seconds, watch.errors, watch.requests
            ));
        }
        let merge = project.commit_tree(&tree, &[&old, &release.commit], &message).await?;
        let new = merge.clone();
        Ok(Merge { branch, old, merge, new })
    }

    /// Merges `theirs` into `ours` as git does: the tree, or the files in conflict.
    async fn merge_trees(
        &self,
        base: Option<&str>,
        ours: &str,
        theirs: &str,
    ) -> Result<Result<String, Vec<String>>, StepError> {
        let oid = |name: &str| name.parse::<Oid>().map_err(StepError::from);
        let base = base.map(oid).transpose()?;
        let merge = merge_tree::Merge { base, ours: oid(ours)?, theirs: oid(theirs)? };
        match merge_tree::merge_all(&self.0.project.git, &[], &[merge]).await?.pop() {
            Some(Merged::Clean { tree }) => Ok(Ok(tree.to_string())),
            Some(Merged::Conflict(conflict)) => Ok(Err(conflict.files())),
            Some(Merged::Failed { reason }) => Err(StepError::failed(reason, Next::Resume)),
            None => Err(StepError::failed("git gave no answer to the merge", Next::Resume)),
        }
    }
}

fn evidence(merge: &Merge) -> Evidence {
    Evidence::with(format!("`{}` {} -> {}", merge.branch, short(&merge.old), short(&merge.merge)), merge)
}
