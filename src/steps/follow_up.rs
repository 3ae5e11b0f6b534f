//! Schedules the full fix after a workaround (strategy C): the issue for it comes with the commit of the step `close`.

use std::sync::Arc;

use async_trait::async_trait;

use super::Tools;
use super::document::{self, Piece};
use crate::domain::evidence::Evidence;
use crate::domain::incident::Incident;
use crate::domain::step_name::StepName;
use crate::report::document::Document;
use crate::workflow::step::{Action, Moment, Outcome, Step, StepError, Undo};

pub struct FollowUp(pub Arc<Tools>);

#[async_trait]
impl Step for FollowUp {
    fn name(&self) -> StepName {
        StepName::FollowUp
    }

    async fn actions(&self, at: &Moment<'_>) -> Result<Vec<Action>, StepError> {
        Ok(path(&self.0, at.incident)?.map(|path| Action::new("commit", format!("`{path}`"))).into_iter().collect())
    }

    async fn run(&self, at: &Moment<'_>) -> Result<Outcome, StepError> {
        let Some(path) = path(&self.0, at.incident)? else {
            return Ok(Outcome::Skipped("the profile keeps no tickets in the repository".to_owned()));
        };
        let text = document::write(&self.0, at.incident, Document::FollowUp).await?;
        let message = format!("docs: the full fix of {} will follow\n", at.incident.id);
        document::publish(&self.0, &message, &[Piece::added(&path, text)]).await?;
        Ok(Outcome::Done(evidence(&path)))
    }

    async fn verify(&self, at: &Moment<'_>) -> Result<Option<Evidence>, StepError> {
        let Some(path) = path(&self.0, at.incident)? else { return Ok(None) };
        Ok(document::published(&self.0, &path).await?.map(|_| evidence(&path)))
    }

    async fn undo(&self, _: &Moment<'_>) -> Result<Undo, StepError> {
        Ok(Undo::Nothing("the issue stays open".to_owned()))
    }
}

/// The path of the issue, beside the incident's own ticket; `None` if the profile keeps none.
pub fn path(tools: &Tools, incident: &Incident) -> Result<Option<String>, StepError> {
    let pattern = &tools.config.ticket.path;
    if pattern.is_empty() {
        return Ok(None);
    }
    let path = tools.fill(pattern, incident)?;
    Ok(Some(match path.rsplit_once('.') {
        Some((stem, ending)) => format!("{stem}-follow-up.{ending}"),
        None => format!("{path}-follow-up"),
    }))
}

fn evidence(path: &str) -> Evidence {
    Evidence::new(format!("`{path}`"))
}
