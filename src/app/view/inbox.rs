//! Requests between clones.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::app::inbox::Sent;

/// What was sent to the working clone instead of being recorded here.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct SentsView {
    /// One for each fact; `waive` with a pattern sends several.
    pub sent: Vec<SentView>,
}

/// A request that this clone has sent.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct SentView {
    /// The digest of what it says, which is its name in the inbox.
    pub request: String,
    /// The incident's identifier.
    pub incident: String,
    /// What it says, in words.
    pub what: String,
    pub state: SentState,
    /// Why it was refused; null if it was not.
    pub why: Option<String>,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SentState {
    /// The working clone has not taken it in yet.
    Waiting,
    Refused,
}

/// The inbox on the remote, and what this clone has sent.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct InboxView {
    /// By incident, then by name.
    pub requests: Vec<RequestView>,
    pub sent: Vec<SentView>,
}

/// A request that waits to be taken in.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct RequestView {
    pub request: String,
    /// The key of the incident.
    pub incident: String,
    /// Who sent it, as it says; null if it can't be read.
    pub from: Option<String>,
    /// When it was made, as it says; null if it can't be read.
    pub at: Option<Timestamp>,
    /// What it says, in words; null if it can't be read.
    pub what: Option<String>,
    pub proof: Standing,
    /// Why it can't be read; null if it can.
    pub problem: Option<String>,
}

/// Whether a request has a signature, which is verified when it is taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    Signed,
    Claimed,
}

impl SentsView {
    pub fn of(sent: &[Sent]) -> SentsView {
        let view = |Sent { request, incident, what }: &Sent| {
            let (request, incident, what) = (request.clone(), incident.clone(), what.clone());
            SentView { request, incident, what, state: SentState::Waiting, why: None }
        };
        SentsView { sent: sent.iter().map(view).collect() }
    }
}
