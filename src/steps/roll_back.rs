//! Puts an earlier release back into production.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;

use super::deploy::change;
use super::exclusive::{self, exclusively};
use super::{Tools, ladder, otherwise};
use crate::deploy::{Change, DeployError};
use crate::domain::evidence::{Detail, Evidence};
use crate::domain::incident::{Incident, Plan, StepState};
use crate::domain::next::Next;
use crate::domain::production::{Deploy, RollBack, WayBack};
use crate::domain::release::{ReleaseRecord, last_verified, verdict_of};
use crate::domain::rung::{Back, Rung};
use crate::domain::step_name::StepName;
use crate::domain::strategy::Strategy;
use crate::git::project::ProjectError;
use crate::workflow::step::{Action, Moment, Outcome, Step, StepError, Undo};

pub struct RollBackRelease(pub Arc<Tools>);

#[async_trait]
impl Step for RollBackRelease {
    fn name(&self) -> StepName {
        StepName::RollBack
    }

    async fn actions(&self, at: &Moment<'_>) -> Result<Vec<Action>, StepError> {
        let Back { from, to, rung } = way_back(&self.0, at.incident).await?;
        let environment = &self.0.config.deploy.environment;
        Ok(vec![Action::new("roll back", format!("{environment} from `{from}` to `{to}`{}", by(rung)))])
    }

    async fn run(&self, at: &Moment<'_>) -> Result<Outcome, StepError> {
        let back = match way_back(&self.0, at.incident).await {
            Err(error) if error.stuck => {
                return match self.unverified(at.incident).await? {
                    Some(held) => Ok(held),
                    None => Err(error),
                };
            }
            back => back?,
        };
        if let Some(held) = self.not_by_itself(at.incident, &back) {
            return Ok(held);
        }
        let start = Instant::now();
        match exclusively(&self.0, at, put_back(&self.0, at.incident, &back)).await {
            Ok(Err(held)) => Ok(held),
            Ok(Ok(())) => Ok(Outcome::Done(self.evidence(back, Some(start.elapsed().as_secs_f64())))),
            Err(error) if error.stuck => ladder::next(&self.0, at.incident, &back, error.message).await,
            Err(error) => Err(error),
        }
    }

    async fn verify(&self, at: &Moment<'_>) -> Result<Option<Evidence>, StepError> {
        let back = way_back(&self.0, at.incident).await?;
        if back.rung > Rung::Release {
            // The release may run for another reason; running the step again finds its traces.
            return Ok(None);
        }
        let deployer = self.0.deployer()?;
        let change = change_back(&self.0, at.incident, &back).await?;
        match deployer.settle(&change).await {
            // Running it says what can be done.
            Err(DeployError::Rollout(_) | DeployError::Unseen(_)) => return Ok(None),
            settled => settled?,
        }
        let there = deployer.current().await?.as_deref() == Some(back.to.as_str());
        if there {
            exclusive::leave(&self.0, at).await?;
        }
        Ok(there.then(|| self.evidence(back, None)))
    }

    async fn undo(&self, _: &Moment<'_>) -> Result<Undo, StepError> {
        Ok(Undo::Nothing("the release that is back stays; the one before it was bad".to_owned()))
    }
}

impl RollBackRelease {
    fn evidence(&self, back: Back, seconds: Option<f64>) -> Evidence {
        let environment = self.0.config.deploy.environment.clone();
        let took = seconds.map_or_else(String::new, |seconds| format!(", {seconds:.1} s"));
        let Back { from, to, rung } = back;
        let summary = format!("{environment}: {from} -> {to}{}{took}", by(rung));
        Evidence::with(summary, &RollBack { environment, from, to, rung })
    }

    /// Offers the release before the one that runs where none is known to be good: a person decides.
    async fn unverified(&self, incident: &Incident) -> Result<Option<Outcome>, StepError> {
        if incident.detail::<Deploy>().is_some_and(|_| incident.is_last_deployed()) {
            return Ok(None);
        }
        let from = self.0.deployer()?.current().await?.unwrap_or_default();
        let releases = self.0.store.releases(&self.0.config.deploy.environment, 100).await?;
        let Some(to) = earlier(&self.0, &from, &releases).await? else { return Ok(None) };
        let reason = format!("no release before `{from}` was verified; `{to}` is the one before it, never verified");
        let hint = Next::RollBack { to: Some(to), rung: None }.or(otherwise(incident));
        Ok(Some(Outcome::Held { reason, hint }))
    }

    /// Why a person has to agree to the rollback.
    fn not_by_itself(&self, incident: &Incident, back: &Back) -> Option<Outcome> {
        let plan = incident.plan().filter(|plan| plan.strategy.is_none() && plan.back.is_none())?;
        let decided = self.0.config.deploy.ladder.contains(&back.rung) || !plan.has(RollBack::STEP);
        (!decided).then(|| Outcome::Held {
            reason: format!("`deploy.ladder` leaves it to a person to go back to `{}`", back.to),
            hint: Next::RollBack { to: None, rung: None }.into(),
        })
    }
}

