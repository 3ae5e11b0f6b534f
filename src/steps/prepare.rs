//! Finds the way back before anything changes: it records what runs now. Before a rollback that is what
//! the rollback replaces, so that an interrupted one is recognised.

use std::sync::Arc;

use async_trait::async_trait;

use super::deploy::{change, release};
use super::going_out::{BAD_RELEASE, GoingOut};
use super::{Tools, short};
use crate::deploy::{Change, DeployError, Preparation};
use crate::domain::evidence::{Detail, Evidence};
use crate::domain::fix::Branch;
use crate::domain::incident::{Incident, StepState};
use crate::domain::next::Next;
use crate::domain::order::Kind;
use crate::domain::production::{Deploy, FoundRunning, WayBack};
use crate::domain::release::ReleaseRecord;
use crate::domain::step_name::StepName;
use crate::workflow::step::{Action, BE_HELD, Moment, Outcome, Step, StepError};

/// How many entries of the log are read.
const HISTORY: u32 = 1000;

pub struct PrepareWayBack(pub Arc<Tools>);

#[async_trait]
impl Step for PrepareWayBack {
    fn name(&self) -> StepName {
        StepName::Prepare
    }

    async fn actions(&self, at: &Moment<'_>) -> Result<Vec<Action>, StepError> {
        let environment = &self.0.config.deploy.environment;
        let deployer = self.0.deployer()?;
        let current = deployer.current().await?.unwrap_or_default();
        let mut actions = vec![Action::new("write down", format!("what runs in {environment}"))];
        let going_out = self.going_out(at.incident, &current).await?;
        actions.extend(going_out.summary().map(|summary| Action::new("bring", summary)));
        actions.extend(self.held(at.incident, &going_out).map(|reason| Action::new(BE_HELD, reason)));
        actions.extend(match deployer.look(&self.change(at.incident, &current).await?).await {
            Ok(found) => Some(Action::new("find", summary(at.incident, environment, &current, "", &found))),
            Err(DeployError::Refused(reason)) => Some(Action::new(BE_HELD, reason)),
            Err(error) => return Err(error.into()),
        });
        Ok(actions)
    }

    async fn run(&self, at: &Moment<'_>) -> Result<Outcome, StepError> {
        let environment = self.0.config.deploy.environment.clone();
        let current = self.0.deployer()?.current().await?.unwrap_or_default();
        // A rollback replaces what runs, whatever its state is.
        if deploys(at.incident)
            && let Some(held) = self.no_way_back(at.incident, &current).await?
        {
            return Ok(held);
        }
        let going_out = self.going_out(at.incident, &current).await?;
        if let Some(reason) = self.held(at.incident, &going_out) {
            let hint = Next::by_hand("revert it, or fix it").or(Next::waive(BAD_RELEASE));
            return Ok(Outcome::Held { reason, hint });
        }
        let found = match self.0.deployer()?.prepare(&self.change(at.incident, &current).await?).await {
            Ok(found) => found,
            Err(DeployError::Refused(reason)) => {
                let hint = Next::by_hand("put that right").then(Next::Resume);
                return Ok(Outcome::Held { reason, hint });
            }
            Err(error) => return Err(error.into()),
        };
        let commit = self.0.project.commit(&format!("refs/tags/{current}")).await?.unwrap_or_default();
        let summary = summary(at.incident, &environment, &current, &commit, &found);
        let word = if at.incident.order().is_some() { "goes out" } else { "also goes out" };
        let going_out = going_out.summary().map(|what| format!("{word}: {what}"));
        let summary = [Some(summary), going_out].into_iter().flatten().collect::<Vec<_>>().join("; ");
        let seen = self.seen(at.incident, (&current, &commit)).await?;
        let way_back = WayBack { environment, release: current, commit, state: found.state, found: seen };
        Ok(Outcome::Done(Evidence::with(summary, &way_back)))
    }
}

impl PrepareWayBack {
    /// The deploy that is prepared; none for a rollback, or if nothing runs.
    async fn change(&self, incident: &Incident, current: &str) -> Result<Change, StepError> {
        let release = release(incident).ok().filter(|_| deploys(incident) && !current.is_empty());
        let (tag, commit) = release.map(|release| (release.tag, release.commit)).unwrap_or_default();
        change(&self.0, incident, &tag, &commit, current).await
    }

