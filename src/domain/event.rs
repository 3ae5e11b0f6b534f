//! One entry of the journal, and the chain that makes every later change to it visible.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::actor::Actor;
use super::evidence::Evidence;
use super::hex::hex;
use super::next::Hint;
use super::order::Order;
use super::policy::{Lowered, Version};
use super::quote::{self, Lines};
use super::rung::Back;
use super::severity::Severity;
use super::step_name::{StepName, UnknownStep};
use super::strategy::Strategy;

/// An entry of the journal as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Event {
    /// The key of the incident: the identifier that it was declared under.
    pub incident: String,
    /// 1, 2, 3 ... within the incident.
    pub seq: i64,
    pub at: Timestamp,
    /// Who caused it.
    pub actor: Actor,
    pub fact: Fact,
    /// `fact` exactly as it was written, for the digest.
    #[serde(skip)]
    pub text: String,
    /// The lines that `text` only names, and `fact` has.
    #[serde(skip)]
    pub lines: Lines,
    /// The digest of the event before, empty for the first.
    pub previous: String,
    /// [`digest`] of all of the above.
    pub digest: String,
}

/// The last event of a chain.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    pub seq: i64,
    pub at: Timestamp,
    pub digest: &'a str,
}

impl Event {
    /// Returns the event that `fact` is right after `head`, or the first of its chain. Its time is
    /// never before that of the event before it, even where the clock went back.
    pub fn after(head: Option<Head<'_>>, key: &str, actor: &Actor, now: Timestamp, fact: &Fact) -> Event {
        let (seq, previous, at) = match head {
            Some(head) => (head.seq + 1, head.digest.to_owned(), now.max(head.at)),
            None => (1, String::new(), now),
        };
        let at = Timestamp::from_millisecond(at.as_millisecond()).expect("it was a timestamp before it was cut");
        let written = serde_json::to_string(fact).expect("a fact has only string keys and finite numbers");
        let (text, lines) = quote::detach(&written);
        let digest = digest(&previous, key, seq, at, actor, &text);
        let fact = match lines.is_empty() {
            true => fact.clone(),
            false => serde_json::from_str(&quote::attach(&text, &lines)).expect("only texts of the fact changed"),
        };
        let (incident, actor) = (key.to_owned(), actor.clone());
        Event { incident, seq, at, actor, fact, text, lines, previous, digest }
    }
}

impl Event {
    /// The same without its quoted lines, as others get it.
    #[must_use]
    pub fn without_lines(mut self) -> Event {
        if !self.lines.is_empty() {
            let whole = quote::attach(&self.text, &Lines::new());
            self.fact = serde_json::from_str(&whole).expect("only texts of the fact changed");
            self.lines = Lines::new();
        }
        self
    }
}