/// The newest tag before `release` that was not found BAD; hotfix need not know it.
pub async fn earlier(tools: &Tools, release: &str, releases: &[ReleaseRecord]) -> Result<Option<String>, ProjectError> {
    let mut before = tools.project.tag_before(release).await?;
    while let Some(tag) = &before
        && verdict_of(releases, tag) == Some("BAD")
    {
        before = tools.project.tag_before(tag).await?;
    }
    Ok(before)
}

/// From which release to which. By default this incident's own deploy is undone; if none still runs, the
/// newest verified release comes back. The same before and after the rollback.
pub async fn way_back(tools: &Tools, incident: &Incident) -> Result<Back, StepError> {
    if let Some(back) = incident.plan().and_then(|plan| plan.back.clone()) {
        return Ok(back);
    }
    found_way_back(tools, incident).await
}

/// The same if nobody chose it yet.
pub async fn found_way_back(tools: &Tools, incident: &Incident) -> Result<Back, StepError> {
    if let Some(deploy) = incident.detail::<Deploy>().filter(|_| incident.is_last_deployed()) {
        if deploy.previous.is_empty() {
            return Err(StepError::stuck(
                format!("nothing ran before `{}`, so there is nothing to go back to", deploy.release),
                Next::by_hand("put production right by hand").then(otherwise(incident)),
            ));
        }
        return Ok(Back { from: deploy.release, to: deploy.previous, rung: Rung::Undo });
    }
    let rollbacks = incident.plans.iter().filter(|plan| plan.strategy == Some(Strategy::A));
    let left: Vec<String> = rollbacks.filter_map(way_back_of).map(|way_back| way_back.release).collect();
    let from = match incident.plan().and_then(way_back_of) {
        Some(way_back) => way_back.release,
        None => tools.deployer()?.current().await?.unwrap_or_default(),
    };
    let releases = tools.store.releases(&tools.config.deploy.environment, 100).await?;
    let not: Vec<&str> = left.iter().chain([&from]).map(String::as_str).collect();
    match last_verified(&releases, &not) {
        Some(release) => Ok(Back { from, to: release.release.clone(), rung: Rung::Undo }),
        None => Err(StepError::stuck("no release before the one that runs is known to be good", otherwise(incident))),
    }
}

/// What ran when the rollback of `plan` was prepared.
fn way_back_of(plan: &Plan) -> Option<WayBack> {
    plan.steps.iter().filter(|step| step.name == WayBack::STEP).find_map(|step| match &step.state {
        StepState::Done { evidence } => serde_json::from_value(evidence.detail.clone()).ok(),
        _ => None,
    })
}

/// The way of a rollback, if it was not a plain one.
fn by(rung: Rung) -> String {
    if rung > Rung::Release { format!(", by {rung}") } else { String::new() }
}

/// Puts an earlier release back; does nothing if it already runs, unless a person asks for it.
///
/// Fails as stuck if production does not run it afterwards: a person has to decide about a second
/// attempt.
pub async fn put_back(tools: &Tools, incident: &Incident, back: &Back) -> Result<(), StepError> {
    let deployer = tools.deployer()?;
    let change = change_back(tools, incident, back).await?;
    let to = &back.to;
    let is_asked_for = incident.plan().is_some_and(|plan| plan.back.is_some());
    let ended = match (back.rung, deployer.current().await) {
        (Rung::Restart, _) => deployer.restart(&change).await,
        (Rung::Recreate, _) => deployer.recreate(&change).await,
        // A person asked for it again, so it is done again.
        (_, Ok(Some(current))) if current == *to && !is_asked_for => deployer.settle(&change).await,
        _ => deployer.roll_back(&change).await,
    };
    let runs = deployer.current().await.ok().flatten().unwrap_or_default();
    if ended.is_ok() && runs == *to {
        return Ok(());
    }
    let reason = ended.err().map_or_else(|| "the command ended well".to_owned(), |error| error.to_string());
    let now = if runs.is_empty() { "nothing that answers".to_owned() } else { format!("`{runs}`") };
    Err(StepError::stuck(
        format!("the rollback to `{to}` failed, production runs {now}: {reason}"),
        Next::by_hand("put production right by hand").then(Next::Resume),
    ))
}

/// The change back to `to`, with what this incident recorded of it last.
async fn change_back(tools: &Tools, incident: &Incident, back: &Back) -> Result<Change, StepError> {
    let Back { from, to, .. } = back;
    let commit = tools.project.commit(&format!("refs/tags/{to}")).await?.unwrap_or_default();
    let kept = incident.details::<WayBack>().into_iter().rfind(|kept| kept.release == *to);
    let state = kept.map(|kept| kept.state).unwrap_or_default();
    Ok(Change { state, ..change(tools, incident, to, &commit, from).await? })
}
