//! Runs the steps of an incident, resumes them after a crash, and undoes them.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::watch;

use super::courier::{Courier, Notice, Undelivered};
use super::journal::{self, Entry, Journal, JournalError, Lease, fold, record};
use super::plan::{self, Next, WORKFLOW, next};
use super::progress::Progress;
use super::step::{Action, Clock, Moment, Outcome, Step, StepError, Undo};
use crate::domain::actor::Actor;
use crate::domain::event::{Fact, Planned};
use crate::domain::incident::{Incident, Status, StepRecord, StepState};
use crate::domain::rung::Back;
use crate::domain::step_name::StepName;

/// How long a lease lasts without being renewed, in seconds.
pub const LEASE: u32 = 30;

/// How long the destinations of notices may take together where no work is done meanwhile. Shorter than the
/// rest of a destination that failed.
pub const ROUND: Duration = Duration::from_secs(2);

/// The engine, with everything that it uses.
pub struct Engine<'a> {
    pub journal: &'a dyn Journal,
    pub steps: &'a [Box<dyn Step>],
    pub courier: &'a dyn Courier,
    pub clock: &'a dyn Clock,
    pub progress: &'a dyn Progress,
    /// Who wants it done.
    pub actor: &'a Actor,
}

type Sent = Result<(), Undelivered>;

#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("unknown incident `{0}`")]
    Unknown(String),
    #[error("`{id}` was started by another version of hotfix: {why}")]
    Version { id: String, why: String },
}

/// How far a run should go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// Up to and including this step.
    Step(StepName),
    /// To the end.
    Closed,
}

