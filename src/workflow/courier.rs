//! Who carries notices to those who wait.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::domain::incident::Incident;

/// A message to one destination.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// `SEQ/DESTINATION`, the same at every attempt, so that the receiver recognises it.
    pub id: String,
    /// The key of the incident.
    pub incident: String,
    pub destination: String,
    pub subject: String,
    pub text: String,
}

/// Carries notices. What to send follows from the journal; what was sent is written to it.
#[async_trait]
pub trait Courier: Send + Sync {
    fn destinations(&self) -> Vec<&str>;

    /// Returns what `destination` has not got yet, in order; nothing during the pause after a failure.
    fn pending(&self, destination: &str, incident: &Incident, now: Timestamp) -> Vec<Notice>;

    /// Delivers `notice`, unless the destination says that it has it; an error is one line.
    async fn send(&self, notice: &Notice) -> Result<(), String>;
}