/// What happened. Names and fields are written to the journal: they are added to, never renamed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Fact {
    Declared(Declaration),
    /// A deploy or rollback without an incident; the first event in a journal of its own.
    Ordered(Order),
    /// The incident has got its number; until then it had a provisional name.
    Numbered {
        id: String,
    },
    SeverityChanged {
        severity: Severity,
        reason: String,
    },
    Noted {
        text: String,
        /// Whether it is a status update to those who wait.
        #[serde(default)]
        update: bool,
    },
    Acknowledged {},
    /// Another incident is related to this one.
    Linked {
        /// Its key.
        incident: String,
        why: String,
    },
    /// A person has chosen the strategy; the step `decide` takes it up.
    Chosen {
        strategy: Strategy,
        reason: String,
    },
    /// A new list of steps replaces the rest of the one before.
    Planned(Planned),
    StepStarted {
        step: StepName,
    },
    StepDone {
        step: StepName,
        evidence: Evidence,
    },
    StepSkipped {
        step: StepName,
        reason: String,
    },
    /// The step waits for a person, an approval, or time; `resume` tries it again.
    StepHeld {
        step: StepName,
        reason: String,
        hint: Hint,
        /// The cause of an outage that the step found, which is an incident of its own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        outage: Option<String>,
    },
    StepFailed {
        step: StepName,
        error: String,
        hint: Hint,
    },
    /// Production is worse than it should be: the way back is next.
    StepWentBad {
        step: StepName,
        evidence: Evidence,
    },
    /// Only a person can say how to continue.
    StepStuck {
        step: StepName,
        error: String,
        hint: Hint,
        /// What was done before it got stuck.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        evidence: Option<Evidence>,
    },
    Approved {
        role: String,
        commit: String,
        /// The tree of the commit. Empty in older journals, as is the next one.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        tree: String,
        /// The [digest](super::check::digest) of what the check found that was approved.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        checked: String,
        /// Why the fix is released before its approval.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        break_glass: Option<String>,
    },
    /// A rule or an unresolved backport is waived, by name and with a reason.
    Waived {
        check: String,
        reason: String,
    },
    /// A person has said that whoever held a lease, or ran a command there, is gone.
    LeaseBroken {
        lease: String,
        /// Who or what that was, in words.
        holder: String,
        reason: String,
    },
    /// This store continues the journal that another one worked on.
    TakenOver {
        from: Holder,
        reason: String,
        /// How many events this store had that are not in the journal; they are kept beside it.
        #[serde(default, skip_serializing_if = "is_zero")]
        shelved: u64,
        /// The step that was not finished there, which a person says has stopped.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stopped: Option<StepName>,
    },
    Ticked {
        item: String,
    },
    NoticeSent {
        notice: String,
    },
    NoticeFailed {
        notice: String,
        error: String,
        /// When the destination wants to be tried again, if it said so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        again: Option<Timestamp>,
    },
    /// From here on the steps are undone, after a `resume` too.
    AbortStarted {
        reason: String,
    },
    UndoStarted {
        step: StepName,
    },
    Undone {
        step: StepName,
        note: String,
    },
    UndoFailed {
        step: StepName,
        error: String,
        hint: Hint,
    },
    Aborted {
        reason: String,
    },
    Closed {},
    ActionAdded {
        action: String,
        kind: String,
        text: String,
        owner: String,
        due: Timestamp,
    },
    ActionDone {
        action: String,
    },
    /// A request from another clone that may not become an event.
    RequestRefused {
        /// The digest of its statement; of a malformed one, its name in the inbox.
        request: String,
        /// Who sent it, as it says: `Name <address>`; empty if that can't be read.
        #[serde(default)]
        from: String,
        /// What it wanted, in words.
        what: String,
        why: String,
    },
    /// A whole backport outside an incident: what was requested, decided and moved. It has a chain of its
    /// own.
    BackportRecorded {
        record: serde_json::Value,
    },
}

impl Fact {
    /// The name under which the fact is written to the journal.
    pub fn name(&self) -> &'static str {
        match self {
            Fact::Declared(_) => "declared",
            Fact::Ordered(_) => "ordered",
            Fact::Numbered { .. } => "numbered",
            Fact::SeverityChanged { .. } => "severity-changed",
            Fact::Noted { .. } => "noted",
            Fact::Acknowledged {} => "acknowledged",
            Fact::Linked { .. } => "linked",
            Fact::Chosen { .. } => "chosen",
            Fact::Planned(_) => "planned",
            Fact::StepStarted { .. } => "step-started",
            Fact::StepDone { .. } => "step-done",
            Fact::StepSkipped { .. } => "step-skipped",
            Fact::StepHeld { .. } => "step-held",
            Fact::StepFailed { .. } => "step-failed",
            Fact::StepWentBad { .. } => "step-went-bad",
            Fact::StepStuck { .. } => "step-stuck",
            Fact::Approved { .. } => "approved",
            Fact::Waived { .. } => "waived",
            Fact::LeaseBroken { .. } => "lease-broken",
            Fact::TakenOver { .. } => "taken-over",
            Fact::Ticked { .. } => "ticked",
            Fact::NoticeSent { .. } => "notice-sent",
            Fact::NoticeFailed { .. } => "notice-failed",
            Fact::AbortStarted { .. } => "abort-started",
            Fact::UndoStarted { .. } => "undo-started",
            Fact::Undone { .. } => "undone",
            Fact::UndoFailed { .. } => "undo-failed",
            Fact::Aborted { .. } => "aborted",
            Fact::Closed {} => "closed",
            Fact::ActionAdded { .. } => "action-added",
            Fact::ActionDone { .. } => "action-done",
            Fact::RequestRefused { .. } => "request-refused",
            Fact::BackportRecorded { .. } => "backport-recorded",
        }
    }

    /// Whether only an incident can have it, and not an order.
    pub fn is_of_an_incident(&self) -> bool {
        matches!(
            self,
            Fact::SeverityChanged { .. }
                | Fact::Acknowledged {}
                | Fact::Chosen { .. }
                | Fact::Planned(Planned { strategy: Some(_), .. })
                | Fact::Approved { .. }
                | Fact::Ticked { .. }
                | Fact::ActionAdded { .. }
                | Fact::ActionDone { .. }
        )
    }

    /// Whether it may still be written once the incident is closed or aborted.
    pub fn may_follow_the_end(&self) -> bool {
        matches!(
            self,
            Fact::Numbered { .. }
                | Fact::Noted { .. }
                | Fact::Linked { .. }
                | Fact::LeaseBroken { .. }
                | Fact::TakenOver { .. }
                | Fact::Ticked { .. }
                | Fact::NoticeSent { .. }
                | Fact::NoticeFailed { .. }
                | Fact::ActionAdded { .. }
                | Fact::ActionDone { .. }
                | Fact::RequestRefused { .. }
        )
    }
}

