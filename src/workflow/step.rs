//! What a step is.

use async_trait::async_trait;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::progress::Progress;
use crate::domain::actor::Actor;
use crate::domain::evidence::Evidence;
use crate::domain::incident::Incident;
use crate::domain::next::{Hint, Next};
use crate::domain::rung::Back;
use crate::domain::step_name::StepName;

/// One step of the job: a change of the world, made once.
///
/// A step may be run again after a crash at any moment, so [`Step::run`] looks at the world before
/// each change and skips what is already there.
#[async_trait]
pub trait Step: Send + Sync {
    fn name(&self) -> StepName;

    /// Returns what [`Step::run`] would change, in order, without changing anything.
    async fn actions(&self, at: &Moment<'_>) -> Result<Vec<Action>, StepError>;

    async fn run(&self, at: &Moment<'_>) -> Result<Outcome, StepError>;

    /// Asks the world whether the whole step already happened; the evidence if it did. A step without traces
    /// is run again.
    async fn verify(&self, _: &Moment<'_>) -> Result<Option<Evidence>, StepError> {
        Ok(None)
    }

    /// Undoes what the step did, or says why there is nothing to undo.
    async fn undo(&self, _: &Moment<'_>) -> Result<Undo, StepError> {
        Ok(Undo::Nothing("nothing to take back".to_owned()))
    }
}

/// The incident when a step is called, and what the step may use.
pub struct Moment<'a> {
    pub incident: &'a Incident,
    /// Who wants it done.
    pub actor: &'a Actor,
    pub clock: &'a dyn Clock,
    pub progress: &'a dyn Progress,
}

impl Moment<'_> {
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// Where time comes from.
pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    Done(Evidence),
    /// There was nothing to do.
    Skipped(String),
    /// Something else has to happen first that this step can't do.
    Held {
        reason: String,
        hint: Hint,
    },
    /// Held by a failure with another cause than the release: it gets its own incident.
    Outage {
        cause: String,
        reason: String,
        hint: Hint,
    },
    /// The result of an earlier step no longer holds: the plan continues from that step again.
    Back {
        to: StepName,
        reason: String,
    },
    /// Production is bad: go the way back.
    Bad(Evidence),
    /// Production could not be put back this way: the plan from the rollback on is run again, another way.
    Climb {
        back: Back,
        reason: String,
    },
}

/// How an undo ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Undo {
    Done(String),
    Nothing(String),
}

/// The verb of an action that is none: a person has to act first, for the reason that is its object.
pub const BE_HELD: &str = "be held";

/// A change that a step would make, for `--dry-run`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Action {
    pub verb: &'static str,
    pub object: String,
}

impl Action {
    pub fn new(verb: &'static str, object: impl Into<String>) -> Action {
        Action { verb, object: object.into() }
    }
}

/// Why a step could not do its work.
#[derive(Debug)]
pub struct StepError {
    pub message: String,
    /// What can be done about it.
    pub hint: Hint,
    /// Whether trying again is useless until a person has decided something.
    pub stuck: bool,
    /// What was done before, if that is worth keeping.
    pub evidence: Option<Evidence>,
}

impl StepError {
    pub fn failed(message: impl Into<String>, hint: impl Into<Hint>) -> StepError {
        StepError { message: message.into(), hint: hint.into(), stuck: false, evidence: None }
    }

    pub fn stuck(message: impl Into<String>, hint: impl Into<Hint>) -> StepError {
        StepError { message: message.into(), hint: hint.into(), stuck: true, evidence: None }
    }

    /// The same, with what was done before.
    #[must_use]
    pub fn after(mut self, evidence: Evidence) -> StepError {
        self.evidence = Some(evidence);
        self
    }
}

impl<E: std::error::Error> From<E> for StepError {
    /// An error with no better advice than to try again.
    fn from(error: E) -> StepError {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            message = format!("{message}: {cause}");
            source = cause.source();
        }
        StepError::failed(message, Next::Resume)
    }
}
