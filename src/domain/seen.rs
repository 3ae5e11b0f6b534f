//! When the problem was first seen, and who says so.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::incident::Incident;
use super::investigation::Investigation;

/// When the problem was first seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Seen {
    pub at: Timestamp,
    /// The first error in the log that says so; null if it was reported.
    pub log: Option<String>,
}

impl Seen {
    /// As it was reported; else the first error of the most frequent kind in the log, if that is earlier than
    /// the declaration. `None` if neither is known: the time of the declaration is no observation.
    pub fn of(incident: &Incident) -> Option<Seen> {
        let reported = incident.declaration()?.detected;
        // The journal's times are milliseconds. A declaration without a time of detection has its own.
        if reported.as_millisecond() != incident.declared.as_millisecond() {
            return Some(Seen { at: reported, log: None });
        }
        let logs = incident.detail::<Investigation>()?.logs?;
        let group = logs.errors.into_iter().next()?;
        let at = group.first.filter(|first| *first < incident.declared)?;
        Some(Seen { at, log: Some(group.example) })
    }
}
