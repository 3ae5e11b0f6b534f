//! Waiting, while an incident is held, for what somebody else has to say.

use std::time::{Duration, Instant};

use super::error::AppError;
use super::inbox;
use super::service::Service;
use super::session::{Goal, Session};
use crate::domain::incident::Incident;
use crate::report::next;
use crate::workflow::progress::Progress;

/// How often the journal and the inbox are looked at.
const EVERY: Duration = Duration::from_secs(2);

/// How often it is looked at whether another clone has taken the incident over.
const LATE: Duration = Duration::from_secs(10);

impl Session {
    /// Runs the incident like [`Session::run`], and waits while it is held for an approval, a decision or a waiver:
    /// recorded in this store, or sent from another clone.
    pub async fn run_and_wait(&self, key: &str, goal: Goal, progress: &dyn Progress) -> Result<Incident, AppError> {
        loop {
            let held = self.run(key, goal, progress).await?;
            if !inbox::may_be_sent(&held) {
                return Ok(held);
            }
            self.wait(&held, progress).await?;
        }
    }

    /// Returns when what the incident is held for may have been settled.
    async fn wait(&self, held: &Incident, progress: &dyn Progress) -> Result<(), AppError> {
        let mut told = String::new();
        let mut asked = Instant::now();
        loop {
            if asked.elapsed() > LATE {
                // Another clone may have taken it over.
                self.service.mirror.forget().await;
                asked = Instant::now();
            }
            if self.is_elsewhere(&held.key).await? {
                return Ok(());
            }
            let now = self.service.incident(&held.key).await?;
            if self.service.is_settled(held, &now) {
                return Ok(());
            }
            let text = self.service.waited_for(&now);
            if text != told {
                progress.waiting(&text);
                told = text;
            }
            tokio::time::sleep(EVERY).await;
            self.take_in_now(&held.key, progress).await;
        }
    }
}

impl Service {
    /// Whether a run of the incident, which was `held`, may get further `now`.
    pub(super) fn is_settled(&self, held: &Incident, now: &Incident) -> bool {
        let has_changed = now.waivers.len() > held.waivers.len()
            || now.choice != held.choice
            || now.plans.len() > held.plans.len()
            || now.severity != held.severity
            || now.status != held.status;
        let more = &now.approvals[held.approvals.len().min(now.approvals.len())..];
        let wanted = next::approvals_wanted(now, self.config().roles(now.severity)).unwrap_or_default();
        has_changed || more.iter().any(|approval| approval.break_glass.is_some() || wanted.is_empty())
    }

    /// What it waits for, in words.
    fn waited_for(&self, incident: &Incident) -> String {
        let roles = self.config().roles(incident.severity);
        match next::approvals_wanted(incident, roles) {
            Some(wanted) if !wanted.is_empty() => {
                let (all, given) = (roles.len(), roles.len().saturating_sub(wanted.len()));
                format!("an approval as {}; {given} of {all}", wanted.join(", "))
            }
            _ => {
                let why = incident.current().map(|step| format!("{}: {}", step.name, step.state.summary()));
                format!("a decision; {}", why.unwrap_or_default())
            }
        }
    }
}
