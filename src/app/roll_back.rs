//! How production would be put back within an incident or an order.

use super::{App, AppError};
use crate::domain::event::Planned;
use crate::domain::evidence::Detail;
use crate::domain::incident::{Incident, StepRecord, StepState};
use crate::domain::rung::{Back, Rung};
use crate::domain::step::RollBack;
use crate::steps;
use crate::workflow::plan;

impl App {
    /// The list of steps that would roll back now, to `to` where that is said.
    pub async fn roll_back_plan(
        &self,
        incident: &Incident,
        to: Option<&str>,
        reason: String,
    ) -> Result<Planned, AppError> {
        let done = |step: &StepRecord| step.name == RollBack::STEP && matches!(step.state, StepState::Done { .. });
        let found = match incident.plan() {
            // The one that was planned is past, so another is wanted.
            Some(plan) if plan.steps.iter().any(done) => steps::found_way_back(&self.tools, incident).await,
            _ => steps::way_back(&self.tools, incident).await,
        };
        let back = match (found, to) {
            (Ok(back), None) => back,
            (Ok(back), Some(to)) => Back { to: to.to_owned(), rung: Rung::Release, ..back },
            (Err(error), None) => return Err(AppError::NoWayBack(error.message)),
            (Err(_), Some(to)) => {
                let from = self.deployer()?.current().await?.unwrap_or_default();
                Back { from, to: to.to_owned(), rung: Rung::Release }
            }
        };
        let (strategy, steps) = plan::back_again(incident);
        Ok(Planned { strategy, reasons: vec![reason], steps, back: Some(back) })
    }
}
