//! Which event may follow which, and the incident that the events result in.
//!
//! [`fold`] is the only way to an [`Incident`]; [`record`] is the only way to a new event. Both go
//! through [`apply`], so that what can't be resumed can't be written.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use jiff::Timestamp;

use super::announcement::announcement;
use super::kept::kept;
use super::plan::{Next, next};
use crate::crash::{self, Point};
use crate::domain::actor::Actor;
use crate::domain::case::Case;
use crate::domain::event::{Event, Fact, Head, Planned};
use crate::domain::incident::{
    Action, Approval, FailedNotice, Incident, Link, Note, Outage, Plan, RefusedRequest, Status, StepRecord, StepState,
    Waiver,
};
use crate::domain::statement;
use crate::domain::step_name::{StepName, UnknownStep};

/// How often an event is tried after somebody else's: each time, one of them was written.
const ATTEMPTS: u32 = 100;

const NOT_DECLARED: &str = "the incident is not declared";

/// Where events are kept. Appended to, never changed.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Returns the events of an incident in order; none if it is unknown.
    async fn events(&self, key: &str) -> Result<Vec<Event>, JournalError>;

    /// Appends `event`, and shows `incident`, the state after it, to readers of lists.
    ///
    /// Fails with [`JournalError::Conflict`] if another event has this number, and with
    /// [`JournalError::LeaseLost`] if `lease` has passed to someone else.
    async fn append(&self, event: &Event, incident: &Incident, lease: Option<&Lease>) -> Result<(), JournalError>;

    /// Returns a lease on `name` for `seconds`, held for `by`, or fails with [`JournalError::Leased`].
    async fn acquire(&self, name: &str, by: &Actor, seconds: u32) -> Result<Lease, JournalError>;

    /// Moves the end of a lease to `seconds` from now.
    async fn renew(&self, lease: &Lease, seconds: u32) -> Result<(), JournalError>;

    async fn release(&self, lease: &Lease) -> Result<(), JournalError>;
}

/// The right to act, until it ends or is given back. The token grows with each holder, so that an append
/// by a former holder is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    pub name: String,
    pub token: i64,
}

#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    #[error("another process wrote event {seq} of `{key}` first")]
    Conflict { key: String, seq: i64 },
    #[error("`{name}` is being worked on by {holder}; its lease ends in {seconds} s")]
    Leased { name: String, holder: String, seconds: i64 },
    #[error("the lease on `{name}` has passed to another process")]
    LeaseLost { name: String },
    #[error("the journal can't be {action}: {reason}")]
    Store { action: &'static str, reason: String, hint: Option<String> },
    #[error("event {seq} of `{key}` can't be read: {reason}")]
    Unreadable { key: String, seq: i64, reason: String },
    #[error("event {seq} of `{key}` was written by a newer hotfix: {unknown}")]
    Newer { key: String, seq: i64, unknown: UnknownStep },
    #[error("event {seq} of `{key}` is another one in this store")]
    Differs { key: String, seq: i64 },
    #[error("`{id}` is worked on in another clone ({who}, as of {})", as_of.strftime("%Y-%m-%d %H:%M UTC"))]
    Elsewhere { id: String, who: String, as_of: Timestamp },
    #[error(transparent)]
    Illegal(#[from] Illegal),
}

/// An event that may not follow the ones before it.
#[derive(Debug, thiserror::Error)]
#[error("{what} can't follow in the journal of `{key}`: {why}")]
pub struct Illegal {
    pub key: String,
    pub what: String,
    pub why: String,
}

/// Returns the incident that `events` result in, or `None` without events.
pub fn fold(events: &[Event]) -> Result<Option<Incident>, Illegal> {
    events.iter().try_fold(None, |incident, event| apply(incident, event).map(Some))
}

/// Appends `fact` to the journal and returns the incident after it. If somebody else was
/// faster, the fact is tried again after their event.
///
/// Fails if the fact may not follow, the lease is lost, or the store refuses.
pub async fn record(
    journal: &dyn Journal,
    mut incident: Option<Incident>,
    entry: Entry<'_>,
) -> Result<Incident, JournalError> {
    for _ in 0..ATTEMPTS {
        match attempt(journal, incident, entry).await {
            Err(JournalError::Conflict { .. }) => incident = fold(&journal.events(entry.key).await?)?,
            ended => return ended,
        }
    }
    let seq = incident.map_or(1, |incident| incident.seq + 1);
    Err(JournalError::Conflict { key: entry.key.to_owned(), seq })
}

/// Appends the fact that `decide` makes from the current incident, and returns the incident after it. If
/// somebody else was faster, it decides again after their event.
///
/// Fails like [`record`], and if the incident is unknown.
pub async fn record_decided(
    journal: &dyn Journal,
    key: &str,
    by: (&Actor, Timestamp),
    decide: &(dyn Fn(&Incident) -> Fact + Sync),
) -> Result<Incident, JournalError> {
    let (actor, now) = by;
    let mut seq = 0;
    for _ in 0..ATTEMPTS {
        let incident = fold(&journal.events(key).await?)?;
        let unknown = || Illegal { key: key.to_owned(), what: "an event".to_owned(), why: NOT_DECLARED.to_owned() };
        let incident = incident.ok_or_else(unknown)?;
        let fact = decide(&incident);
        seq = incident.seq + 1;
        let entry = Entry { key, actor, now, fact: &fact, lease: None };
        match attempt(journal, Some(incident), entry).await {
            Err(JournalError::Conflict { .. }) => {}
            ended => return ended,
        }
    }
    Err(JournalError::Conflict { key: key.to_owned(), seq })
}

async fn attempt(
    journal: &dyn Journal,
    incident: Option<Incident>,
    entry: Entry<'_>,
) -> Result<Incident, JournalError> {
    let event = entry.after(incident.as_ref());
    let after = apply(incident, &event)?;
    crash::point(Point::Before(event.seq));
    journal.append(&event, &after, entry.lease).await?;
    crash::point(Point::After(event.seq));
    Ok(after)
}

/// A fact that will become an event.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    pub key: &'a str,
    pub actor: &'a Actor,
    pub now: Timestamp,
    pub fact: &'a Fact,
    pub lease: Option<&'a Lease>,
}

