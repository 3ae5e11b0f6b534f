//! What a step has to know before it acts outside of this clone: that nobody else works on the incident, and that it is
//! not under embargo.

use std::sync::Arc;

use async_trait::async_trait;

use super::Tools;
use super::publish::is_under_embargo;
use crate::domain::evidence::Evidence;
use crate::domain::next::Next;
use crate::domain::step_name::StepName;
use crate::workflow::step::{Action, BE_HELD, Moment, Outcome, Step, StepError, Undo};

/// A step that other clones and the remote's readers have to do with.
struct Outward {
    tools: Arc<Tools>,
    step: Box<dyn Step>,
}

/// Returns the step with these holds on it.
pub fn outward(tools: &Arc<Tools>, step: Box<dyn Step>) -> Box<dyn Step> {
    Box::new(Outward { tools: Arc::clone(tools), step })
}

/// Whether the step does what can't be taken back: the remote is asked first who works on the incident.
fn is_final(step: StepName) -> bool {
    use StepName::*;
    matches!(step, Release | Deploy | RollBack | Merge | Backport | FollowUp | Close | PostMortem)
}

/// Whether the step pushes something of the incident to the remote.
fn pushes(step: StepName) -> bool {
    use StepName::*;
    matches!(step, Branch | Fix | Release | Image | Deploy | Merge | Backport | FollowUp | Close | CleanUp | PostMortem)
}

impl Outward {
    fn embargo(&self, at: &Moment<'_>) -> Option<String> {
        let remote = &self.tools.project.remote;
        let is_held = is_under_embargo(at.incident) && pushes(self.step.name());
        is_held.then(|| format!("the incident is under embargo, and this would push it to `{remote}`"))
    }
}

#[async_trait]
impl Step for Outward {
    fn name(&self) -> StepName {
        self.step.name()
    }

    async fn actions(&self, at: &Moment<'_>) -> Result<Vec<Action>, StepError> {
        match self.embargo(at) {
            Some(reason) => Ok(vec![Action::new(BE_HELD, reason)]),
            None => self.step.actions(at).await,
        }
    }

    async fn run(&self, at: &Moment<'_>) -> Result<Outcome, StepError> {
        if let Some(reason) = self.embargo(at) {
            let hint = Next::by_hand("fix and deploy it outside of this repository's remote").then(Next::Abort);
            return Ok(Outcome::Held { reason, hint });
        }
        if is_final(self.name())
            && let Some(tip) = self.tools.ask_who_works_on(at.incident).await
        {
            // The event for this is refused likewise, which ends the run.
            let reason = format!("`{}` is worked on in another clone ({})", at.incident.id, tip.who);
            return Err(StepError::failed(reason, Next::Status));
        }
        self.step.run(at).await
    }

    async fn verify(&self, at: &Moment<'_>) -> Result<Option<Evidence>, StepError> {
        match self.embargo(at) {
            Some(_) => Ok(None),
            None => self.step.verify(at).await,
        }
    }

    async fn undo(&self, at: &Moment<'_>) -> Result<Undo, StepError> {
        self.step.undo(at).await
    }
}
