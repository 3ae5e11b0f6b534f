//! Finds the way back before anything changes: what runs now, written down first. Before a rollback
//! it is what the rollback leaves, so that one that was broken off is known again.

use std::sync::Arc;

use async_trait::async_trait;

use super::{Tools, short};
use crate::domain::evidence::Evidence;
use crate::domain::step::WayBack;
use crate::workflow::step::{Action, Moment, Outcome, Step, StepError, Undo};

pub struct PrepareWayBack(pub Arc<Tools>);

#[async_trait]
impl Step for PrepareWayBack {
    fn name(&self) -> &'static str {
        "prepare"
    }

    async fn actions(&self, _: &Moment<'_>) -> Result<Vec<Action>, StepError> {
        Ok(vec![Action::new("write down", format!("what runs in {}", self.0.config.deploy.environment))])
    }

    async fn run(&self, _: &Moment<'_>) -> Result<Outcome, StepError> {
        let environment = self.0.config.deploy.environment.clone();
        let release = self.0.deployer()?.current().await?.unwrap_or_default();
        if release.is_empty() {
            let summary = format!("nothing runs in {environment}, so there is nothing to go back to");
            return Ok(Outcome::Done(Evidence::with(
                summary,
                &WayBack { environment, release, commit: String::new() },
            )));
        }
        let commit = self.0.project.commit(&format!("refs/tags/{release}")).await?.unwrap_or_default();
        let known = if commit.is_empty() { String::new() } else { format!(" ({})", short(&commit)) };
        let summary = format!("way back: `{release}`{known}");
        Ok(Outcome::Done(Evidence::with(summary, &WayBack { environment, release, commit })))
    }

    async fn verify(&self, _: &Moment<'_>) -> Result<Option<Evidence>, StepError> {
        Ok(None)
    }

    async fn undo(&self, _: &Moment<'_>) -> Result<Undo, StepError> {
        Ok(Undo::Nothing("it only looked".to_owned()))
    }
}
