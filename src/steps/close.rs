//! Writes the resolution into the incident's ticket, on production's branch.

use std::sync::Arc;

use async_trait::async_trait;

use super::{Tools, document, short};
use crate::domain::evidence::Evidence;
use crate::domain::fix::Branch;
use crate::domain::incident::Incident;
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
        Ok(match self.path(at.incident).await? {
            Some(path) => vec![Action::new("commit", format!("the resolution in `{path}`"))],
            None => Vec::new(),
        })
    }

    async fn run(&self, at: &Moment<'_>) -> Result<Outcome, StepError> {
        let Some(path) = self.path(at.incident).await? else {
            return Ok(Outcome::Done(Evidence::with("no ticket to close", &Close { ticket: None, commit: None })));
        };
        let message = format!("docs: close {}\n", at.incident.id);
        let ticket = document::write(&self.0, at.incident, Document::Ticket).await?;
        let resolution = document::write(&self.0, at.incident, Document::Resolution).await?;
        if let Some(evidence) = self.verify(at).await? {
            return Ok(Outcome::Done(evidence));
        }
        let resolve = |existing: Option<Vec<u8>>| {
            let text = existing.map_or_else(|| ticket.clone(), |text| String::from_utf8_lossy(&text).into_owned());
            Some(resolved(&text, &resolution).into_bytes())
        };
        let commit = document::publish(&self.0, &message, resolve, &path).await?;
        Ok(Outcome::Done(evidence(path, commit)))
    }

    async fn verify(&self, at: &Moment<'_>) -> Result<Option<Evidence>, StepError> {
        let Some(path) = self.path(at.incident).await? else { return Ok(None) };
        let Some((text, commit)) = document::published(&self.0, &path).await? else { return Ok(None) };
        let closed = document::is_resolved(&self.0, at.incident, &String::from_utf8_lossy(&text)).await?;
        Ok(closed.then(|| evidence(path, commit)))
    }

    async fn undo(&self, _: &Moment<'_>) -> Result<Undo, StepError> {
        Ok(Undo::Nothing("the ticket keeps its resolution".to_owned()))
    }
}

impl CloseIssue {
    async fn path(&self, incident: &Incident) -> Result<Option<String>, StepError> {
        if let Some(branch) = incident.detail::<Branch>() {
            return Ok(branch.ticket);
        }
        self.0.fetch().await?;
        let tip = self.0.project.remote_branch(&self.0.config.git.production).await?;
        document::ticket_path(&self.0, incident, &tip).await
    }
}

fn evidence(path: String, commit: String) -> Evidence {
    let summary = format!("`{path}` has its resolution ({})", short(&commit));
    Evidence::with(summary, &Close { ticket: Some(path), commit: Some(commit) })
}
