//! Drafts the post-mortem from the journal, on production's branch.

use std::sync::Arc;

use async_trait::async_trait;

use super::{Tools, document};
use crate::domain::evidence::Evidence;
use crate::domain::incident::Incident;
use crate::domain::resolution::PostMortem;
use crate::domain::step_name::StepName;
use crate::report::document::Document;
use crate::workflow::step::{Action, Moment, Outcome, Step, StepError, Undo};

pub struct DraftPostMortem(pub Arc<Tools>);

#[async_trait]
impl Step for DraftPostMortem {
    fn name(&self) -> StepName {
        StepName::PostMortem
    }

    async fn actions(&self, at: &Moment<'_>) -> Result<Vec<Action>, StepError> {
        let path = self.path(at.incident)?;
        Ok(path.map(|path| Action::new("commit", format!("a draft, `{path}`"))).into_iter().collect())
    }

    async fn run(&self, at: &Moment<'_>) -> Result<Outcome, StepError> {
        let Some(path) = self.path(at.incident)? else {
            return Ok(Outcome::Skipped("the profile wants none".to_owned()));
        };
        let due = self.0.config.allowance(at.incident.severity).post_mortem_due(at.incident);
        let text = document::write(&self.0, at.incident, Document::PostMortem).await?.into_bytes();
        let message = format!("docs: draft the post-mortem of {}\n", at.incident.id);
        let commit =
            document::publish(&self.0, &message, |existing| existing.is_none().then(|| text.clone()), &path).await?;
        Ok(Outcome::Done(evidence(PostMortem { path, commit: Some(commit), due })))
    }

    async fn verify(&self, at: &Moment<'_>) -> Result<Option<Evidence>, StepError> {
        let Some(path) = self.path(at.incident)? else { return Ok(None) };
        let Some((_, commit)) = document::published(&self.0, &path).await? else { return Ok(None) };
        let due = self.0.config.allowance(at.incident.severity).post_mortem_due(at.incident);
        Ok(Some(evidence(PostMortem { path, commit: Some(commit), due })))
    }

    async fn undo(&self, _: &Moment<'_>) -> Result<Undo, StepError> {
        Ok(Undo::Nothing("there is still something to learn".to_owned()))
    }
}

impl DraftPostMortem {
    fn path(&self, incident: &Incident) -> Result<Option<String>, StepError> {
        let pattern = &self.0.config.post_mortem.path;
        if pattern.is_empty() { Ok(None) } else { self.0.fill(pattern, incident).map(Some) }
    }
}

fn evidence(post_mortem: PostMortem) -> Evidence {
    let due = post_mortem.due.strftime("%Y-%m-%d %H:%M UTC");
    Evidence::with(format!("draft in `{}`, due {due}", post_mortem.path), &post_mortem)
}