impl Entry<'_> {
    /// The event of this entry, right after the last one of `incident`.
    fn after(&self, incident: Option<&Incident>) -> Event {
        let head = incident.map(|incident| Head { seq: incident.seq, at: incident.updated, digest: &incident.head });
        Event::after(head, self.key, self.actor, self.now, &kept(self.fact))
    }
}

/// Returns the incident after `event`, or why the event may not follow.
pub fn apply(incident: Option<Incident>, event: &Event) -> Result<Incident, Illegal> {
    let name = event.fact.name();
    let illegal =
        |why: String| Illegal { key: event.incident.clone(), what: format!("event {} (`{name}`)", event.seq), why };
    let mut incident = match (incident, &event.fact) {
        (None, Fact::Declared(declaration)) => opened(Case::Incident(declaration.clone()), event),
        (None, Fact::Ordered(order)) => opened(Case::Order(order.clone()), event),
        (None, _) => return Err(illegal(NOT_DECLARED.to_owned())),
        (Some(_), Fact::Declared(_) | Fact::Ordered(_)) => {
            return Err(illegal("it is already declared".to_owned()));
        }
        (Some(Incident { case: Case::Order(order), .. }), fact) if fact.is_of_an_incident() => {
            return Err(illegal(format!("it is a {}, not an incident", order.kind)));
        }
        (Some(incident), _) if incident.status.is_over() && !event.fact.may_follow_the_end() => {
            return Err(illegal(format!("the incident is {}", incident.status.as_str())));
        }
        (Some(mut incident), fact) => {
            if let Some(said) = statement::of_event(event, &incident.root, |said| said.digest())
                && !incident.statements.insert(said)
            {
                return Err(illegal("the same statement is in it already".to_owned()));
            }
            change(&mut incident, event, fact).map_err(illegal)?;
            incident
        }
    };
    if let Some(announcement) = announcement(&incident, event) {
        incident.announcements.push(announcement);
    }
    incident.seq = event.seq;
    incident.updated = event.at;
    incident.head.clone_from(&event.digest);
    Ok(incident)
}

fn opened(case: Case, event: &Event) -> Incident {
    Incident {
        key: event.incident.clone(),
        id: event.incident.clone(),
        severity: case.severity(),
        case,
        status: Status::Open,
        declared: event.at,
        reporter: event.actor.clone(),
        strategy: None,
        choice: None,
        plans: Vec::new(),
        notes: Vec::new(),
        acknowledged_by: Vec::new(),
        links: Vec::new(),
        outage: None,
        approvals: Vec::new(),
        waivers: Vec::new(),
        ticked: Vec::new(),
        announcements: Vec::new(),
        notices_sent: BTreeSet::new(),
        notices_failed: BTreeMap::new(),
        actions: Vec::new(),
        aborting: None,
        ended: None,
        statements: BTreeSet::new(),
        refused: Vec::new(),
        root: event.digest.clone(),
        seq: event.seq,
        updated: event.at,
        head: event.digest.clone(),
    }
}

