//! Notices: what did not arrive, and what came back from a test.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::incident::{Incident, Topic};
use crate::notify::Pending;
use crate::workflow::courier::Undelivered;

/// The notices that did not arrive, the oldest first.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct NoticesView {
    pub pending: Vec<PendingView>,
}

/// A notice that a destination has not got.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct PendingView {
    /// The incident.
    pub id: String,
    pub destination: String,
    pub topic: Topic,
    pub subject: String,
    /// When it happened.
    pub since: Timestamp,
    /// How often the destination failed since something arrived there.
    pub attempts: u32,
    /// How it failed last.
    pub error: Option<String>,
    /// When it is tried again, at the earliest; missing for at once.
    pub again: Option<Timestamp>,
}

impl PendingView {
    pub fn of(incident: &Incident, pending: Pending) -> PendingView {
        let Pending { notice, failed, again } = pending;
        PendingView {
            id: incident.id.clone(),
            destination: notice.destination,
            topic: notice.topic,
            subject: notice.subject,
            since: notice.at,
            attempts: failed.as_ref().map_or(0, |failed| failed.attempts),
            error: failed.map(|failed| failed.error),
            again,
        }
    }
}

/// What came back from each destination.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct TestedView {
    pub tried: Vec<TriedView>,
}

#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct TriedView {
    pub destination: String,
    /// What was done there; missing if it failed.
    pub done: Option<String>,
    pub error: Option<String>,
}

impl TriedView {
    pub fn of(destination: &str, ended: Result<&'static str, Undelivered>) -> TriedView {
        let destination = destination.to_owned();
        match ended {
            Ok(done) => TriedView { destination, done: Some(done.to_owned()), error: None },
            Err(failed) => TriedView { destination, done: None, error: Some(failed.reason) },
        }
    }
}
