//! What comes next, for every view.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::incident::Incident;
use crate::domain::next::Hint;
use crate::report::next;

/// What comes next: part of each view of an incident or an order.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct NextView {
    /// The command to type next, or what a person does first; null if nothing is left to do.
    pub next: Option<String>,
    /// The same, typed.
    pub next_action: Option<Hint>,
}

impl NextView {
    pub fn of(incident: &Incident) -> NextView {
        let hint = next::next(incident, &[]);
        NextView { next: hint.as_ref().map(|hint| next::text(incident, hint)), next_action: hint }
    }
}

/// The command to type next, if the incident waits for one.
pub fn next(incident: &Incident) -> Option<String> {
    NextView::of(incident).next
}
