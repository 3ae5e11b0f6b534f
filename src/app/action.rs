//! Action items: work that prevents a repetition.

use std::time::Duration;

use jiff::Timestamp;

use super::error::AppError;
use super::say::nonce;
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
        if self.is_elsewhere(key).await? {
            // Others may send one at the same time, so its number alone would not be its own.
            let incident = self.service.incident(key).await?;
            let mut fact = numbered(&incident, &action, due);
            if let Fact::ActionAdded { action, .. } = &mut fact {
                action.push('-');
                action.push_str(nonce().get(..4).unwrap_or_default());
            }
            return self.say(&incident, fact).await;
        }
        let numbered = |incident: &Incident| numbered(incident, &action, due);
        let incident = self.engine(&Unwatched).record_decided(key, &numbered).await?;
        self.service.tools.publish_beside(key).await;
        Ok(incident)
    }

    /// Marks the action item with this number as done.
    pub async fn finish_action(&self, key: &str, action: String) -> Result<Incident, AppError> {
        self.say(&self.service.incident(key).await?, Fact::ActionDone { action }).await
    }

    /// Fails where an action item that another clone sent has no name as hotfix gives one.
    pub(super) fn may_add(action: &str, kind: &str) -> Result<(), AppError> {
        let (number, own) = action.split_once('-').unwrap_or((action, "0000"));
        let is_name = number_of(number).is_some() && own.len() == 4 && own.bytes().all(|byte| byte.is_ascii_hexdigit());
        match is_name && KINDS.contains(&kind) {
            true => Ok(()),
            false => Err(AppError::NotToSay { what: "such an action item" }),
        }
    }
}

const KINDS: [&str; 3] = ["prevent", "detect", "respond"];

/// The number in an action item's name, `3`, or `3-9f2c` of one from another clone.
fn number_of(action: &str) -> Option<u64> {
    action.split('-').next()?.parse().ok()
}

/// The fact that adds `action` after the incident's other ones.
fn numbered(incident: &Incident, action: &NewAction, due: Timestamp) -> Fact {
    let last = incident.actions.iter().filter_map(|action| number_of(&action.id)).max().unwrap_or(0);
    let NewAction { kind, text, owner, .. } = action.clone();
    Fact::ActionAdded { action: (last + 1).to_string(), kind, text, owner, due }
}
