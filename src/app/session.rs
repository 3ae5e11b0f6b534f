//! A service used by one actor: everything that changes something.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::error::AppError;
use super::inbox::{self, Sent};
use super::service::Service;
use super::view::plan::PlanView;
use crate::domain::actor::Actor;
use crate::domain::event::{Event, Fact};
use crate::domain::incident::Incident;
use crate::domain::step_name::StepName;
use crate::git::leftovers;
use crate::workflow::engine::{Engine, Until};
use crate::workflow::progress::Progress;

/// How many of the newest incidents are searched for notices that did not arrive.
const LATELY: u32 = 20;

/// Every write is a method of it, and the journal records its actor.
pub struct Session {
    pub service: Arc<Service>,
    pub actor: Actor,
    /// What it has sent to working clones.
    pub(super) sent: Mutex<Vec<Sent>>,
}

/// How far the run should go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    Investigate,
    Decide,
    Branch,
    Check,
    Deploy,
    /// Up to the verified rollback.
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
    /// Runs the incident until it is held, fails, is stuck, or has reached `goal`. Then the head of its chain
    /// is anchored on the remote. An outage that a watch found gets its own incident.
    pub async fn run(&self, key: &str, goal: Goal, progress: &dyn Progress) -> Result<Incident, AppError> {
        leftovers::remove(&self.service.tools.project.common);
        self.number(key).await?;
        // An outage that another process found, and died before declaring it.
        self.declare_outage(self.service.incident(key).await?).await?;
        // Nobody elsewhere knows of one that is only declared, and nothing delays its start.
        if !self.service.incident(key).await?.plans.is_empty() {
            self.take_in_lately(progress).await;
        }
        loop {
            let engine = self.engine(progress);
            // Boxed, because what waits beside it would have copies of it: the stack is not large.
            let work = self.publishing(key, Box::pin(engine.run(key, goal.until())));
            let incident = self.beside_the_inbox(key, progress, work).await?;
            let incident = self.declare_outage(incident).await?;
            Box::pin(self.service.tools.anchor(&incident)).await;
            // What it waits for may have been sent while it ran.
            if !inbox::may_be_sent(&incident) || !self.take_in_now(key, progress).await {
                return Ok(incident);
            }
            let now = self.service.incident(key).await?;
            if !self.service.is_settled(&incident, &now) {
                return Ok(now);
            }
        }
    }

    /// Sends what could not be sent before, of the newest incidents that are over and of those that are open
    /// and that nobody works on, for `limit` at most. Returns the number of notices that arrived.
    pub async fn catch_up(&self, limit: Duration) -> Result<usize, AppError> {
        let (service, start) = (&self.service, Instant::now());
        if service.config().notify.is_empty() {
            return Ok(0);
        }
        let mut arrived = 0;
        for summary in service.tools.store.newest(LATELY).await? {
            // Whoever works on it sends its notices.
            if service.others().await?.find(&summary.key).is_some() {
                continue;
            }
            let before = service.incident(&summary.key).await?;
            let left = limit.saturating_sub(start.elapsed());
            if left.is_zero() || !service.has_notices(&before) {
                continue;
            }
            let sent = before.notices_sent.len();
            let after = self.engine(&Unwatched).catch_up(before, left).await?;
            arrived += after.notices_sent.len() - sent;
        }
        Ok(arrived)
    }

    /// Undoes what was done, the last step first, and ends the incident.
    pub async fn abort(&self, key: &str, reason: &str, progress: &dyn Progress) -> Result<Incident, AppError> {
        let incident = self.publishing(key, Box::pin(self.engine(progress).abort(key, reason))).await?;
        Box::pin(self.service.tools.anchor(&incident)).await;
        Ok(incident)
    }

    /// What is left to do, step by step; changes nothing.
    pub async fn plan(&self, key: &str) -> Result<PlanView, AppError> {
        self.plan_of(&self.service.incident(key).await?).await
    }

    /// What is left to do for an incident that need not be in the journal yet; changes nothing.
    pub(super) async fn plan_of(&self, incident: &Incident) -> Result<PlanView, AppError> {
        Ok(PlanView::of(&self.engine(&Unwatched).actions(incident).await?))
    }

    /// Imports whole journals that were written elsewhere, with their actors, times and digests.
    /// Returns the keys of those that were not here as they are now.
    pub async fn import(&self, journals: &[Vec<Event>]) -> Result<Vec<String>, AppError> {
        Ok(self.service.tools.store.import(journals).await?)
    }

    /// Appends one fact and notifies those who want to know of it. It is signed first, if its kind has to be.
    pub(super) async fn record(&self, key: &str, fact: Fact) -> Result<Incident, AppError> {
        let actor = self.proven(key, &fact).await?;
        self.record_as(&actor, key, fact).await
    }

    /// The same in the name of the session's actor with a proof of this fact.
    pub(super) async fn record_as(&self, actor: &Actor, key: &str, fact: Fact) -> Result<Incident, AppError> {
        let incident = self.record_unpublished(actor, key, fact).await?;
        Box::pin(self.service.tools.publish_beside(key)).await;
        Ok(incident)
    }

    /// The same, for a caller that publishes several facts at once.
    pub(super) async fn record_unpublished(&self, actor: &Actor, key: &str, fact: Fact) -> Result<Incident, AppError> {
        Ok(Engine { actor, ..self.engine(&Unwatched) }.record(key, fact).await?)
    }

    /// Does `work` on an incident, and publishes what it has written meanwhile, at most every `team.every`. The work
    /// does not wait for it.
    async fn publishing<T>(&self, key: &str, mut work: Pin<Box<impl Future<Output = T>>>) -> T {
        let tools = &self.service.tools;
        let mut asked = Instant::now();
        loop {
            tokio::select! {
                biased;
                ended = &mut work => return ended,
                () = tokio::time::sleep(tools.config.team.every.0) => {}
            }
            let publishing = async {
                tools.publish_beside(key).await;
                // Where nothing is new, nothing is pushed that could fail because another clone took over.
                if asked.elapsed() >= tools.config.team.fetch.0 {
                    tools.ask_who_works_on_key(key).await;
                    asked = Instant::now();
                }
            };
            let mut publishing = Box::pin(publishing);
            tokio::select! {
                ended = &mut work => {
                    // A push that was killed would leave open what the remote has.
                    publishing.await;
                    return ended;
                }
                () = &mut publishing => {}
            }
        }
    }

    pub(super) fn engine<'a>(&'a self, progress: &'a dyn Progress) -> Engine<'a> {
        Engine {
            journal: &self.service.mirror,
            steps: &self.service.steps,
            courier: &self.service.outbox,
            clock: &self.service.clock,
            progress,
            actor: &self.actor,
        }
    }
}

/// Reports to nobody.
pub struct Unwatched;

impl Progress for Unwatched {
    fn started(&self, _: &Incident, _: StepName) {}
    fn update(&self, _: &str) {}
    fn ended(&self, _: &Incident, _: StepName) {}
}
