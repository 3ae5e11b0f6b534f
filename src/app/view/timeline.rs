//! What happened, when, and by whom.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::actor::Identity;
use crate::domain::event::Event;
use crate::report::timeline::Row;

/// What happened, a line for each event that people want to read, in order.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct TimelineView {
    pub timeline: Vec<Row>,
}

/// The journal as it was written, in order.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct EventsView {
    pub events: Vec<EventView>,
}

/// An event, and how its actor's identity was proven.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct EventView {
    #[serde(flatten)]
    pub event: Event,
    pub proof: Identity,
}

impl EventsView {
    pub fn of(events: Vec<Event>) -> EventsView {
        let views = events.into_iter().map(|event| EventView { proof: event.actor.proof.clone(), event });
        EventsView { events: views.collect() }
    }
}
