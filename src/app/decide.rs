//! Choosing the strategy, and changing it later.

use super::error::AppError;
use super::session::{Goal, Session};
use crate::domain::event::{Fact, Planned};
use crate::domain::incident::{Incident, StepState};
use crate::domain::step_name::StepName;
use crate::domain::strategy::Strategy;
use crate::workflow::plan;
use crate::workflow::progress::Progress;

/// The effect of a person's choice.
#[derive(Debug)]
pub enum Choice {
    /// The step `decide` used it.
    TakenUp(Incident),
    /// Its steps replace what was left.
    Planned(Incident),
}

impl Session {
    /// Decides by the matrix, up to the step `decide`.
    pub async fn decide(&self, key: &str, progress: &dyn Progress) -> Result<Incident, AppError> {
        self.run(key, Goal::Decide, progress).await
    }

    /// Takes `strategy` as a person's choice: before the decision, the step `decide` uses it now; after it,
    /// its steps replace the rest of the plan, and nothing is done yet.
    pub async fn choose(
        &self,
        key: &str,
        strategy: Strategy,
        reason: &str,
        progress: &dyn Progress,
    ) -> Result<Choice, AppError> {
        let incident = self.service.incident(key).await?;
        match change(&incident, strategy, reason, &self.actor.to_string()) {
            fact @ Fact::Chosen { .. } => {
                let incident = self.say(&incident, fact).await?;
                if self.has_sent() {
                    return Ok(Choice::TakenUp(incident));
                }
                self.decide(key, progress).await.map(Choice::TakenUp)
            }
            fact => self.say(&incident, fact).await.map(Choice::Planned),
        }
    }

    /// Fails if the choice has another effect on the incident than when it was made: a person looks again.
    pub(super) fn may_choose(&self, incident: &Incident, fact: &Fact) -> Result<(), AppError> {
        let by = self.actor.to_string();
        let now = match fact {
            Fact::Chosen { strategy, reason } => change(incident, *strategy, reason, &by),
            Fact::Planned(Planned { strategy: Some(strategy), reasons, .. }) => {
                change(incident, *strategy, reasons.first().map_or("", String::as_str), &by)
            }
            _ => return Err(AppError::NotToSay { what: fact.name() }),
        };
        if now == *fact { Ok(()) } else { Err(AppError::MovedOn { id: incident.id.clone() }) }
    }

    /// Takes `strategy` as chosen at the declaration; nothing is done yet.
    pub async fn choose_first(&self, key: &str, strategy: Strategy) -> Result<Incident, AppError> {
        let reason = format!("chosen at the declaration by {}", self.actor);
        self.record(key, Fact::Chosen { strategy, reason }).await
    }
}

/// The effect of a choice of strategy on the current incident.
fn change(incident: &Incident, strategy: Strategy, reason: &str, by: &str) -> Fact {
    let waits = incident.plan().is_none_or(|plan| {
        plan.steps.iter().any(|step| step.name == StepName::Decide && !matches!(step.state, StepState::Done { .. }))
    });
    if waits {
        return Fact::Chosen { strategy, reason: reason.to_owned() };
    }
    let reason = if reason.is_empty() { format!("changed by {by}") } else { reason.to_owned() };
    let steps = plan::steps_after(incident, strategy);
    Fact::Planned(Planned { strategy: Some(strategy), reasons: vec![reason], steps, back: None })
}
