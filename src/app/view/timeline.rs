//! What happened, when, and by whom.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::event::Event;
use crate::report::timeline::Row;

/// What happened, a line for each event that people want to read of, in order.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct TimelineView {
    pub timeline: Vec<Row>,
}

/// The journal as it was written, in order.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct EventsView {
    pub events: Vec<Event>,
}
