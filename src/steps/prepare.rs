//! Finds the way back before anything changes: what runs now, written down first. Before a rollback
//! it is what the rollback leaves, so that one that was broken off is known again.

use std::sync::Arc;

use async_trait::async_trait;

use super::deploy::change;
use super::{Tools, short};
use crate::deploy::{DeployError, Preparation};
use crate::domain::evidence::{Detail, Evidence};
use crate::domain::incident::{Incident, StepState};
use crate::domain::step::{Deploy, Release, WayBack};
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
        if deploys && let Some(held) = self.no_way_back(at.incident, &current).await? {
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
    /// Why a deploy has to wait for a person: what runs now is no place to come back to. What ran
    /// before the incident is one, for it is what people know, be it as broken as it is.
    async fn no_way_back(&self, incident: &Incident, current: &str) -> Result<Option<Outcome>, StepError> {
        let config = &self.0.config.deploy;
        if incident.is_waived("way-back") || !config.verified_only && !is_own(incident, current) {
            return Ok(None);
        }
        let releases = self.0.store.releases(&config.environment, 100).await?;
        let newest = releases.iter().find(|release| release.release == current);
        let found = match newest.and_then(|release| release.verdict.as_deref()) {
            Some("VERIFIED") => return Ok(None),
            Some(verdict) => format!("was found {verdict}"),
            None => "was never verified".to_owned(),
        };
        let running = if current.is_empty() { "nothing" } else { current };
        let hint = "`hotfix rollback`, or `hotfix waive way-back --reason ...`".to_owned();
        let reason = format!("there is no way back: production runs `{running}`, which {found}");
        Ok(Some(Outcome::Held { reason, hint }))
    }
}

/// Whether this incident itself put `release` into production.
fn is_own(incident: &Incident, release: &str) -> bool {
    incident.steps().filter(|step| step.name == Deploy::STEP).any(|step| match &step.state {
        StepState::Done { evidence } | StepState::WentBad { evidence } => evidence.detail["release"] == release,
        _ => false,
    })
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