impl Engine<'_> {
    /// Runs the steps to the end, until `until` is done, or until one is held, fails or is stuck; the
    /// incident's status says which. An interrupted abort continues instead.
    pub async fn run(&self, key: &str, until: Until) -> Result<Incident, EngineError> {
        let lease = self.journal.acquire(&format!("incident/{key}"), self.actor, LEASE).await?;
        let ended = self.keeping(&lease, self.work(key, until, &lease)).await;
        self.journal.release(&lease).await?;
        ended
    }

    /// Undoes every step that was started, the last one first, and aborts the incident.
    pub async fn abort(&self, key: &str, reason: &str) -> Result<Incident, EngineError> {
        let lease = self.journal.acquire(&format!("incident/{key}"), self.actor, LEASE).await?;
        let aborted = async {
            let mut incident = self.load(key).await?;
            if incident.aborting.is_none() {
                incident =
                    self.append(incident, Fact::AbortStarted { reason: reason.to_owned() }, Some(&lease)).await?;
            }
            self.undo(incident, &lease).await
        };
        let ended = self.keeping(&lease, aborted).await;
        self.journal.release(&lease).await?;
        ended
    }

    /// Returns, step by step, what is left to do; changes nothing.
    pub async fn actions(
        &self,
        incident: &Incident,
    ) -> Result<Vec<(StepName, Result<Vec<Action>, StepError>)>, EngineError> {
        let names: Vec<StepName> = match next(incident) {
            Next::Plan(planned) => planned.steps,
            Next::Close | Next::Over => Vec::new(),
            Next::Run(_) | Next::Verify(_) | Next::Retry(_) => {
                let left = incident.plan().map(|plan| &plan.steps[..]).unwrap_or_default();
                left.iter().filter(|step| !step.state.is_settled()).map(|step| step.name).collect()
            }
        };
        let mut actions = Vec::new();
        for name in names {
            let step = self.step(incident, name)?;
            actions.push((name, step.actions(&self.moment(incident)).await));
        }
        Ok(actions)
    }

    /// Appends one fact, and notifies those who want to know of it.
    pub async fn record(&self, key: &str, fact: Fact) -> Result<Incident, EngineError> {
        let incident = self.load(key).await?;
        let incident = self.append(incident, fact, None).await?;
        self.deliver(incident, None).await
    }

    /// The same with the fact that `decide` makes from the current incident.
    pub async fn record_decided(
        &self,
        key: &str,
        decide: &(dyn Fn(&Incident) -> Fact + Sync),
    ) -> Result<Incident, EngineError> {
        let by = (self.actor, self.clock.now());
        let incident = journal::record_decided(self.journal, key, by, decide).await?;
        self.deliver(incident, None).await
    }

    /// Sends what was not delivered yet, for [`ROUND`] at most.
    pub async fn deliver(&self, incident: Incident, lease: Option<&Lease>) -> Result<Incident, EngineError> {
        Ok(self.beside(incident, lease, ROUND, std::future::ready(())).await?.0)
    }

    /// Sends what was not delivered yet of a journal that nobody works on, for `limit` at most. Returns the
    /// incident; what somebody works on is left to them.
    pub async fn catch_up(&self, incident: Incident, limit: Duration) -> Result<Incident, EngineError> {
        let lease = match self.journal.acquire(&format!("incident/{}", incident.key), self.actor, LEASE).await {
            Ok(lease) => lease,
            Err(JournalError::Leased { .. }) => return Ok(incident),
            Err(error) => return Err(error.into()),
        };
        let ended = self.beside(incident, Some(&lease), limit, std::future::ready(()));
        let ended = self.keeping(&lease, async { Ok(ended.await?.0) }).await;
        self.journal.release(&lease).await?;
        ended
    }

    /// Does `work`, and meanwhile sends what was not delivered yet. Returns the incident after it, and the
    /// result of the work. A destination that does not answer gets as long as the work takes, and `patience`
    /// at least.
    async fn beside<T>(
        &self,
        incident: Incident,
        lease: Option<&Lease>,
        patience: Duration,
        work: impl Future<Output = T>,
    ) -> Result<(Incident, T), EngineError> {
        let (going, stop) = watch::channel(());
        let start = tokio::time::Instant::now();
        let mut work = std::pin::pin!(work);
        let mut delivery = std::pin::pin!(self.send_all(incident, lease, stop));
        let mut delivered = None;
        let ended = loop {
            tokio::select! {
                ended = &mut work => break ended,
                incident = &mut delivery, if delivered.is_none() => delivered = Some(incident?),
            }
        };
        let incident = match delivered {
            Some(incident) => incident,
            None => {
                let stopping = async {
                    tokio::time::sleep_until(start + patience).await;
                    drop(going);
                    std::future::pending::<()>().await;
                };
                tokio::select! {
                    incident = delivery => incident?,
                    () = stopping => unreachable!("it never ends"),
                }
            }
        };
        Ok((incident, ended))
    }

    /// Sends to all destinations at the same time, and records each end as soon as it is known. What is not
    /// delivered when the sender of `stop` is gone has failed.
    async fn send_all(
        &self,
        mut incident: Incident,
        lease: Option<&Lease>,
        stop: watch::Receiver<()>,
    ) -> Result<Incident, EngineError> {
        let now = self.clock.now();
        let pending = |destination: &&str| self.courier.pending(destination, &incident, now);
        let pending: Vec<_> = self.courier.destinations().iter().map(pending).collect();
        let mut sending: FuturesUnordered<_> =
            pending.into_iter().map(|notices| self.send(notices, stop.clone())).collect();
        while let Some(ended) = sending.next().await {
            for (notice, sent) in ended {
                for fact in self.outcome(&notice, sent) {
                    incident = self.append(incident, fact, lease).await?;
                }
            }
        }
        Ok(incident)
    }

    /// Sends the notices to one destination, in order: what follows an undelivered notice waits for it.
    async fn send(&self, notices: Vec<Notice>, mut stop: watch::Receiver<()>) -> Vec<(Notice, Sent)> {
        let mut ended = Vec::new();
        for notice in notices {
            let sent = tokio::select! {
                sent = self.courier.send(&notice) => sent,
                // Nothing is ever sent on it: its sender is gone.
                _ = stop.changed() => Err("no answer in time".to_owned().into()),
            };
            let failed = sent.is_err();
            ended.push((notice, sent));
            if failed {
                break;
            }
        }
        ended
    }

    /// The facts of how the sending of a notice ended.
    fn outcome(&self, notice: &Notice, sent: Sent) -> Vec<Fact> {
        match sent {
            Ok(()) => {
                let delivered = notice.covers.iter().chain([&notice.id]);
                delivered.map(|notice| Fact::NoticeSent { notice: notice.clone() }).collect()
            }
            Err(Undelivered { reason, retry_after }) => {
                let again = retry_after.and_then(|rest| self.clock.now().checked_add(rest).ok());
                vec![Fact::NoticeFailed { notice: notice.first().to_owned(), error: reason, again }]
            }
        }
    }

    async fn work(&self, key: &str, until: Until, lease: &Lease) -> Result<Incident, EngineError> {
        let mut incident = self.load(key).await?;
        if until == Until::Closed && incident.aborting.is_some() && !incident.status.is_over() {
            return self.undo(incident, lease).await;
        }
        let mut retried = false;
        let mut went_back = Vec::new();
        loop {
            if let Until::Step(name) = until
                && is_past(&incident, name)
            {
                return self.deliver(incident, Some(lease)).await;
            }
            let (name, verify) = match next(&incident) {
                Next::Over => return self.deliver(incident, Some(lease)).await,
                Next::Close => {
                    incident = self.append(incident, Fact::Closed {}, Some(lease)).await?;
                    continue;
                }
                Next::Plan(planned) => {
                    incident = self.append(incident, Fact::Planned(planned), Some(lease)).await?;
                    continue;
                }
                Next::Verify(name) => (name, true),
                Next::Run(name) => {
                    incident = self.append(incident, Fact::StepStarted { step: name }, Some(lease)).await?;
                    (name, false)
                }
                // Somebody asked for this run, so what stopped the previous one is tried again, once.
                Next::Retry(_) if retried => return self.deliver(incident, Some(lease)).await,
                Next::Retry(name) => {
                    incident = self.append(incident, Fact::StepStarted { step: name }, Some(lease)).await?;
                    (name, true)
                }
            };
            retried = true;
            self.progress.started(&incident, name);
            let before = incident.clone();
            let (after, ended) = self.beside(incident, Some(lease), ROUND, self.execute(&before, name, verify)).await?;
            let (outcome, turn) = ended?;
            incident = self.append(after, outcome, Some(lease)).await?;
            self.progress.ended(&incident, name);
            let planned = match turn {
                // Sent back by the same step twice in one run: a person has to look at it.
                Turn::Back(to) if !went_back.contains(&name) => again(&incident, to),
                // Each rung is higher than the one before, so this ends.
                Turn::Climb(back) => Some(climb(&incident, back)),
                Turn::Back(_) | Turn::None => None,
            };
            if let Some(planned) = planned {
                went_back.push(name);
                incident = self.append(incident, Fact::Planned(planned), Some(lease)).await?;
                continue;
            }
            if matches!(incident.status, Status::Held | Status::Failed | Status::Stuck) {
                return self.deliver(incident, Some(lease)).await;
            }
        }
    }

    /// Runs a step, or finds that it has run, and returns the event for that, and how the plan changes.
    async fn execute(&self, incident: &Incident, name: StepName, verify: bool) -> Result<(Fact, Turn), EngineError> {
        let step = self.step(incident, name)?;
        let moment = self.moment(incident);
        let ended = async {
            if verify && let Some(evidence) = step.verify(&moment).await? {
                return Ok(Outcome::Done(evidence));
            }
            step.run(&moment).await
        };
        let step = name;
        let mut turn = Turn::None;
        let fact = match ended.await {
            // Held first: if the process dies before the plan is changed, the step is tried again.
            Ok(Outcome::Back { to, reason }) => {
                turn = Turn::Back(to);
                Fact::StepHeld { step, reason, hint: crate::domain::next::Next::Resume.into(), outage: None }
            }
            Ok(Outcome::Climb { back, reason }) => {
                turn = Turn::Climb(back);
                Fact::StepHeld { step, reason, hint: crate::domain::next::Next::Resume.into(), outage: None }
            }
            Ok(Outcome::Done(evidence)) => Fact::StepDone { step, evidence },
            Ok(Outcome::Skipped(reason)) => Fact::StepSkipped { step, reason },
            Ok(Outcome::Held { reason, hint }) => Fact::StepHeld { step, reason, hint, outage: None },
            Ok(Outcome::Outage { cause, reason, hint }) => Fact::StepHeld { step, reason, hint, outage: Some(cause) },
            Ok(Outcome::Bad(evidence)) => Fact::StepWentBad { step, evidence },
            Err(StepError { message: error, hint, stuck: true, evidence }) => {
                Fact::StepStuck { step, error, hint, evidence }
            }
            Err(StepError { message: error, hint, .. }) => Fact::StepFailed { step, error, hint },
        };
        Ok((fact, turn))
    }

    async fn undo(&self, mut incident: Incident, lease: &Lease) -> Result<Incident, EngineError> {
        loop {
            let Some(record) = incident.to_undo().next() else { break };
            let name = record.name;
            if record.state != StepState::Undoing {
                incident = self.append(incident, Fact::UndoStarted { step: name }, Some(lease)).await?;
            }
            self.progress.started(&incident, name);
            let undone = self.step(&incident, name)?.undo(&self.moment(&incident)).await;
            let failed = undone.is_err();
            let fact = match undone {
                Ok(Undo::Done(note) | Undo::Nothing(note)) => Fact::Undone { step: name, note },
                Err(error) => Fact::UndoFailed { step: name, error: error.message, hint: error.hint },
            };
            incident = self.append(incident, fact, Some(lease)).await?;
            self.progress.ended(&incident, name);
            if failed {
                return self.deliver(incident, Some(lease)).await;
            }
        }
        let reason = incident.aborting.clone().unwrap_or_default();
        incident = self.append(incident, Fact::Aborted { reason }, Some(lease)).await?;
        self.deliver(incident, Some(lease)).await
    }

    async fn append(&self, incident: Incident, fact: Fact, lease: Option<&Lease>) -> Result<Incident, EngineError> {
        let key = incident.key.clone();
        let entry = Entry { key: &key, actor: self.actor, now: self.clock.now(), fact: &fact, lease };
        Ok(record(self.journal, Some(incident), entry).await?)
    }

    /// Does `work` and renews the lease meanwhile; ends early if it is lost.
    async fn keeping<T>(
        &self,
        lease: &Lease,
        work: impl Future<Output = Result<T, EngineError>>,
    ) -> Result<T, EngineError> {
        let mut beat = tokio::time::interval(Duration::from_secs(u64::from(LEASE) / 3));
        beat.tick().await;
        // At the same time as the work: the work may hold the connection that the renewal waits for.
        let lost = async {
            loop {
                beat.tick().await;
                if let Err(error) = self.journal.renew(lease, LEASE).await {
                    return error;
                }
            }
        };
        tokio::select! {
            ended = work => ended,
            error = lost => Err(error.into()),
        }
    }

    async fn load(&self, key: &str) -> Result<Incident, EngineError> {
        let events = self.journal.events(key).await?;
        let incident = fold(&events).map_err(JournalError::from)?;
        incident.ok_or_else(|| EngineError::Unknown(key.to_owned()))
    }

    fn step(&self, incident: &Incident, name: StepName) -> Result<&dyn Step, EngineError> {
        let version = incident.case.workflow();
        let step = self.steps.iter().find(|step| step.name() == name).map(Box::as_ref);
        match step {
            Some(step) if version == WORKFLOW => Ok(step),
            Some(_) => Err(EngineError::Version {
                id: incident.id.clone(),
                why: format!("its workflow is version {version}, this one has {WORKFLOW}"),
            }),
            None => {
                Err(EngineError::Version { id: incident.id.clone(), why: format!("this one has no step `{name}`") })
            }
        }
    }

    fn moment<'b>(&'b self, incident: &'b Incident) -> Moment<'b> {
        Moment { incident, actor: self.actor, clock: self.clock, progress: self.progress }
    }
}

