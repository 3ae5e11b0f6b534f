//! What is to be done next: the one place where every view has it from.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::incident::{Incident, Status, StepState};
use crate::domain::step::Branch;
use crate::domain::step_name::StepName;

/// What is to be done next, part of each view of an incident or an order. A typed form of it belongs
/// here, as a field beside `next`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct NextView {
    /// The command to type next, or what a person does first; null where nothing is left to be done.
    pub next: Option<String>,
}

impl NextView {
    pub fn of(incident: &Incident) -> NextView {
        NextView { next: next(incident) }
    }
}

/// The command to type next, where the incident waits for one.
pub fn next(incident: &Incident) -> Option<String> {
    if incident.status.is_over() {
        return None;
    }
    let undone = incident.steps().rfind(|step| matches!(step.state, StepState::Stuck { .. }));
    let step = match incident.status {
        Status::Stuck => undone.or(incident.current()),
        _ => incident.current(),
    };
    match step.map(|step| &step.state) {
        Some(StepState::Held { hint, .. } | StepState::Failed { hint, .. } | StepState::Stuck { hint, .. }) => {
            Some(hint.clone())
        }
        Some(StepState::Started | StepState::Undoing) => Some("hotfix resume".to_owned()),
        _ if incident.status == Status::Aborting => Some("hotfix resume".to_owned()),
        _ if step.is_some_and(|step| step.name == StepName::Fix) => {
            let place = incident.detail::<Branch>().map(|branch| branch.work_tree).unwrap_or_default();
            Some(format!("fix it in {place}, `git commit`, then `hotfix ship`"))
        }
        _ if incident.order.is_some() => Some("hotfix resume".to_owned()),
        _ => Some("hotfix ship".to_owned()),
    }
}