/// Who worked on a journal before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Holder {
    /// The store's own name.
    pub store: String,
    /// Git's user in the clone that published it, as it says.
    pub who: String,
}

/// A new list of steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Planned {
    /// `None` for the opening and for the way back after a bad deploy.
    pub strategy: Option<Strategy>,
    pub reasons: Vec<String>,
    pub steps: Vec<StepName>,
    /// How production is put back, if somebody chose that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back: Option<Back>,
}

/// The incident as it was reported.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Declaration {
    pub title: String,
    pub severity: Severity,
    /// The rule, reading or person that chose the severity.
    pub chosen_by: String,
    /// When the problem was first seen; the clock of the severity's limit runs from here.
    pub detected: Timestamp,
    #[serde(default)]
    pub impact: String,
    #[serde(default)]
    pub symptoms: Vec<String>,
    #[serde(default)]
    pub services: Vec<String>,
    #[serde(default)]
    pub environment: String,
    #[serde(default)]
    pub region: String,
    #[serde(default)]
    pub users: String,
    #[serde(default)]
    pub assessment: String,
    /// A ticket that existed before, as a path in the repository.
    #[serde(default)]
    pub ticket: Option<String>,
    /// What a watch found to be the cause: no other incident of the same cause is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// The rules in force; unknown in journals of an older hotfix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Box<Version>>,
    /// The decision that fewer people approve than the rules ask for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lowered: Option<Box<Lowered>>,
    /// The commit that broke it, if that is known: branches without it need no fix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken_by: Option<String>,
    /// Nothing of it may reach the remote.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub embargo: bool,
    pub profile: String,
    /// The version of the workflow that the journal's step names belong to.
    pub workflow: u32,
}

impl Declaration {
    /// The text of the report.
    pub fn text(&self) -> String {
        let texts = [&self.title, &self.assessment].into_iter().chain(&self.symptoms);
        texts.map(String::as_str).collect::<Vec<_>>().join("\n")
    }
}

// The form that serde asks for.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Returns the step in `text`, a fact of the journal, that this version does not have.
pub fn unknown_step(text: &str) -> Option<UnknownStep> {
    let fact: serde_json::Value = serde_json::from_str(text).ok()?;
    let planned = fact["steps"].as_array().into_iter().flatten();
    let mut names = planned.chain([&fact["step"]]).filter_map(serde_json::Value::as_str);
    names.find_map(|name| name.parse::<StepName>().err())
}

/// Returns the digest of an event: SHA-256, in hexadecimal, over the length and the bytes of each
/// field in order, so that no two different events have the same input.
pub fn digest(previous: &str, incident: &str, seq: i64, at: Timestamp, actor: &Actor, text: &str) -> String {
    let mut hasher = Sha256::new();
    let (seq, at) = (seq.to_string(), at.as_millisecond().to_string());
    let (who, proof) = (actor.to_string(), actor.proof.written());
    // Events from before identities were recorded have six fields; an empty one would change the digest.
    let proof = Some(proof.as_str()).filter(|proof| !proof.is_empty());
    for field in [previous, incident, &seq, &at, &who, text].into_iter().chain(proof) {
        hasher.update((field.len() as u64).to_be_bytes());
        hasher.update(field.as_bytes());
    }
    hex(&hasher.finalize())
}
