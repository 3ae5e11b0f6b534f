//! What is open, with its clocks.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::case::CaseView;
use super::due::PostMortemDue;
use super::inbox::SentView;
use super::incident::IncidentView;
use super::next::NextView;
use super::order::OrderView;
use super::take_over::ElsewhereView;
use crate::config::Config;
use crate::domain::incident::{FailedNotice, Incident};
use crate::report::clocks::{Clocks, clocks};
use crate::report::next;

/// What is open, or the requested one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct StatusView {
    /// The most urgent first.
    pub incidents: Vec<OpenIncident>,
    /// Deploys and rollbacks without an incident, the oldest first.
    pub orders: Vec<OpenOrder>,
    /// The same as `hotfix list --due`; empty if one incident is requested.
    pub post_mortems: Vec<PostMortemDue>,
    /// What this clone has sent about them to their working clones, and is no event yet.
    pub requests: Vec<SentView>,
}

/// An incident with its clocks.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct OpenIncident {
    #[serde(flatten)]
    pub incident: IncidentView,
    /// Notices that did not arrive yet.
    pub notices_failed: BTreeMap<String, FailedNotice>,
    /// The other clone that works on it; left out if this one does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elsewhere: Option<ElsewhereView>,
    pub clocks: Clocks,
}

/// A deploy or a rollback without an incident.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct OpenOrder {
    #[serde(flatten)]
    pub order: OrderView,
    /// Notices that did not arrive yet.
    pub notices_failed: BTreeMap<String, FailedNotice>,
    /// The other clone that works on it; left out if this one does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elsewhere: Option<ElsewhereView>,
}

/// What is published of an incident for readers without hotfix: its status as of `now`.
pub fn published(config: &Config, incident: &Incident, now: Timestamp) -> Value {
    let roles = config.roles(incident.severity);
    let hint = next::next(incident, roles);
    let next = NextView {
        next: hint.as_ref().map(|hint| next::text(incident, hint, true)),
        next_action: hint,
        working: None,
        approvals_wanted: next::approvals_wanted(incident, roles),
    };
    let mut view = StatusView::default();
    view.add(incident, next, None, || clocks(incident, &config.allowance(incident.severity), now));
    serde_json::to_value(view).expect("a view has only string keys and UTF-8 text")
}

impl StatusView {
    /// Adds `incident`, or an order without one; `clocks` is called if it has some.
    pub fn add(
        &mut self,
        incident: &Incident,
        next: NextView,
        elsewhere: Option<ElsewhereView>,
        clocks: impl FnOnce() -> Clocks,
    ) {
        let notices_failed = incident.notices_failed.clone();
        match CaseView::of(incident, next) {
            CaseView::Order(order) => self.orders.push(OpenOrder { order, notices_failed, elsewhere }),
            CaseView::Incident(incident) => {
                let clocks = clocks();
                self.incidents.push(OpenIncident { incident, notices_failed, elsewhere, clocks });
            }
        }
    }
}
