//! What is open, with its clocks.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::case::CaseView;
use super::due::PostMortemDue;
use super::incident::IncidentView;
use super::next::NextView;
use super::order::OrderView;
use crate::domain::incident::{FailedNotice, Incident};
use crate::report::clocks::Clocks;

/// What is open, or the requested one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct StatusView {
    /// The most urgent first.
    pub incidents: Vec<OpenIncident>,
    /// Deploys and rollbacks without an incident, the oldest first.
    pub orders: Vec<OpenOrder>,
    /// The same as `hotfix list --due`; empty if one incident is requested.
    pub post_mortems: Vec<PostMortemDue>,
}

/// An incident with its clocks.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct OpenIncident {
    #[serde(flatten)]
    pub incident: IncidentView,
    /// Notices that did not arrive yet.
    pub notices_failed: BTreeMap<String, FailedNotice>,
    pub clocks: Clocks,
}

/// A deploy or a rollback without an incident.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct OpenOrder {
    #[serde(flatten)]
    pub order: OrderView,
    /// Notices that did not arrive yet.
    pub notices_failed: BTreeMap<String, FailedNotice>,
}

impl StatusView {
    /// Adds `incident`, or an order without one; `clocks` is called if it has some.
    pub fn add(&mut self, incident: &Incident, next: NextView, clocks: impl FnOnce() -> Clocks) {
        let notices_failed = incident.notices_failed.clone();
        match CaseView::of(incident, next) {
            CaseView::Order(order) => self.orders.push(OpenOrder { order, notices_failed }),
            CaseView::Incident(incident) => {
                self.incidents.push(OpenIncident { incident, notices_failed, clocks: clocks() });
            }
        }
    }
}
