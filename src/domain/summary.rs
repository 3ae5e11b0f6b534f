//! A journal on one line, for lists that do not read journals.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The kind of incidents; orders have others.
pub const INCIDENT: &str = "incident";

/// A line of `hotfix list`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    #[serde(skip)]
    pub key: String,
    pub id: String,
    pub title: String,
    pub severity: String,
    pub status: String,
    /// The step that is next or running; empty if there is none.
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
