//! What is due of incidents that are over.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::incident::Incident;
use crate::domain::severity::Severity;
use crate::report::clocks::Clock;

/// What is due, the first one first.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct DueView {
    pub post_mortems: Vec<PostMortemDue>,
}

/// A post-mortem that was not held yet.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct PostMortemDue {
    /// The incident.
    pub id: String,
    pub title: String,
    #[schemars(with = "Severity")]
    pub severity: Option<Severity>,
    pub due: Timestamp,
    /// Seconds that are left; negative if overdue.
    pub left: i64,
    /// The same for people, such as `due in 4 min` or `4 min overdue`.
    #[serde(skip)]
    pub words: String,
}

impl PostMortemDue {
    pub fn of(incident: &Incident, clock: &Clock) -> PostMortemDue {
        PostMortemDue {
            id: incident.id.clone(),
            title: incident.title(),
            severity: incident.severity,
            due: clock.due,
            left: clock.left,
            words: clock.due_in(),
        }
    }
}
