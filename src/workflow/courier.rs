//! Who carries notices to those who wait.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::domain::incident::{Incident, Topic};

/// A message to one destination.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// `SEQ/DESTINATION`, the same at every attempt, so that the receiver recognises it.
    pub id: String,
    /// The event's number: a later notice has a greater one.
    pub seq: i64,
    /// The key of the incident.
    pub incident: String,
    pub destination: String,
    pub topic: Topic,
    /// When it happened.
    pub at: Timestamp,
    /// One line.
    pub subject: String,
    /// What happened, and no more.
    pub what: String,
    /// The same with the incident's title, the topic and the time, in some lines.
    pub text: String,
    /// The identifiers of earlier ones that were never delivered, and that this one is sent for too; the first
    /// of them first.
    pub covers: Vec<String>,
    pub about: About,
}

impl Notice {
    /// The identifier under which its failures are recorded: the first one that was not delivered.
    pub fn first(&self) -> &str {
        self.covers.first().unwrap_or(&self.id)
    }
}

/// The incident as it is now, for destinations that show a state and not a list of messages.
#[derive(Clone, Debug, PartialEq)]
pub struct About {
    pub id: String,
    pub title: String,
    /// `P0` to `P3`; what was ordered if it is no incident.
    pub label: String,
    pub phase: Phase,
    pub environment: String,
    pub declared: Timestamp,
    /// How long it has lasted, in seconds.
    pub duration: i64,
    /// Who has to do what, if it waits for somebody.
    pub wanted: Option<String>,
}

/// How far an incident is, in the words of status pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    Investigating,
    /// What to do is decided.
    Identified,
    /// Something was deployed, or production was put back.
    Monitoring,
    Resolved,
}

/// Why a notice was not delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undelivered {
    /// One line, without secrets.
    pub reason: String,
    /// How long the destination wants to be left alone.
    pub retry_after: Option<Duration>,
}

impl From<String> for Undelivered {
    fn from(reason: String) -> Undelivered {
        Undelivered { reason, retry_after: None }
    }
}

/// Carries notices. What to send follows from the journal; what was sent is written to it.
#[async_trait]
pub trait Courier: Send + Sync {
    fn destinations(&self) -> Vec<&str>;

    /// Returns what `destination` has not got yet, in order; nothing during the pause after a failure.
    fn pending(&self, destination: &str, incident: &Incident, now: Timestamp) -> Vec<Notice>;

    /// Delivers `notice`, unless the destination says that it has it.
    async fn send(&self, notice: &Notice) -> Result<(), Undelivered>;
}
