//! What was found in the first minutes.

use schemars::JsonSchema;
use serde::Serialize;

use super::incident::IncidentView;
use super::next::NextView;
use crate::domain::incident::Incident;
use crate::domain::investigation::Investigation;

/// An incident with what was found.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct InvestigatedView {
    #[serde(flatten)]
    pub incident: IncidentView,
    pub investigation: Investigation,
}

impl InvestigatedView {
    pub fn of(incident: &Incident, next: NextView, investigation: &Investigation) -> InvestigatedView {
        InvestigatedView { incident: IncidentView::of(incident, next), investigation: investigation.clone() }
    }
}
