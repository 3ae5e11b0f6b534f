//! A journal on one line, for lists that read no journal.

use jiff::Timestamp;
use serde::Serialize;

/// The kind of incidents in the list; what was ordered without one has others.
pub const INCIDENT: &str = "incident";

/// A line of `hotfix list`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    #[serde(skip)]
    pub key: String,
    pub id: String,
    pub title: String,
    pub severity: String,
    pub status: String,
    /// The step that is next or under way; empty where there is none.
    pub step: String,
    pub detected: Timestamp,
    pub declared: Timestamp,
    pub updated: Timestamp,
    pub ended: Option<Timestamp>,
    /// `incident`, `deploy` or `rollback`.
    pub kind: String,
}

impl Summary {
    pub fn is_incident(&self) -> bool {
        self.kind == INCIDENT
    }
}
