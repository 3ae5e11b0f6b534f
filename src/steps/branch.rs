//! Makes the branch, and its own work tree beside the repository.

use std::sync::Arc;

use async_trait::async_trait;

use super::{Tools, document, short, work_tree};
use crate::config::{BranchFrom, Opened};
use crate::domain::evidence::Evidence;
use crate::domain::fix::Branch;
use crate::domain::incident::Incident;
use crate::domain::next::Next;
use crate::domain::step_name::StepName;
use crate::domain::version;
use crate::git::project::{ProjectError, RefChange};
use crate::report::document::Document;
use crate::workflow::step::{Action, Moment, Outcome, Step, StepError, Undo};

pub struct MakeBranch(pub Arc<Tools>);

/// Marks the first commit of an incident's branch, so that it can be recognised.
const TRAILER: &str = "Hotfix-Incident";

#[async_trait]
impl Step for MakeBranch {
    fn name(&self) -> StepName {
        StepName::Branch
    }

    async fn actions(&self, at: &Moment<'_>) -> Result<Vec<Action>, StepError> {
        let name = self.0.fill(&self.0.config.branch.name, at.incident)?;
        let base = self.base().await?;
        let remote = &self.0.project.remote;
        Ok(vec![
            Action::new("create branch", format!("`{name}` at {}", short(&base))),
            Action::new("create work tree", self.0.work_tree(at.incident)?.display().to_string()),
            Action::new("push", format!("`{name}` to `{remote}`")),
        ])
    }

    async fn run(&self, at: &Moment<'_>) -> Result<Outcome, StepError> {
        self.0.fetch().await?;
        if let Some(branch) = self.existing(at.incident).await? {
            return Ok(Outcome::Done(evidence(&self.complete(at.incident, branch).await?)));
        }
        let branch = self.create(at.incident).await?;
        Ok(Outcome::Done(evidence(&self.complete(at.incident, branch).await?)))
    }

    async fn verify(&self, at: &Moment<'_>) -> Result<Option<Evidence>, StepError> {
        let Some(branch) = self.existing(at.incident).await? else { return Ok(None) };
        let pushed = self.0.project.remote_branch(&branch.name).await.is_ok();
        if !pushed {
            return Ok(None);
        }
        // Git may have been killed while it made it.
        Ok(Some(evidence(&work_tree::here(&self.0, at.incident, branch).await?)))
    }

    async fn undo(&self, at: &Moment<'_>) -> Result<Undo, StepError> {
        let Some(branch) = self.existing(at.incident).await? else {
            return Ok(Undo::Nothing("there is no branch".to_owned()));
        };
        let tip = self.tip(&branch.name).await?;
        if tip.is_some_and(|tip| tip != branch.start) {
            return Ok(Undo::Nothing(format!("`{}` has work in it and is kept", branch.name)));
        }
        let removed = super::clean_up::remove(&self.0, &branch, &branch.start).await?;
        Ok(Undo::Done(removed.join("; ")))
    }
}

impl MakeBranch {
    /// The commit that production runs, as far as the repository knows.
    async fn base(&self) -> Result<String, StepError> {
        let (project, config) = (&self.0.project, &self.0.config);
        match config.branch.from {
            BranchFrom::Branch => Ok(project.remote_branch(&config.git.production).await?),
            BranchFrom::Running => {
                let running = self.0.deployer()?.current().await?.unwrap_or_default();
                let commit = project.commit(&format!("refs/tags/{running}")).await?;
                commit.ok_or_else(|| {
                    let hint = Next::by_hand("tag the commit that runs in production").then(Next::Resume);
                    let hint = hint.or(Next::configure("branch.from = \"branch\"").then(Next::Resume));
                    StepError::failed(format!("production runs `{running}`, which is no tag"), hint)
                })
            }
            BranchFrom::Tag => {
                let tags = project.git.run(["tag", "--list"]).await?;
                let fitting = tags.lines().filter(|tag| config.branch.tag.matches(tag));
                let tag = fitting.max_by_key(|tag| version::of_tag(tag)).ok_or_else(|| {
                    let hint = Next::by_hand("tag the commit that runs in production").then(Next::Resume);
                    let hint = hint.or(Next::configure("branch.from = \"branch\"").then(Next::Resume));
                    StepError::failed(format!("no tag fits `{}`", config.branch.tag.text), hint)
                })?;
                let commit = project.commit(&format!("refs/tags/{tag}")).await?;
                commit.ok_or_else(|| {
                    StepError::failed(
                        format!("tag `{tag}` is not a commit"),
                        Next::by_hand("tag a commit").then(Next::Resume),
                    )
                })
            }
        }
    }

    async fn tip(&self, name: &str) -> Result<Option<String>, StepError> {
        Ok(self.0.project.commit(&format!("refs/heads/{name}")).await?)
    }

