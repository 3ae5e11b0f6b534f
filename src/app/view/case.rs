//! What has a journal: an incident, or an order without one.

use schemars::JsonSchema;
use serde::Serialize;

use super::incident::IncidentView;
use super::next::NextView;
use super::order::OrderView;
use crate::domain::incident::Incident;

/// An incident, or a deploy or rollback without one.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum CaseView {
    Incident(IncidentView),
    Order(OrderView),
}

impl CaseView {
    pub fn of(incident: &Incident, next: NextView) -> CaseView {
        match incident.order() {
            None => CaseView::Incident(IncidentView::of(incident, next)),
            Some(order) => CaseView::Order(OrderView::of(order, incident, next)),
        }
    }
}