fn change(incident: &mut Incident, event: &Event, fact: &Fact) -> Result<(), String> {
    let (at, by) = (event.at, event.actor.clone());
    match fact {
        Fact::Declared(_) | Fact::Ordered(_) => {}
        Fact::Numbered { id } => incident.id.clone_from(id),
        Fact::SeverityChanged { severity, .. } => incident.severity = Some(*severity),
        Fact::Noted { text, update } => {
            incident.notes.push(Note { at, by, text: text.clone(), update: *update });
        }
        Fact::Acknowledged {} => incident.acknowledged_by.push(by),
        Fact::Linked { incident: other, why } => {
            incident.outage = None;
            let link = Link { incident: other.clone(), why: why.clone() };
            if !incident.links.contains(&link) {
                incident.links.push(link);
            }
        }
        Fact::Chosen { strategy, reason } => incident.choice = Some((*strategy, reason.clone())),
        Fact::Planned(planned) => plan(incident, planned)?,
        Fact::StepStarted { step } => start(incident, *step, at)?,
        Fact::StepDone { step, evidence } => {
            settle(incident, *step, at, StepState::Done { evidence: evidence.clone() }, Status::Open)?;
        }
        Fact::StepSkipped { step, reason } => {
            settle(incident, *step, at, StepState::Skipped { reason: reason.clone() }, Status::Open)?;
        }
        Fact::StepWentBad { step, evidence } => {
            settle(incident, *step, at, StepState::WentBad { evidence: evidence.clone() }, Status::Open)?;
        }
        Fact::StepHeld { step, reason, hint, outage } => {
            let state = StepState::Held { reason: reason.clone(), hint: hint.clone() };
            settle(incident, *step, at, state, Status::Held)?;
            if let Some(cause) = outage {
                incident.outage = Some(Outage { cause: cause.clone(), found: at, seen: reason.clone() });
            }
        }
        Fact::StepFailed { step, error, hint } => {
            let state = StepState::Failed { error: error.clone(), hint: hint.clone() };
            settle(incident, *step, at, state, Status::Failed)?;
        }
        Fact::StepStuck { step, error, hint, evidence } => {
            if evidence.is_some() {
                current(incident, *step)?.partial.clone_from(evidence);
            }
            let state = StepState::Stuck { error: error.clone(), hint: hint.clone() };
            settle(incident, *step, at, state, Status::Stuck)?;
        }
        Fact::Approved { role, commit, break_glass, .. } => incident.approvals.push(Approval {
            at,
            by,
            role: role.clone(),
            commit: commit.clone(),
            break_glass: break_glass.clone(),
            text: event.text.clone(),
        }),
        Fact::Waived { check, reason } => {
            incident.waivers.push(Waiver { at, by, check: check.clone(), reason: reason.clone() });
        }
        // Who may act is not in the journal; that somebody decided about it is.
        Fact::LeaseBroken { .. } | Fact::TakenOver { .. } => {}
        Fact::Ticked { item } => incident.ticked.push(item.clone()),
        Fact::NoticeSent { notice } => {
            incident.notices_failed.remove(notice);
            incident.notices_sent.insert(notice.clone());
        }
        Fact::NoticeFailed { notice, error, again } => {
            let failed = incident.notices_failed.entry(notice.clone()).or_insert(FailedNotice {
                attempts: 0,
                at,
                error: String::new(),
                again: None,
            });
            let attempts = failed.attempts + 1;
            *failed = FailedNotice { attempts, at, error: error.clone(), again: *again };
        }
        Fact::AbortStarted { reason } => {
            if incident.aborting.is_some() {
                return Err("it is being aborted".to_owned());
            }
            incident.aborting = Some(reason.clone());
            incident.status = Status::Aborting;
        }
        Fact::UndoStarted { step } => {
            if incident.aborting.is_none() {
                return Err("it is not being aborted".to_owned());
            }
            undo(incident, *step, at, |state| {
                (!matches!(state, StepState::Waiting | StepState::Skipped { .. } | StepState::Undone { .. }))
                    .then_some(StepState::Undoing)
            })?;
            incident.status = Status::Aborting;
        }
        Fact::Undone { step, note } => undo(incident, *step, at, |state| {
            (*state == StepState::Undoing).then(|| StepState::Undone { note: note.clone() })
        })?,
        Fact::UndoFailed { step, error, hint } => {
            undo(incident, *step, at, |state| {
                (*state == StepState::Undoing).then(|| StepState::Stuck { error: error.clone(), hint: hint.clone() })
            })?;
            incident.status = Status::Stuck;
        }
        Fact::Aborted { .. } => {
            if incident.steps().any(|step| matches!(step.state, StepState::Started | StepState::Undoing)) {
                return Err("a step is running".to_owned());
            }
            incident.status = Status::Aborted;
            incident.ended = Some(at);
        }
        Fact::Closed {} => {
            if !matches!(next(incident), Next::Close) {
                return Err("not every step is settled".to_owned());
            }
            incident.status = Status::Closed;
            incident.ended = Some(at);
        }
        Fact::ActionAdded { action, .. } if incident.actions.iter().any(|known| known.id == *action) => {
            return Err(format!("there is already an action item `{action}`"));
        }
        Fact::ActionAdded { action, kind, text, owner, due } => incident.actions.push(Action {
            id: action.clone(),
            kind: kind.clone(),
            text: text.clone(),
            owner: owner.clone(),
            due: *due,
            done: None,
        }),
        Fact::RequestRefused { request, from, what, why } => {
            if incident.has_answered(request) {
                return Err("the request is answered already".to_owned());
            }
            let (request, from, what, why) = (request.clone(), from.clone(), what.clone(), why.clone());
            incident.refused.push(RefusedRequest { at, request, from, what, why });
        }
        Fact::BackportRecorded { .. } => return Err("a backport has a chain of its own".to_owned()),
        Fact::ActionDone { action } => {
            let found = incident.actions.iter_mut().find(|known| known.id == *action && known.done.is_none());
            found.ok_or_else(|| format!("there is no open action item `{action}`"))?.done = Some(at);
        }
    }
    Ok(())
}

