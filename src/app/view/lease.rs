//! Who may act now, and what runs.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::process::running::Record;
use crate::store::lease::Held;

/// Everything that is held, by name, and every command that runs, the oldest first.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct LeasesView {
    pub leases: Vec<LeaseView>,
    pub commands: Vec<CommandView>,
}

/// The right of one process to act.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct LeaseView {
    /// Such as `incident/ID` or `environment/production`.
    pub name: String,
    /// A person, a host and a process.
    pub holder: String,
    /// The key of the journal that it is held for; null where it is for none.
    pub incident: Option<String>,
    pub since: Timestamp,
    /// When it ends if it is not renewed.
    pub until: Timestamp,
}

/// A command that changes production.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct CommandView {
    /// What it changes, such as `environment/production`.
    pub place: String,
    /// The key of the journal that it belongs to.
    pub incident: String,
    pub step: String,
    pub command: String,
    pub host: String,
    pub process: i32,
    /// The git directory that it was started in.
    pub clone: String,
    pub since: Timestamp,
    /// Seconds since something was heard of it.
    pub silence: u64,
}

impl From<Held> for LeaseView {
    fn from(held: Held) -> LeaseView {
        let Held { name, holder, incident, since, until, .. } = held;
        LeaseView { name, holder, incident: Some(incident).filter(|key| !key.is_empty()), since, until }
    }
}

impl CommandView {
    pub fn of(record: &Record) -> CommandView {
        CommandView {
            place: record.work.place.clone(),
            incident: record.work.incident.clone(),
            step: record.work.step.clone(),
            command: record.words.clone(),
            host: record.process.host.clone(),
            process: record.process.id,
            clone: record.work.clone.display().to_string(),
            since: Timestamp::from_millisecond(record.started_at).unwrap_or_default(),
            silence: record.silence.as_secs(),
        }
    }
}