    /// What a deploy brings besides the fix; nothing for a rollback.
    async fn going_out(&self, incident: &Incident, current: &str) -> Result<GoingOut, StepError> {
        let Some(release) = release(incident).ok().filter(|_| deploys(incident)) else {
            return Ok(GoingOut::default());
        };
        let base = incident.detail::<Branch>().map_or_else(|| release.commit.clone(), |branch| branch.base);
        let history = self.0.store.releases(&self.0.config.deploy.environment, HISTORY).await?;
        let range = (base.as_str(), release.commit.as_str());
        Ok(GoingOut::of(&self.0.project, &history, Some(incident), range, current).await?)
    }

    fn held(&self, incident: &Incident, going_out: &GoingOut) -> Option<String> {
        going_out.against().filter(|_| !incident.is_waived(BAD_RELEASE))
    }

    /// What runs, if the log does not say so yet: something else deployed it. A deploy of this incident that was
    /// interrupted is in nobody's log either.
    async fn seen(&self, incident: &Incident, running: (&str, &str)) -> Result<Option<FoundRunning>, StepError> {
        let is_back = incident.order().is_some_and(|order| order.kind == Kind::Rollback);
        if !is_back && release(incident).is_ok_and(|own| own.tag == running.0) {
            return Ok(None);
        }
        let environment = &self.0.config.deploy.environment;
        let releases = self.0.store.releases(environment, 1).await?;
        Ok(ReleaseRecord::found(&releases, environment, running))
    }

    /// Why a deploy has to wait for a person: what runs now is nothing to go back to. What ran before the
    /// incident always is, even if broken, because people know it.
    async fn no_way_back(&self, incident: &Incident, current: &str) -> Result<Option<Outcome>, StepError> {
        let config = &self.0.config.deploy;
        if incident.is_waived("way-back") || !config.verified_only && !is_own(incident, current) {
            return Ok(None);
        }
        let releases = self.0.store.releases(&config.environment, HISTORY).await?;
        let newest = releases.iter().find(|release| release.release == current && release.is_deployed());
        let found = match newest.and_then(|release| release.verdict.as_deref()) {
            Some("VERIFIED") => return Ok(None),
            Some(verdict) => format!("was found {verdict}"),
            None => "was never verified".to_owned(),
        };
        let running = if current.is_empty() { "nothing" } else { current };
        let hint = Next::RollBack { to: None, rung: None }.or(Next::waive("way-back"));
        let reason = format!("there is no way back: production runs `{running}`, which {found}");
        Ok(Some(Outcome::Held { reason, hint }))
    }
}

/// Whether a deploy follows.
fn deploys(incident: &Incident) -> bool {
    match (incident.plan(), incident.order()) {
        (Some(plan), _) if plan.has(WayBack::STEP) => plan.has(Deploy::STEP),
        (_, Some(order)) => order.kind == Kind::Deploy,
        (_, None) => true,
    }
}

/// Whether this incident put `release` into production.
fn is_own(incident: &Incident, release: &str) -> bool {
    incident.steps().filter(|step| step.name == Deploy::STEP).any(|step| match &step.state {
        StepState::Done { evidence } | StepState::WentBad { evidence } => evidence.detail["release"] == release,
        _ => false,
    })
}

/// A summary that starts with what runs.
fn summary(incident: &Incident, environment: &str, current: &str, commit: &str, found: &Preparation) -> String {
    if current.is_empty() {
        return format!("nothing runs in {environment}, so there is nothing to go back to");
    }
    let known = if commit.is_empty() { String::new() } else { format!(" ({})", short(commit)) };
    let mut parts = Vec::new();
    if deploys(incident) {
        parts.push(format!("way back: `{current}`{known}"));
        parts.extend(found.seconds.map(|seconds| format!("about {seconds} s")));
    } else {
        parts.push(format!("{environment} runs `{current}`{known}"));
    }
    parts.extend(found.running.iter().cloned());
    parts.extend(found.warnings.iter().map(|warning| format!("warning: {warning}")));
    if !found.not_put_back.is_empty() {
        parts.push(format!("a rollback does not put back {}", found.not_put_back.join(", ")));
    }
    parts.join("; ")
}