fn plan(incident: &mut Incident, planned: &Planned) -> Result<(), String> {
    if let Some(step) = incident.current().filter(|step| step.state == StepState::Started) {
        return Err(format!("step `{}` is running", step.name));
    }
    if incident.aborting.is_some() {
        return Err("it is being aborted".to_owned());
    }
    let Planned { strategy, reasons, steps, back } = planned.clone();
    if strategy.is_some() {
        incident.strategy = strategy;
        incident.choice = None;
    }
    let record = |name: &StepName| StepRecord {
        name: *name,
        state: StepState::Waiting,
        partial: None,
        started: None,
        ended: None,
    };
    incident.plans.push(Plan { strategy, reasons, steps: steps.iter().map(record).collect(), back });
    incident.status = Status::Open;
    Ok(())
}

/// The first step that is not settled, which has to be `name`.
fn current(incident: &mut Incident, name: StepName) -> Result<&mut StepRecord, String> {
    if incident.aborting.is_some() {
        return Err("it is being aborted".to_owned());
    }
    let plan = incident.plans.last_mut().ok_or("there is no plan yet")?;
    let step = plan.steps.iter_mut().find(|step| !step.state.is_settled()).ok_or("every step is settled")?;
    if step.name == name { Ok(step) } else { Err(format!("the next step is `{}`", step.name)) }
}

fn start(incident: &mut Incident, name: StepName, at: Timestamp) -> Result<(), String> {
    if incident.plan().is_some_and(|plan| plan.steps.iter().any(|step| matches!(step.state, StepState::WentBad { .. })))
    {
        return Err("production has to be put back first".to_owned());
    }
    let step = current(incident, name)?;
    if step.state == StepState::Started {
        return Err(format!("step `{name}` is running"));
    }
    step.state = StepState::Started;
    step.started = step.started.or(Some(at));
    step.ended = None;
    incident.status = Status::Open;
    Ok(())
}

fn settle(
    incident: &mut Incident,
    name: StepName,
    at: Timestamp,
    state: StepState,
    status: Status,
) -> Result<(), String> {
    let step = current(incident, name)?;
    if step.state != StepState::Started {
        return Err(format!("step `{name}` was not started"));
    }
    step.state = state;
    step.ended = Some(at);
    incident.status = status;
    Ok(())
}

/// Sets the last step called `name` for which `to` returns a state to that state.
fn undo(
    incident: &mut Incident,
    name: StepName,
    at: Timestamp,
    to: impl Fn(&StepState) -> Option<StepState>,
) -> Result<(), String> {
    let mut steps = incident.plans.iter_mut().flat_map(|plan| &mut plan.steps).rev().filter(|step| step.name == name);
    let (step, state) = steps
        .find_map(|step| to(&step.state).map(|state| (step, state)))
        .ok_or_else(|| format!("no step `{name}` to undo"))?;
    // Undoing the step needs to know what it did.
    if let StepState::Done { evidence } | StepState::WentBad { evidence } = &step.state {
        step.partial = Some(evidence.clone());
    }
    step.state = state;
    step.ended = Some(at);
    Ok(())
}
