//! A step of the job.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::incident::{Incident, StepRecord, StepState};

/// The state of one step.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct StepView {
    pub name: String,
    pub status: StepStatus,
    /// How long it took; null until it has ended.
    pub seconds: Option<f64>,
    /// Its result or its problem, on one line; empty at first.
    pub summary: String,
}

/// The status of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StepStatus {
    Waiting,
    Started,
    Done,
    Skipped,
    /// Waits for a guard, a gate, an approval or a person.
    Held,
    Failed,
    /// Production is worse than it should be: the way back follows.
    Bad,
    /// Only a person can say how to continue.
    Stuck,
    Undoing,
    Undone,
}

impl StepView {
    /// Returns every step of every plan, in order.
    pub fn all(incident: &Incident) -> Vec<StepView> {
        incident.steps().map(StepView::of).collect()
    }

    fn of(step: &StepRecord) -> StepView {
        let seconds = step.started.zip(step.ended).map(|(from, to)| to.duration_since(from).as_secs_f64());
        let (name, summary) = (step.name.to_string(), step.state.summary().to_owned());
        StepView { name, status: StepStatus::of(&step.state), seconds, summary }
    }
}

impl StepStatus {
    fn of(state: &StepState) -> StepStatus {
        match state {
            StepState::Waiting => StepStatus::Waiting,
            StepState::Started => StepStatus::Started,
            StepState::Done { .. } => StepStatus::Done,
            StepState::Skipped { .. } => StepStatus::Skipped,
            StepState::Held { .. } => StepStatus::Held,
            StepState::Failed { .. } => StepStatus::Failed,
            StepState::WentBad { .. } => StepStatus::Bad,
            StepState::Stuck { .. } => StepStatus::Stuck,
            StepState::Undoing => StepStatus::Undoing,
            StepState::Undone { .. } => StepStatus::Undone,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::evidence::Evidence;
    use crate::domain::next::Next;

    #[test]
    fn a_status_is_called_as_people_read_it() {
        let evidence = || Evidence::new("");
        let text = String::new;
        for state in [
            StepState::Waiting,
            StepState::Started,
            StepState::Done { evidence: evidence() },
            StepState::Skipped { reason: text() },
            StepState::Held { reason: text(), hint: Next::Resume.into() },
            StepState::Failed { error: text(), hint: Next::Resume.into() },
            StepState::WentBad { evidence: evidence() },
            StepState::Stuck { error: text(), hint: Next::Resume.into() },
            StepState::Undoing,
            StepState::Undone { note: text() },
        ] {
            assert_eq!(serde_json::to_value(StepStatus::of(&state)).unwrap(), state.as_str());
        }
    }
}
