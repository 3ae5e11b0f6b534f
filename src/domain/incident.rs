//! The state of an incident, made from its journal.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::actor::Actor;
use super::case::Case;
use super::event::Declaration;
use super::evidence::{Detail, Evidence};
use super::next::Hint;
use super::order::Order;
use super::production::{Deploy, RollBack};
use super::rung::Back;
use super::severity::Severity;
use super::step_name::StepName;
use super::strategy::Strategy;

/// The fold of an incident's events; see [`crate::workflow::journal::fold`]. An order
/// without an incident has the same steps; `case` says which of the two it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Incident {
    /// The identifier it was declared under; its events are stored under this key forever.
    pub key: String,
    /// The identifier that people use: the key, or the number that replaced a provisional key.
    pub id: String,
    pub case: Case,
    /// The current one; an order has none.
    pub severity: Option<Severity>,
    pub status: Status,
    pub declared: Timestamp,
    pub reporter: Actor,
    pub strategy: Option<Strategy>,
    /// What a person chose and the step `decide` has not used yet, with the reason.
    pub choice: Option<(Strategy, String)>,
    /// Every list of steps so far; the last one is current.
    pub plans: Vec<Plan>,
    pub notes: Vec<Note>,
    pub acknowledged_by: Vec<Actor>,
    /// Other incidents that are related to this one.
    pub links: Vec<Link>,
    /// An outage that a step found, until its own incident is linked.
    pub outage: Option<Outage>,
    pub approvals: Vec<Approval>,
    pub waivers: Vec<Waiver>,
    pub ticked: Vec<String>,
    /// The messages for those who wait, in order.
    pub announcements: Vec<Announcement>,
    /// Notices that arrived.
    pub notices_sent: BTreeSet<String>,
    /// Notices that did not arrive yet: attempts, and the last one's time and error.
    pub notices_failed: BTreeMap<String, FailedNotice>,
    pub actions: Vec<Action>,
    /// Why it is being aborted, or was.
    pub aborting: Option<String>,
    pub ended: Option<Timestamp>,
    /// The digests of the [statements](super::statement::Statement) that became events.
    pub statements: BTreeSet<String>,
    /// The requests from other clones that did not become events, in order.
    pub refused: Vec<RefusedRequest>,
    /// The first event's digest.
    pub root: String,
    /// The last event's number, time and digest.
    pub seq: i64,
    pub updated: Timestamp,
    pub head: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    Open,
    /// Waits for a guard, a gate, an approval or a person.
    Held,
    Failed,
    Stuck,
    Aborting,
    Aborted,
    Closed,
}

