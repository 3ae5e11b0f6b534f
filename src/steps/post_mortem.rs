//! Drafts the post-mortem from the journal, on production's branch: the step `close` commits it with the other
//! documents, and this one adds what came out after that.

use std::sync::Arc;

use async_trait::async_trait;

use super::Tools;
use super::document::{self, Piece};
use crate::domain::check::FullSuite;
use crate::domain::evidence::Evidence;
use crate::domain::incident::Incident;
use crate::domain::resolution::{Close, PostMortem};
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
        let path = path(&self.0, at.incident)?;
        Ok(path
            .map(|path| Action::new("complete", format!("`{path}`, if the full test suite fails")))
            .into_iter()
            .collect())
    }

    async fn run(&self, at: &Moment<'_>) -> Result<Outcome, StepError> {
        let Some(path) = path(&self.0, at.incident)? else {
            return Ok(Outcome::Skipped("the profile wants none".to_owned()));
        };
        let text = document::write(&self.0, at.incident, Document::PostMortem).await?.into_bytes();
        let outdated = self.outdated(at.incident, &path).await?;
        let message = format!("docs: draft the post-mortem of {}\n", at.incident.id);
        let draft = Piece::new(&path, move |existing| {
            let is_wanted = existing.is_none() || existing == outdated && existing.as_ref() != Some(&text);
            is_wanted.then(|| text.clone())
        });
        let commit = document::publish(&self.0, &message, &[draft]).await?;
        Ok(Outcome::Done(self.evidence(at.incident, path, commit)))
    }

    async fn verify(&self, at: &Moment<'_>) -> Result<Option<Evidence>, StepError> {
        let Some(path) = path(&self.0, at.incident)? else { return Ok(None) };
        let Some((text, commit)) = document::published(&self.0, &path).await? else { return Ok(None) };
        if self.outdated(at.incident, &path).await? == Some(text) {
            return Ok(None);
        }
        Ok(Some(self.evidence(at.incident, path, commit)))
    }

    async fn undo(&self, _: &Moment<'_>) -> Result<Undo, StepError> {
        Ok(Undo::Nothing("there is still something to learn".to_owned()))
    }
}

impl DraftPostMortem {
    /// The draft as the step `close` left it, if the full test suite failed after that: what a person has edited
    /// meanwhile is another text, and stays.
    async fn outdated(&self, incident: &Incident, path: &str) -> Result<Option<Vec<u8>>, StepError> {
        let failed = incident.detail::<FullSuite>().is_some_and(|suite| !suite.result.passed);
        match incident.detail::<Close>().and_then(|close| close.commit).filter(|_| failed) {
            Some(commit) => Ok(self.0.project.file(&commit, path).await?),
            None => Ok(None),
        }
    }

    fn evidence(&self, incident: &Incident, path: String, commit: String) -> Evidence {
        let due = self.0.config.allowance(incident.severity).post_mortem_due(incident);
        let summary = format!("draft in `{path}`, due {}", due.strftime("%Y-%m-%d %H:%M UTC"));
        Evidence::with(summary, &PostMortem { path, commit: Some(commit), due })
    }
}

/// The path of the draft; `None` if the profile wants none.
pub fn path(tools: &Tools, incident: &Incident) -> Result<Option<String>, StepError> {
    let pattern = &tools.config.post_mortem.path;
    if pattern.is_empty() { Ok(None) } else { tools.fill(pattern, incident).map(Some) }
}
