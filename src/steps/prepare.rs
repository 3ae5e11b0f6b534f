//! Finds the way back before anything changes: what runs now, written down first. Before a rollback
//! it is what the rollback leaves, so that one that was broken off is known again.

use std::sync::Arc;

use async_trait::async_trait;

use super::deploy::change;
use super::{Tools, short};
use crate::deploy::{DeployError, Preparation};
use crate::domain::evidence::Evidence;
use crate::domain::incident::Incident;
use crate::domain::step::{Release, WayBack};
use crate::domain::strategy::Strategy;
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

    async fn run(&self, at: &Moment<'_>) -> Result<Outcome, StepError> {
        let environment = self.0.config.deploy.environment.clone();
        let current = self.0.deployer()?.current().await?.unwrap_or_default();
        // A rollback leaves what runs, however it is.
        let deploys = at.incident.plan().is_none_or(|plan| plan.strategy != Some(Strategy::A));
        if deploys && let Some(held) = self.unknown_way_back(at.incident, &current).await? {
            return Ok(held);
        }
        let release = at.incident.detail::<Release>().filter(|_| deploys && !current.is_empty());
        let (tag, target) = release.map(|release| (release.tag, release.commit)).unwrap_or_default();
        let change = change(&self.0, at.incident, &tag, &target, &current);
        let found = match self.0.deployer()?.prepare(&change).await {
            Ok(found) => found,
            Err(DeployError::Refused(reason)) => {
                let hint = "put that right, then `hotfix resume`".to_owned();
                return Ok(Outcome::Held { reason, hint });
            }
            Err(error) => return Err(error.into()),
        };
        let commit = self.0.project.commit(&format!("refs/tags/{current}")).await?.unwrap_or_default();
        let summary = summary(&environment, &current, &commit, &found);
        let way_back = WayBack { environment, release: current, commit, state: found.state };
        Ok(Outcome::Done(Evidence::with(summary, &way_back)))
    }

    async fn verify(&self, _: &Moment<'_>) -> Result<Option<Evidence>, StepError> {
        Ok(None)
    }

    async fn undo(&self, _: &Moment<'_>) -> Result<Undo, StepError> {
        Ok(Undo::Nothing("it only looked".to_owned()))
    }
}

impl PrepareWayBack {
    /// Why a deploy has to wait for a person, where what runs now is no place to come back to: a
    /// release of hotfix's own that nobody found good.
    async fn unknown_way_back(&self, incident: &Incident, current: &str) -> Result<Option<Outcome>, StepError> {
        if incident.is_waived("way-back") {
            return Ok(None);
        }
        let config = &self.0.config.deploy;
        let releases = self.0.store.releases(&config.environment, 100).await?;
        let mut known = releases.iter().filter(|release| release.release == current);
        let reason = match known.next().map(|release| release.verdict.as_deref()) {
            Some(Some("VERIFIED")) => return Ok(None),
            Some(Some(verdict)) => format!("`{current}` is what runs, and was found {verdict}"),
            Some(None) => format!("`{current}` is what runs, and nobody watched it to an end"),
            None if config.verified_only => format!("`{current}` is what runs, and was never verified"),
            // It was there before hotfix was, and is what people know.
            None => return Ok(None),
        };
        let hint = "`hotfix rollback`, or `hotfix waive way-back --reason ...`".to_owned();
        Ok(Some(Outcome::Held { reason: format!("there is no way back: {reason}"), hint }))
    }
}

/// What was found, the way back first.
fn summary(environment: &str, current: &str, commit: &str, found: &Preparation) -> String {
    if current.is_empty() {
        return format!("nothing runs in {environment}, so there is nothing to go back to");
    }
    let known = if commit.is_empty() { String::new() } else { format!(" ({})", short(commit)) };
    let mut parts = vec![format!("way back: `{current}`{known}")];
    parts.extend(found.seconds.map(|seconds| format!("about {seconds} s")));
    parts.extend(found.running.iter().cloned());
    parts.extend(found.warnings.iter().map(|warning| format!("warning: {warning}")));
    if !found.not_put_back.is_empty() {
        parts.push(format!("a rollback does not put back {}", found.not_put_back.join(", ")));
    }
    parts.join("; ")
}