impl Status {
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Open => "open",
            Status::Held => "held",
            Status::Failed => "failed",
            Status::Stuck => "stuck",
            Status::Aborting => "aborting",
            Status::Aborted => "aborted",
            Status::Closed => "closed",
        }
    }

    pub fn is_over(self) -> bool {
        matches!(self, Status::Aborted | Status::Closed)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Plan {
    pub strategy: Option<Strategy>,
    pub reasons: Vec<String>,
    pub steps: Vec<StepRecord>,
    pub back: Option<Back>,
}

impl Plan {
    pub fn has(&self, step: StepName) -> bool {
        self.steps.iter().any(|record| record.name == step)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepRecord {
    pub name: StepName,
    pub state: StepState,
    /// What a stuck step did so far; kept while it is tried again, and while a finished step is undone.
    pub partial: Option<Evidence>,
    pub started: Option<Timestamp>,
    pub ended: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum StepState {
    Waiting,
    Started,
    Done { evidence: Evidence },
    Skipped { reason: String },
    Held { reason: String, hint: Hint },
    Failed { error: String, hint: Hint },
    WentBad { evidence: Evidence },
    Stuck { error: String, hint: Hint },
    Undoing,
    Undone { note: String },
}

impl StepState {
    /// Whether the step needs nothing more in this plan.
    pub fn is_settled(&self) -> bool {
        matches!(self, StepState::Done { .. } | StepState::Skipped { .. } | StepState::WentBad { .. })
    }

    pub fn as_str(&self) -> &'static str {
        match self {
            StepState::Waiting => "waiting",
            StepState::Started => "started",
            StepState::Done { .. } => "done",
            StepState::Skipped { .. } => "skipped",
            StepState::Held { .. } => "held",
            StepState::Failed { .. } => "failed",
            StepState::WentBad { .. } => "bad",
            StepState::Stuck { .. } => "stuck",
            StepState::Undoing => "undoing",
            StepState::Undone { .. } => "undone",
        }
    }

    /// Its result or its problem, on one line.
    pub fn summary(&self) -> &str {
        match self {
            StepState::Done { evidence } | StepState::WentBad { evidence } => &evidence.summary,
            StepState::Skipped { reason } | StepState::Held { reason, .. } => reason,
            StepState::Failed { error, .. } | StepState::Stuck { error, .. } => error,
            StepState::Undone { note } => note,
            StepState::Waiting | StepState::Started | StepState::Undoing => "",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Note {
    pub at: Timestamp,
    pub by: Actor,
    pub text: String,
    pub update: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Link {
    /// The other incident's key.
    pub incident: String,
    pub why: String,
}

/// A failure that has another cause than this incident.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outage {
    pub cause: String,
    pub found: Timestamp,
    /// What was seen, on one line.
    pub seen: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Approval {
    pub at: Timestamp,
    pub by: Actor,
    pub role: String,
    pub commit: String,
    pub break_glass: Option<String>,
    /// The fact as the journal has it, which is what a signature is over.
    #[serde(skip)]
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Waiver {
    pub at: Timestamp,
    pub by: Actor,
    pub check: String,
    pub reason: String,
}

/// A request from another clone that may not become an event.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RefusedRequest {
    pub at: Timestamp,
    /// The digest of its statement, or its name in the inbox.
    pub request: String,
    pub from: String,
    pub what: String,
    pub why: String,
}

/// A message for people who are not at the keyboard.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Announcement {
    pub seq: i64,
    pub at: Timestamp,
    pub topic: Topic,
    pub text: String,
}

/// The topic of an announcement; destinations choose by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Topic {
    Declared,
    Acknowledged,
    Severity,
    Strategy,
    Update,
    /// Somebody has to approve or to decide.
    Wanted,
    Deployed,
    Verified,
    Bad,
    RolledBack,
    Stuck,
    Aborted,
    Closed,
}

impl Topic {
    /// The start of a message about it.
    pub fn title(self) -> &'static str {
        match self {
            Topic::Declared => "declared",
            Topic::Acknowledged => "acknowledged",
            Topic::Severity => "severity changed",
            Topic::Strategy => "strategy",
            Topic::Update => "update",
            Topic::Wanted => "waits for a person",
            Topic::Deployed => "deployed",
            Topic::Verified => "verified",
            Topic::Bad => "went bad",
            Topic::RolledBack => "rolled back",
            Topic::Stuck => "stuck, a person is needed",
            Topic::Aborted => "aborted",
            Topic::Closed => "resolved",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct FailedNotice {
    pub attempts: u32,
    pub at: Timestamp,
    pub error: String,
    /// When the destination wants to be tried again, if it said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub again: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Action {
    pub id: String,
    pub kind: String,
    pub text: String,
    pub owner: String,
    pub due: Timestamp,
    pub done: Option<Timestamp>,
}

impl Incident {
    pub fn title(&self) -> String {
        self.case.title()
    }

    /// The declaration; `None` for an order.
    pub fn declaration(&self) -> Option<&Declaration> {
        self.case.declaration()
    }

    /// The order; `None` for an incident.
    pub fn order(&self) -> Option<&Order> {
        self.case.order()
    }

    /// When the problem was first seen, or when it was ordered.
    pub fn detected(&self) -> Timestamp {
        self.case.detected().unwrap_or(self.declared)
    }

    /// The current list of steps.
    pub fn plan(&self) -> Option<&Plan> {
        self.plans.last()
    }

    /// The step that is next or running: the first of the current plan that is not settled.
    pub fn current(&self) -> Option<&StepRecord> {
        self.plan()?.steps.iter().find(|step| !step.state.is_settled())
    }

    /// Every step of every plan, in order.
    pub fn steps(&self) -> impl DoubleEndedIterator<Item = &StepRecord> {
        self.plans.iter().flat_map(|plan| &plan.steps)
    }

    /// The steps that an abort undoes, the last one first.
    pub fn to_undo(&self) -> impl Iterator<Item = &StepRecord> {
        self.steps().rev().filter(|step| {
            !matches!(step.state, StepState::Waiting | StepState::Skipped { .. } | StepState::Undone { .. })
        })
    }

    /// The last evidence of the step of `T`'s name, in any plan.
    pub fn detail<T: Detail>(&self) -> Option<T> {
        self.details::<T>().pop()
    }

    /// All evidence of steps of `T`'s name that was not undone, the oldest first.
    pub fn details<T: Detail>(&self) -> Vec<T> {
        self.steps()
            .filter(|step| step.name == T::STEP)
            .filter_map(|step| match &step.state {
                StepState::Done { evidence } | StepState::WentBad { evidence } => Some(evidence),
                StepState::Undone { .. } => None,
                _ => step.partial.as_ref(),
            })
            .filter_map(|evidence| serde_json::from_value(evidence.detail.clone()).ok())
            .collect()
    }

    /// `001 P0`, or the identifier of an order.
    pub fn label(&self) -> String {
        match self.severity {
            Some(severity) => format!("{} {severity}", self.id),
            None => self.id.clone(),
        }
    }

    /// Whether the last change of production, finished or bad, was a deploy.
    pub fn is_last_deployed(&self) -> bool {
        let mut changes = self.steps().filter(|step| match step.state {
            StepState::Done { .. } | StepState::WentBad { .. } => true,
            _ => step.partial.is_some(),
        });
        changes
            .rfind(|step| step.name == Deploy::STEP || step.name == RollBack::STEP)
            .is_some_and(|step| step.name == Deploy::STEP)
    }

    /// Whether a deploy was ordered, and production is on what ran before.
    pub fn went_back(&self) -> bool {
        self.case.is_deploy() && self.detail::<RollBack>().is_some() && !self.is_last_deployed()
    }

    /// Whether a request was taken in or refused before.
    pub fn has_answered(&self, request: &str) -> bool {
        self.statements.contains(request) || self.refused.iter().any(|refused| refused.request == request)
    }

    /// Whether `check` is waived.
    pub fn is_waived(&self, check: &str) -> bool {
        self.waivers.iter().any(|waiver| waiver.check == check)
    }

    /// When the watch of the current strategy verified production. A way back that is followed by another
    /// decision does not count: the problem is still there.
    pub fn verified(&self) -> Option<Timestamp> {
        let plan = self.plan().filter(|plan| plan.strategy.is_some())?;
        plan.steps
            .iter()
            .filter(|step| matches!(step.name, StepName::Watch | StepName::Confirm))
            .rfind(|step| matches!(step.state, StepState::Done { .. }))
            .and_then(|step| step.ended)
    }

    /// Whether it was aborted before production was changed for it.
    pub fn is_false_alarm(&self) -> bool {
        let changes = |step: &StepRecord| matches!(step.name, StepName::Deploy | StepName::RollBack);
        self.status == Status::Aborted && !self.steps().any(|step| changes(step) && step.started.is_some())
    }

    /// The last status update, or the declaration if there was none.
    pub fn last_update(&self) -> Timestamp {
        self.notes.iter().rfind(|note| note.update).map_or(self.declared, |note| note.at)
    }
}
