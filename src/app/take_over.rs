//! Continuing here what another clone worked on.

use std::sync::Arc;

use super::error::AppError;
use super::mirror::{Elsewhere, Read};
use super::service::Service;
use super::session::Session;
use super::view::take_over::TakeOverView;
use crate::domain::event::{Fact, Holder};
use crate::domain::incident::{Incident, StepState};
use crate::domain::step_name::StepName;
use crate::git::project::ProjectError;
use crate::steps::publish::{Base, PublishError};
use crate::workflow::journal::{Entry, record};

/// How often it is tried again if the other clone publishes meanwhile.
const ATTEMPTS: usize = 5;

/// Why it is taken over, and what was agreed to.
#[derive(Clone, Debug)]
pub struct Reasons {
    pub reason: String,
    /// A person says that the step that was not finished there has stopped.
    pub has_stopped: bool,
}

impl Service {
    /// What a take-over of the incident would do; the remote is asked for its journal first.
    ///
    /// Fails if the remote does not answer, and if no other clone works on it.
    pub async fn plan_of_take_over(&self, id: Option<&str>) -> Result<TakeOverView, AppError> {
        let read = self.mirror.refresh().await?;
        let id = self.find_any(id).await?.id;
        Ok(TakeOverView::of(self.published(&read, &id).await?.as_ref()))
    }

    /// The journal as the remote has it now.
    async fn asked(&self, id: &str) -> Result<Arc<Elsewhere>, AppError> {
        let read = self.mirror.refresh().await?;
        self.published(&read, id).await
    }

    async fn published(&self, read: &Read, id: &str) -> Result<Arc<Elsewhere>, AppError> {
        if let Some(problem) = read.problems.iter().find(|problem| problem.id == id) {
            return Err(AppError::NotPublished { id: id.to_owned(), why: problem.why.clone() });
        }
        if read.find(id).is_some()
            && let Some(journal) = self.mirror.find(id).await?
        {
            return Ok(journal);
        }
        match self.tools.store.find_incident(id).await? {
            Some(found) => Err(AppError::WorkedOnHere { id: found.id }),
            None => Err(AppError::Unknown { id: id.to_owned(), open: Vec::new() }),
        }
    }
}

impl Session {
    /// Takes the incident over: its journal is copied here, and its ref on the remote moved from the value that was
    /// read, which only one clone can do. Returns the incident.
    ///
    /// Fails without a reason, if a step that changes production was not finished and nobody says that it has stopped,
    /// and if the remote does not answer.
    pub async fn take_over(&self, id: &str, reasons: &Reasons) -> Result<Incident, AppError> {
        if reasons.reason.trim().is_empty() {
            return Err(AppError::NoReason { what: "a take-over" });
        }
        let (service, tools) = (&self.service, &self.service.tools);
        let mut first = None;
        for _ in 0..ATTEMPTS {
            let journal = service.asked(id).await?;
            let stopped = unfinished(&journal.incident);
            if let Some(step) = stopped.filter(|_| !reasons.has_stopped) {
                return Err(AppError::MayStillRun { id: journal.id.clone(), who: journal.who.clone(), step });
            }
            let shelved = tools.store.continue_from(&journal.events).await?;
            // What is shelved by another attempt is the event of this one.
            let shelved = *first.get_or_insert(shelved);
            let fact = Fact::TakenOver {
                from: Holder { store: journal.store.clone(), who: journal.who.clone() },
                reason: reasons.reason.trim().to_owned(),
                shelved,
                stopped,
            };
            let (key, now) = (journal.incident.key.as_str(), service.now());
            let entry = Entry { key, actor: &self.actor, now, fact: &fact, lease: None };
            let incident = record(tools.store.as_ref(), Some(journal.incident.clone()), entry).await?;
            match tools.publish(key, Base::Exactly(&journal.tip), &[]).await {
                Ok(()) => {
                    service.mirror.forget().await;
                    return Ok(incident);
                }
                Err(PublishError::Project(ProjectError::Stale { .. })) => {}
                Err(PublishError::Project(error)) => return Err(error.into()),
                Err(PublishError::Journal(error)) => return Err(error.into()),
            }
        }
        Err(ProjectError::Stale { refname: format!("refs/hotfix/{id}") }.into())
    }
}

/// The step that changes production and may still run where the incident was worked on.
pub(super) fn unfinished(incident: &Incident) -> Option<StepName> {
    use StepName::{Deploy, MaintenanceOff, MaintenanceOn, RollBack};
    let step = incident.steps().find(|step| matches!(step.state, StepState::Started | StepState::Undoing))?;
    matches!(step.name, Deploy | RollBack | MaintenanceOn | MaintenanceOff).then_some(step.name)
}