/// Whether a run up to the step `name` has ended: the step is settled, or the current strategy has no
/// such step. A step that went bad is not the end: the way back follows.
fn is_past(incident: &Incident, name: StepName) -> bool {
    let Some(plan) = incident.plan() else { return false };
    let settled = |step: &StepRecord| {
        step.name == name && step.state.is_settled() && !matches!(step.state, StepState::WentBad { .. })
    };
    match plan.steps.iter().find(|step| step.name == name) {
        Some(step) => settled(step),
        None => plan.strategy.is_some() || incident.steps().any(settled),
    }
}

/// The plan again from the step `to` on; `None` if it has no such step.
fn again(incident: &Incident, to: StepName) -> Option<Planned> {
    let plan = incident.plan()?;
    let (strategy, back) = (plan.strategy, plan.back.clone());
    let steps: Vec<_> = plan::whole(incident)?.iter().copied().skip_while(|name| *name != to).collect();
    let reason = incident.current().map_or(String::new(), |step| step.state.summary().to_owned());
    (!steps.is_empty()).then_some(Planned { strategy, reasons: vec![reason], steps, back })
}

/// The plan again from its rollback on, by the way `back`.
fn climb(incident: &Incident, back: Back) -> Planned {
    let (strategy, steps) = plan::back_again(incident, back.rung);
    let reason = incident.current().map_or(String::new(), |step| step.state.summary().to_owned());
    Planned { strategy, reasons: vec![reason], steps, back: Some(back) }
}

/// How a step's outcome changes the plan.
enum Turn {
    None,
    /// It continues from this step again.
    Back(StepName),
    Climb(Back),
}