    /// The incident's branch, as the journal or the repository has it.
    async fn existing(&self, incident: &Incident) -> Result<Option<Branch>, StepError> {
        if let Some(branch) = incident.detail::<Branch>() {
            if self.tip(&branch.name).await?.is_none() && self.0.project.remote_branch(&branch.name).await.is_err() {
                return Ok(None);
            }
            work_tree::bring(&self.0, incident, &branch).await?;
            return Ok(Some(branch));
        }
        let name = self.0.fill(&self.0.config.branch.name, incident)?;
        let local = self.tip(&name).await?;
        // Another clone may have pushed it and died before it said so.
        let remote = self.0.project.remote_branch(&name).await.ok();
        let Some(tip) = local.clone().or(remote.clone()) else { return Ok(None) };
        let format = format!("--format=%H%x00%P%x00%(trailers:key={TRAILER},valueonly,separator=%x2C)");
        let log = self.0.project.git.run(["log", "-n", "50", "--first-parent", &format, &tip]).await?;
        let mut start = log.lines().find_map(|line| {
            let fields: Vec<_> = line.split('\0').collect();
            (fields.get(2) == Some(&incident.key.as_str())).then(|| (fields[0].to_owned(), fields[1].to_owned()))
        });
        // By its name it is this incident's, and nobody's work is in it. One that is only here may be a person's.
        let is_ours = name.contains(&incident.id) && (remote.is_some() || self.is_made(&name, incident).await?);
        if start.is_none() && is_ours && self.is_empty(&tip).await? {
            start = Some((tip.clone(), tip.clone()));
        }
        let Some((start, base)) = start else {
            return Err(StepError::failed(
                format!("branch `{name}` already exists and is not this incident's"),
                Next::by_hand(format!("rename or delete it (`git branch -m {name} OTHER`)")).then(Next::Resume),
            ));
        };
        if local.is_none() {
            let made = ["update-ref", &format!("refs/heads/{name}"), &tip, &"0".repeat(tip.len())];
            self.0.project.git.run(made).await?;
        }
        let work_tree = self.0.work_tree(incident)?.display().to_string();
        let ticket = document::ticket_path(&self.0, incident, &base).await?;
        Ok(Some(Branch { name, base, start, work_tree, ticket }))
    }

    /// Whether hotfix made the branch in this clone, for this incident.
    async fn is_made(&self, name: &str, incident: &Incident) -> Result<bool, StepError> {
        let log = ["log", "--walk-reflogs", "--format=%gs", &format!("refs/heads/{name}"), "--"];
        let made = mark(incident);
        Ok(self.0.project.git.run(log).await.unwrap_or_default().lines().any(|line| line == made))
    }

    /// Whether all of a commit was in production's branch, or in what the branch starts from.
    async fn is_empty(&self, tip: &str) -> Result<bool, StepError> {
        let (project, production) = (&self.0.project, &self.0.config.git.production);
        let main = project.remote_branch(production).await?;
        Ok(project.is_ancestor(tip, &main).await? || tip == self.base().await?)
    }

    /// Makes the branch, with a first commit where the ticket is wanted at once, or where the branch's name does not
    /// tell whose it is.
    async fn create(&self, incident: &Incident) -> Result<Branch, StepError> {
        let project = &self.0.project;
        let name = self.0.fill(&self.0.config.branch.name, incident)?;
        project.git.run(["check-ref-format", "--branch", &name]).await.map_err(|_| {
            StepError::failed(
                format!("`{name}` is not a name for a branch"),
                Next::configure("branch.name").then(Next::Resume),
            )
        })?;
        let base = self.base().await?;
        let ticket = document::ticket_path(&self.0, incident, &base).await?;
        let is_named = name.contains(&incident.id);
        let mut files = Vec::new();
        if let Some(path) = &ticket
            && (self.0.config.ticket.opened == Opened::Start || !is_named)
            && project.file(&base, path).await?.is_none()
        {
            files.push((path.clone(), document::write(&self.0, incident, Document::Ticket).await?.into_bytes()));
        }
        let start = match files.is_empty() && is_named {
            true => base.clone(),
            false => self.first_commit(incident, &base, &files).await?,
        };
        // Made only if missing: nobody's branch is moved.
        let (refname, none, mark) = (format!("refs/heads/{name}"), "0".repeat(start.len()), mark(incident));
        project.git.run(["update-ref", "--create-reflog", "-m", &mark, &refname, &start, &none]).await?;
        let work_tree = self.0.work_tree(incident)?.display().to_string();
        Ok(Branch { name, base, start, work_tree, ticket })
    }

    async fn first_commit(
        &self,
        incident: &Incident,
        base: &str,
        files: &[(String, Vec<u8>)],
    ) -> Result<String, StepError> {
        let title = crate::domain::name::line(&incident.title(), 100);
        let message = format!("docs: open {}, {title}\n\n{TRAILER}: {}\n", incident.id, incident.key);
        Ok(self.0.project.commit_files(&[base], files, &message).await?)
    }

    /// Makes the work tree and the remote branch if they are missing.
    async fn complete(&self, incident: &Incident, branch: Branch) -> Result<Branch, StepError> {
        let project = &self.0.project;
        let branch = work_tree::here(&self.0, incident, branch).await?;
        let refname = format!("refs/heads/{}", branch.name);
        match project.push(&[RefChange::create(&refname, &branch.start)]).await {
            // It already exists, maybe with more commits.
            Err(ProjectError::Stale { .. }) => self.0.fetch().await?,
            ended => ended?,
        }
        Ok(branch)
    }
}

/// What the reflog says of a branch that hotfix made.
fn mark(incident: &Incident) -> String {
    format!("hotfix: for {}", incident.key)
}

fn evidence(branch: &Branch) -> Evidence {
    let summary = format!("`{}` from {}, work tree {}", branch.name, short(&branch.base), branch.work_tree);
    Evidence::with(summary, branch)
}
