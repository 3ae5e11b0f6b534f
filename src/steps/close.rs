//! Writes what an incident leaves in the repository into one commit on production's branch: the ticket with its
//! resolution, the changelog's entry, the issue for the full fix, the draft of the post-mortem.

use std::sync::Arc;

use async_trait::async_trait;

use super::document::{self, Piece};
use super::{Tools, follow_up, post_mortem, short};
use crate::domain::evidence::Evidence;
use crate::domain::fix::{Branch, Merge};
use crate::domain::incident::Incident;
use crate::domain::production::Release;
use crate::domain::resolution::Close;
use crate::domain::step_name::StepName;
use crate::report::document::{Document, resolved};
use crate::workflow::step::{Action, Moment, Outcome, Step, StepError, Undo};

pub struct CloseIssue(pub Arc<Tools>);

#[async_trait]
impl Step for CloseIssue {
    fn name(&self) -> StepName {
        StepName::Close
    }

    async fn actions(&self, at: &Moment<'_>) -> Result<Vec<Action>, StepError> {
        let ticket = self.ticket(at.incident).await?.map(|path| format!("the resolution in `{path}`"));
        let changelog = self.changelog(at.incident, Ahead::Yes).map(|path| format!("an entry in `{path}`"));
        let follow_up = self.follow_up(at.incident)?.map(|path| format!("`{path}`"));
        let draft = post_mortem::path(&self.0, at.incident)?.map(|path| format!("a draft, `{path}`"));
        let written = [ticket, changelog, follow_up, draft].into_iter().flatten();
        Ok(written.map(|what| Action::new("commit", what)).collect())
    }

    async fn run(&self, at: &Moment<'_>) -> Result<Outcome, StepError> {
        self.0.fetch().await?;
        let tip = self.0.project.remote_branch(&self.0.config.git.production).await?;
        let pieces = self.pieces(at, &tip).await?;
        let message = format!("docs: close {}\n", at.incident.id);
        let commit = document::publish(&self.0, &message, &pieces).await?;
        Ok(Outcome::Done(self.evidence(at.incident, commit).await?))
    }

    async fn verify(&self, at: &Moment<'_>) -> Result<Option<Evidence>, StepError> {
        self.0.fetch().await?;
        let tip = self.0.project.remote_branch(&self.0.config.git.production).await?;
        let pieces = self.pieces(at, &tip).await?;
        if !document::changed(&self.0, &tip, &pieces).await?.is_empty() {
            return Ok(None);
        }
        Ok(Some(self.evidence(at.incident, tip).await?))
    }

    async fn undo(&self, _: &Moment<'_>) -> Result<Undo, StepError> {
        Ok(Undo::Nothing("the ticket keeps its resolution".to_owned()))
    }
}

/// Whether what the steps before this one will have done counts.
#[derive(PartialEq)]
enum Ahead {
    Yes,
    No,
}

impl CloseIssue {
    /// What production's branch, at `tip`, has to get. Where all of it is there already, none changes anything.
    async fn pieces(&self, at: &Moment<'_>, tip: &str) -> Result<Vec<Piece>, StepError> {
        let (tools, incident) = (&self.0, at.incident);
        let mut pieces = Vec::new();
        if let Some(path) = self.ticket(incident).await? {
            let there = tools.project.file(tip, &path).await?.unwrap_or_default();
            // Each resolution names another head of the journal, so one that is there must not be written again.
            if !document::is_resolved(tools, incident, &String::from_utf8_lossy(&there)).await? {
                let ticket = document::write(tools, incident, Document::Ticket).await?;
                let resolution = document::write(tools, incident, Document::Resolution).await?;
                pieces.push(Piece::new(path, move |existing| {
                    let text =
                        existing.map_or_else(|| ticket.clone(), |text| String::from_utf8_lossy(&text).into_owned());
                    Some(resolved(&text, &resolution).into_bytes())
                }));
            }
        }
        if let (Some(path), Some(release)) = (self.changelog(incident, Ahead::No), incident.detail::<Release>()) {
            pieces.push(document::entry(path, incident, &release.tag, at.now()));
        }
        let more = [
            (self.follow_up(incident)?, Document::FollowUp),
            (post_mortem::path(tools, incident)?, Document::PostMortem),
        ];
        for (path, document) in more {
            // A template that is wrong fails in the document's own step, and does not keep the ticket open.
            if let (Some(path), Ok(text)) = (path, document::write(tools, incident, document).await) {
                pieces.push(Piece::added(path, text));
            }
        }
        Ok(pieces)
    }

    async fn ticket(&self, incident: &Incident) -> Result<Option<String>, StepError> {
        if let Some(branch) = incident.detail::<Branch>() {
            return Ok(branch.ticket);
        }
        self.0.fetch().await?;
        let tip = self.0.project.remote_branch(&self.0.config.git.production).await?;
        document::ticket_path(&self.0, incident, &tip).await
    }

    /// The changelog, if production's branch got a release, or will.
    fn changelog(&self, incident: &Incident, ahead: Ahead) -> Option<&str> {
        let path = &self.0.config.release.changelog;
        let is_merged = incident.detail::<Merge>().is_some();
        let will_be = ahead == Ahead::Yes && self.0.config.merge.production && plans(incident, StepName::Merge);
        (!path.is_empty() && (is_merged || will_be)).then_some(path)
    }

    fn follow_up(&self, incident: &Incident) -> Result<Option<String>, StepError> {
        if plans(incident, StepName::FollowUp) { follow_up::path(&self.0, incident) } else { Ok(None) }
    }

    async fn evidence(&self, incident: &Incident, commit: String) -> Result<Evidence, StepError> {
        let ticket = self.ticket(incident).await?;
        let entry = self.changelog(incident, Ahead::No);
        let summary = match (&ticket, entry) {
            (Some(path), Some(log)) => format!("`{path}` has its resolution, `{log}` its entry ({})", short(&commit)),
            (Some(path), None) => format!("`{path}` has its resolution ({})", short(&commit)),
            (None, Some(log)) => format!("`{log}` has its entry ({})", short(&commit)),
            (None, None) => "no ticket to close".to_owned(),
        };
        let commit = (ticket.is_some() || entry.is_some()).then_some(commit);
        Ok(Evidence::with(summary, &Close { ticket, commit }))
    }
}

fn plans(incident: &Incident, name: StepName) -> bool {
    incident.plan().is_some_and(|plan| plan.steps.iter().any(|step| step.name == name))
}
