//! Action items: work that prevents a repetition.

use std::time::Duration;

use jiff::Timestamp;

use super::error::AppError;
use super::session::{Session, Unwatched};
use crate::domain::event::Fact;
use crate::domain::incident::Incident;

/// A new action item.
#[derive(Clone, Debug)]
pub struct NewAction {
    /// `prevent`, `detect` or `respond`.
    pub kind: String,
    pub text: String,
    pub owner: String,
    /// Due in this time.
    pub within: Duration,
}

impl Session {
    /// Adds an action item with the next free number of the incident, even if others add one at the same
    /// time.
    pub async fn add_action(&self, key: &str, action: NewAction) -> Result<Incident, AppError> {
        let due = self.service.now() + action.within;
        let numbered = |incident: &Incident| numbered(incident, &action, due);
        Ok(self.engine(&Unwatched).record_decided(key, &numbered).await?)
    }

    /// Marks the action item with this number as done.
    pub async fn finish_action(&self, key: &str, action: String) -> Result<Incident, AppError> {
        self.record(key, Fact::ActionDone { action }).await
    }
}

/// The fact that adds `action` after the incident's other ones.
fn numbered(incident: &Incident, action: &NewAction, due: Timestamp) -> Fact {
    let last = incident.actions.iter().filter_map(|action| action.id.parse::<u64>().ok()).max().unwrap_or(0);
    let NewAction { kind, text, owner, .. } = action.clone();
    Fact::ActionAdded { action: (last + 1).to_string(), kind, text, owner, due }
}
