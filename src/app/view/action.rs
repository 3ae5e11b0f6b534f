//! Action items: work that prevents a repetition.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::incident::{Action, Incident};

/// The action items of an incident.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ActionsView {
    /// The incident's identifier.
    pub incident: String,
    pub actions: Vec<Action>,
}

impl ActionsView {
    pub fn of(incident: &Incident) -> ActionsView {
        ActionsView { incident: incident.id.clone(), actions: incident.actions.clone() }
    }
}
