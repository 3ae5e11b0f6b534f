//! What would be done (`--dry-run`), and why nothing was done.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::severity::Severity;
use crate::workflow::step::{Action, BE_HELD, StepError};

/// What a run would do, step by step.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct PlanView {
    pub plan: Vec<PlannedStep>,
}

/// What a step would do.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct PlannedStep {
    pub step: String,
    /// The changes that it would make, in order; null if unknown yet.
    pub actions: Option<Vec<Action>>,
    /// Why they are unknown yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What `start` would declare and do.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct StartPlan {
    pub severity: Severity,
    /// The rule, or the person, that chose the severity.
    pub chosen_by: String,
    pub steps: Vec<String>,
}

/// Which steps an abort would undo, in order.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct UndoPlan {
    pub undo: Vec<String>,
}

/// Why nothing was done.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct NothingToDo {
    pub nothing_to_do: String,
}

/// Nothing is open, so nothing was resumed.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct NothingOpen {
    /// Always null.
    pub incident: Option<String>,
    /// The number of notices that had failed before and arrived now.
    pub late_notices: usize,
}

impl PlanView {
    /// Whether a step would be held.
    pub fn is_held(&self) -> bool {
        let actions = self.plan.iter().filter_map(|step| step.actions.as_ref()).flatten();
        actions.into_iter().any(|action| action.verb == BE_HELD)
    }

    pub fn of<S: ToString>(steps: &[(S, Result<Vec<Action>, StepError>)]) -> PlanView {
        let planned = steps.iter().map(|(step, actions)| PlannedStep {
            step: step.to_string(),
            actions: actions.as_ref().ok().cloned(),
            error: actions.as_ref().err().map(|error| error.message.clone()),
        });
        PlanView { plan: planned.collect() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::next::Next;

    #[test]
    fn a_step_that_can_not_say_what_it_would_do_says_why() {
        let known = Ok(vec![Action::new("push", "main")]);
        let unknown = Err(StepError::failed("no tag yet", Next::Resume));
        let view = PlanView::of(&[("merge", known), ("release", unknown)]);
        assert_eq!(
            serde_json::to_value(view).unwrap(),
            json!({ "plan": [
                { "step": "merge", "actions": [{ "verb": "push", "object": "main" }] },
                { "step": "release", "actions": null, "error": "no tag yet" },
            ] })
        );
    }
}
