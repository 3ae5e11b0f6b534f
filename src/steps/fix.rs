//! Waits for the fix: commits of a person, or of a command.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;

use super::{Tools, count, needed, short, work_tree};
use crate::domain::evidence::Evidence;
use crate::domain::fix::{Branch, Fix};
use crate::domain::incident::{Incident, StepState};
use crate::domain::next::Next;
use crate::domain::production::Release;
use crate::domain::step_name::StepName;
use crate::git::Git;
use crate::git::project::RefChange;
use crate::process::{self, Spec};
use crate::workflow::step::{Action, Moment, Outcome, Step, StepError, Undo};

pub struct MakeFix(pub Arc<Tools>);

#[async_trait]
impl Step for MakeFix {
    fn name(&self) -> StepName {
        StepName::Fix
    }

    async fn actions(&self, at: &Moment<'_>) -> Result<Vec<Action>, StepError> {
        let by = match &self.0.config.fix.command {
            Some(command) => Action::new("run", command.to_string()),
            None => Action::new("wait for", "commits in the work tree"),
        };
        let name = self.0.fill(&self.0.config.branch.name, at.incident)?;
        Ok(vec![by, Action::new("push", format!("`{name}`"))])
    }

    async fn run(&self, at: &Moment<'_>) -> Result<Outcome, StepError> {
        let branch = work_tree::here(&self.0, at.incident, needed(at.incident)?).await?;
        let mut found = self.look(at.incident, &branch).await?;
        if let (Err(_), Some(command)) = (&found, &self.0.config.fix.command) {
            let mut environment = self.0.environment(at.incident);
            // Another clone's may be in the journal.
            environment.push(("HOTFIX_WORK_TREE".to_owned(), branch.work_tree.clone()));
            let spec = Spec {
                arguments: command.arguments(),
                directory: branch.work_tree.clone().into(),
                environment,
                limit: self.0.config.fix.limit.0,
                confinement: None,
            };
            let ended = process::run(spec).await;
            if !ended.succeeded() {
                let message = format!("`{command}`: {}\n{}", ended.words(), ended.last_lines(10));
                return Err(StepError::failed(
                    message.trim_end(),
                    Next::by_hand("correct it, or fix by hand").then(Next::Resume),
                ));
            }
            found = self.look(at.incident, &branch).await?;
        }
        match found {
            Ok(fix) => {
                self.push(&branch, &fix).await?;
                Ok(Outcome::Done(evidence(&fix)))
            }
            Err(reason) => Ok(Outcome::Held { reason, hint: Next::Fix { place: branch.work_tree }.then(Next::Ship) }),
        }
    }

    async fn undo(&self, _: &Moment<'_>) -> Result<Undo, StepError> {
        Ok(Undo::Nothing("the commits are a person's work and are kept".to_owned()))
    }
}

impl MakeFix {
    /// Returns the fix, or what is missing.
    async fn look(&self, incident: &Incident, branch: &Branch) -> Result<Result<Fix, String>, StepError> {
        let project = &self.0.project;
        let refname = format!("refs/heads/{}", branch.name);
        let Some(commit) = project.commit(&refname).await? else {
            let message = format!("branch `{}` is gone", branch.name);
            return Err(StepError::stuck(
                message,
                Next::by_hand(format!("git branch {} COMMIT", branch.name)).then(Next::Resume),
            ));
        };
        if let Some(changed) = uncommitted(Path::new(&branch.work_tree)).await? {
            return Ok(Err(format!("the work tree has changes that are not committed: {changed}")));
        }
        if !project.is_ancestor(&branch.start, &commit).await? {
            let message = format!("branch `{}` no longer starts at {}", branch.name, short(&branch.start));
            return Err(StepError::stuck(
                message,
                Next::by_hand(format!("rebase it onto {}", branch.start)).then(Next::Resume),
            ));
        }
        let commits = project.commits(&format!("{}..{commit}", branch.start)).await?;
        if commits.is_empty() {
            return Ok(Err("there is no commit on the branch yet".to_owned()));
        }
        if went_bad(incident).as_deref() == Some(commit.as_str()) {
            return Ok(Err(format!("{} went bad in production; a new commit is needed", short(&commit))));
        }
        let stat = project.git.run(["diff", "--numstat", "--no-renames", &branch.start, &commit]).await?;
        let (mut files, mut added, mut removed) = (0, 0, 0);
        for line in stat.lines() {
            let mut fields = line.split('\t').map(|field| field.parse().unwrap_or(0));
            files += 1;
            added += fields.next().unwrap_or(0);
            removed += fields.next().unwrap_or(0);
        }
        if files == 0 {
            return Ok(Err("the commits on the branch change nothing".to_owned()));
        }
        Ok(Ok(Fix { commit, commits, files, added, removed }))
    }

    /// Pushes the commits; a rewritten branch is left as the remote has it.
    async fn push(&self, branch: &Branch, fix: &Fix) -> Result<(), StepError> {
        let project = &self.0.project;
        self.0.fetch().await?;
        let old = project.remote_branch(&branch.name).await.ok();
        let change = match old {
            Some(old) if old == fix.commit || !project.is_ancestor(&old, &fix.commit).await? => return Ok(()),
            old => RefChange { refname: format!("refs/heads/{}", branch.name), old, new: Some(fix.commit.clone()) },
        };
        Ok(project.push(&[change]).await?)
    }
}

/// The commit of the last deploy, if that went bad.
fn went_bad(incident: &Incident) -> Option<String> {
    // The current plan's deploy is still to come; only deploys that have ended count.
    let mut ended = incident.steps().filter(|step| match step.state {
        StepState::WentBad { .. } => true,
        StepState::Done { .. } => step.name == StepName::Deploy,
        _ => false,
    });
    let bad = ended.next_back()?;
    matches!(bad.state, StepState::WentBad { .. }).then(|| incident.detail::<Release>())?.map(|release| release.commit)
}

/// The tracked files that differ from the work tree's commit, in short; `None` if none does.
pub async fn uncommitted(work_tree: &Path) -> Result<Option<String>, StepError> {
    let changed = Git::at(work_tree).run(["status", "--porcelain", "--untracked-files=no"]).await?;
    let files: Vec<_> = changed.lines().filter_map(|line| line.get(3..)).collect();
    let more = if files.len() > 3 { format!(" and {} more", files.len() - 3) } else { String::new() };
    Ok((!files.is_empty()).then(|| format!("{}{more}", files[..files.len().min(3)].join(", "))))
}

fn evidence(fix: &Fix) -> Evidence {
    let summary = format!(
        "{} in {}, {} files changed, +{} -{} lines",
        short(&fix.commit),
        count(fix.commits.len(), "commit"),
        fix.files,
        fix.added,
        fix.removed
    );
    Evidence::with(summary.replace("1 files", "1 file"), fix)
}
