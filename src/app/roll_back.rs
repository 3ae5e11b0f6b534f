//! How production would be put back within an incident or an order.

use super::error::AppError;
use super::service::Service;
use super::session::{Goal, Session};
use crate::domain::event::{Fact, Planned};
use crate::domain::evidence::Detail;
use crate::domain::incident::{Incident, StepRecord, StepState};
use crate::domain::production::RollBack;
use crate::domain::rung::{Back, Rung};
use crate::steps;
use crate::workflow::plan;
use crate::workflow::progress::Progress;
use crate::workflow::step::StepError;

impl Service {
    /// A warning for each autoscaler, if `rung` takes instances away; fails if the deployer has no such
    /// rung.
    pub async fn warnings_of_rung(&self, rung: Rung) -> Result<Vec<String>, AppError> {
        let deployer = self.deployer()?;
        if !deployer.rungs().contains(&rung) {
            let known = deployer.rungs().iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            return Err(AppError::NoRung { rung, known });
        }
        let autoscalers = if rung > Rung::Release { deployer.autoscalers().await? } else { Vec::new() };
        Ok(autoscalers.into_iter().map(|autoscaler| autoscaler.words).collect())
    }

    /// How production would be put back now, to `to` and by `rung` if given.
    pub async fn way_back(&self, incident: &Incident, to: Option<&str>, rung: Option<Rung>) -> Result<Back, AppError> {
        let done = |step: &StepRecord| step.name == RollBack::STEP && matches!(step.state, StepState::Done { .. });
        let last =
            incident.detail::<RollBack>().filter(|_| incident.plan().is_some_and(|plan| plan.steps.iter().any(done)));
        let found = match last {
            // The planned rollback is past, so this is another one, or the same one another way.
            Some(_) if rung.is_none() => steps::found_way_back(&self.tools, incident).await,
            Some(RollBack { from, to, rung, .. }) => Ok(Back { from, to, rung }),
            None => steps::way_back(&self.tools, incident).await,
        };
        let none = |error: StepError| AppError::NoWayBack { id: incident.id.clone(), why: error.message };
        let found = match (found, to) {
            (Ok(back), _) => back,
            (Err(error), None) => return Err(none(error)),
            (Err(_), Some(to)) => {
                let from = self.deployer()?.current().await?.unwrap_or_default();
                Back { from, to: to.to_owned(), rung: Rung::Undo }
            }
        };
        let rung = rung.unwrap_or(if to.is_some() { Rung::Release } else { Rung::Undo });
        let to = match (to, rung) {
            (Some(to), _) => to.to_owned(),
            (None, Rung::Release) => {
                let other = steps::other_release(&self.tools, &found).await;
                let other = other.map_err(none)?;
                let id = Some(incident.id.clone());
                other.ok_or(AppError::NothingVerified { current: found.to, id, before: None })?
            }
            (None, _) => found.to,
        };
        // A failed rollback may have left another release than the one that it started from.
        let runs = self.deployer()?.current().await?.filter(|runs| *runs != to);
        Ok(Back { from: runs.unwrap_or(found.from), to, rung })
    }
}

impl Session {
    /// Plans the way `back` and runs it. That does not close an incident; an order continues to its end.
    pub async fn roll_back(
        &self,
        key: &str,
        back: Back,
        reason: &str,
        progress: &dyn Progress,
    ) -> Result<Incident, AppError> {
        let incident = self.service.incident(key).await?;
        let reason = if reason.is_empty() { format!("asked for by {}", self.actor) } else { reason.to_owned() };
        let (strategy, steps) = plan::back_again(&incident, back.rung);
        let planned = Planned { strategy, reasons: vec![reason], steps, back: Some(back) };
        self.record(key, Fact::Planned(planned)).await?;
        let goal = if incident.order().is_some() { Goal::Close } else { Goal::Confirm };
        self.run(key, goal, progress).await
    }
}
