//! A service in the hands of one actor: whatever changes something.

use std::sync::Arc;

use super::error::AppError;
use super::service::Service;
use super::view::plan::PlanView;
use crate::domain::actor::Actor;
use crate::domain::event::{Event, Fact};
use crate::domain::incident::Incident;
use crate::domain::step_name::StepName;
use crate::git::project::Project;
use crate::workflow::engine::{Engine, Until};
use crate::workflow::progress::Progress;

/// Every write is a method of it, and has its actor in the journal.
pub struct Session {
    pub service: Arc<Service>,
    pub actor: Actor,
}

/// How far a person wants the work to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    Investigate,
    Decide,
    Branch,
    Check,
    Deploy,
    /// Up to production shown to be well after a rollback.
    Confirm,
    /// To the end.
    Close,
}

impl Goal {
    fn until(self) -> Until {
        match self {
            Goal::Investigate => Until::Step(StepName::Investigate),
            Goal::Decide => Until::Step(StepName::Decide),
            Goal::Branch => Until::Step(StepName::Branch),
            Goal::Check => Until::Step(StepName::Check),
            Goal::Deploy => Until::Step(StepName::Deploy),
            Goal::Confirm => Until::Step(StepName::Confirm),
            Goal::Close => Until::Closed,
        }
    }
}

impl Session {
    /// Works the incident off until it is held, fails, is stuck, or is as far as `goal`. The head
    /// of its chain is anchored on the remote afterwards. An outage that a watch found gets an incident
    /// of its own.
    pub async fn run(&self, key: &str, goal: Goal, progress: &dyn Progress) -> Result<Incident, AppError> {
        self.number(key).await?;
        // What another process found and did not live to tell.
        self.tell_outage(self.service.incident(key).await?).await?;
        let incident = self.engine(progress).run(key, goal.until()).await?;
        let incident = self.tell_outage(incident).await?;
        self.anchor(&incident).await;
        Ok(incident)
    }

    /// Sends what could not be sent before an incident ended, for the newest ones. Returns how many
    /// notices arrived.
    pub async fn catch_up(&self) -> Result<usize, AppError> {
        let mut arrived = 0;
        for summary in self.service.tools.store.newest(20).await? {
            if summary.ended.is_some() {
                let before = self.service.incident(&summary.key).await?;
                let sent = before.notices_sent.len();
                let after = self.engine(&Unwatched).deliver(before, None).await?;
                arrived += after.notices_sent.len() - sent;
            }
        }
        Ok(arrived)
    }

    /// Takes back what was done, the last step first, and ends the incident.
    pub async fn abort(&self, key: &str, reason: &str, progress: &dyn Progress) -> Result<Incident, AppError> {
        let incident = self.engine(progress).abort(key, reason).await?;
        self.anchor(&incident).await;
        Ok(incident)
    }

    /// What is left to be done, step by step; nothing is changed.
    pub async fn plan(&self, key: &str) -> Result<PlanView, AppError> {
        self.plan_of(&self.service.incident(key).await?).await
    }

    /// What is left to be done for an incident that need not be in the journal yet; nothing is changed.
    pub(super) async fn plan_of(&self, incident: &Incident) -> Result<PlanView, AppError> {
        Ok(PlanView::of(&self.engine(&Unwatched).actions(incident).await?))
    }

    /// Takes over whole journals that were written elsewhere, with their actors, times and digests.
    pub async fn import(&self, journals: &[Vec<Event>]) -> Result<(), AppError> {
        Ok(self.service.tools.store.import(journals).await?)
    }

    /// Appends one fact and tells those who are to hear of it.
    pub(super) async fn record(&self, key: &str, fact: Fact) -> Result<Incident, AppError> {
        Ok(self.engine(&Unwatched).record(key, fact).await?)
    }

    pub(super) fn engine<'a>(&'a self, progress: &'a dyn Progress) -> Engine<'a> {
        Engine {
            journal: self.service.tools.store.as_ref(),
            steps: &self.service.steps,
            courier: &self.service.outbox,
            clock: &self.service.clock,
            progress,
            actor: &self.actor,
        }
    }

    /// Writes the head of the chain to the remote; best done, but no reason to fail or to wait long.
    async fn anchor(&self, incident: &Incident) {
        let tools = &self.service.tools;
        let project = Project { limit: tools.config.git.reserve_limit.0, ..tools.project.clone() };
        if !project.has_remote().await.unwrap_or(false) {
            return;
        }
        if let Err(error) = project.anchor(&incident.id, incident.seq, &incident.head).await {
            tracing::warn!(incident.id, %error, "the journal's head could not be anchored on the remote");
        }
    }
}

/// Nobody looks on.
pub struct Unwatched;

impl Progress for Unwatched {
    fn started(&self, _: &Incident, _: StepName) {}
    fn update(&self, _: &str) {}
    fn ended(&self, _: &Incident, _: StepName) {}
}
