//! A deploy or a rollback without an incident, the same from every command.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::next::NextView;
use super::step::StepView;
use crate::domain::incident::{Incident, Status};
use crate::domain::order::{Kind, Order};

/// The state of a deploy or a rollback.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct OrderView {
    pub order: Ordered,
    /// Every step of every plan, in order.
    pub steps: Vec<StepView>,
    #[serde(flatten)]
    pub next: NextView,
}

/// What was ordered, and its status.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "Order")]
pub struct Ordered {
    pub id: String,
    pub key: String,
    pub kind: Kind,
    pub environment: String,
    pub release: String,
    /// Empty if unknown.
    pub commit: String,
    /// What ran when it was ordered; empty if nothing did.
    pub previous: String,
    /// Empty if none was given.
    pub reason: String,
    pub status: Status,
    /// Whether a deploy was ordered, and production is on what ran before.
    pub went_back: bool,
    /// When it was over; null until then.
    pub ended: Option<Timestamp>,
}

impl OrderView {
    /// Returns the view of `order`, whose journal is that of `incident`.
    pub fn of(order: &Order, incident: &Incident, next: NextView) -> OrderView {
        OrderView { order: Ordered::of(order, incident), steps: StepView::all(incident), next }
    }
}

impl Ordered {
    fn of(order: &Order, incident: &Incident) -> Ordered {
        Ordered {
            id: incident.id.clone(),
            key: incident.key.clone(),
            kind: order.kind,
            environment: order.environment.clone(),
            release: order.release.clone(),
            commit: order.commit.clone(),
            previous: order.previous.clone(),
            reason: order.reason.clone(),
            status: incident.status,
            went_back: incident.went_back(),
            ended: incident.ended,
        }
    }
}
