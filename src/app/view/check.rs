//! The check of an incident's fix. Without an incident, a check is the unchanged `domain::check::Check`.

use schemars::JsonSchema;
use serde::Serialize;

use super::incident::IncidentView;
use super::next::NextView;
use crate::domain::check::Check;
use crate::domain::incident::Incident;

/// An incident with the last check of its fix.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct CheckedView {
    #[serde(flatten)]
    pub incident: IncidentView,
    pub check: Check,
}

impl CheckedView {
    pub fn of(incident: &Incident, next: NextView, check: &Check) -> CheckedView {
        CheckedView { incident: IncidentView::of(incident, next), check: check.clone() }
    }
}
