//! Declaring an incident: severity, identifier, the first event.

use std::hash::{BuildHasher, RandomState};
use std::time::Instant;

use jiff::Timestamp;

use super::error::AppError;
use super::service::Service;
use super::session::{Goal, Session, Unwatched};
use super::view::plan::StartPlan;
use crate::domain::event::{Declaration, Fact};
use crate::domain::identifier;
use crate::domain::incident::Incident;
use crate::domain::name;
use crate::domain::policy::Lowered;
use crate::domain::severity::Severity;
use crate::domain::strategy::Strategy;
use crate::domain::triage::{Route, Triage, triage};
use crate::git::anchor::Reservation;
use crate::git::project::ProjectError;
use crate::steps::publish::is_under_embargo;
use crate::workflow::journal::{Entry, JournalError, record};
use crate::workflow::plan::{self, WORKFLOW};
use crate::workflow::progress::Progress;

/// The most characters of a title.
const TITLE: usize = 200;

/// The report of an incident, by a person or a probe.
#[derive(Clone, Debug, Default)]
pub struct Report {
    pub title: String,
    pub severity: Option<Severity>,
    /// The tracker's identifier.
    pub issue_id: Option<String>,
    /// When it was first seen; now if left out.
    pub detected: Option<Timestamp>,
    pub impact: String,
    pub symptoms: Vec<String>,
    pub services: Vec<String>,
    pub users: String,
    pub assessment: String,
    pub ticket: Option<String>,
    /// What a watch found to be the cause.
    pub cause: Option<String>,
    /// Why fewer people approve than the rules ask for, where they do.
    pub reason: String,
    /// Whether nothing of it may reach the remote.
    pub embargo: bool,
    /// The commit that broke it; its full name is recorded.
    pub broken_by: Option<String>,
}

impl Report {
    /// Its whole text, for the rules.
    fn text(&self) -> String {
        [&self.title, &self.impact, &self.assessment, &self.symptoms.join("\n")].map(String::as_str).join("\n")
    }
}

/// A declared incident, with remarks for the person.
#[derive(Debug)]
pub struct Declared {
    pub incident: Incident,
    pub remarks: Vec<String>,
}

impl Service {
    /// Returns where a report goes, and why.
    pub fn triage(&self, text: &str) -> Triage {
        triage(text, &self.config().triage.rule)
    }
}

impl Session {
    /// Declares an incident with an identifier that nobody else gets.
    ///
    /// Fails if the report has no title, is not an emergency, gets a severity from no rule and no person, names
    /// a commit that is not here, asks for fewer approvals without a reason, or if the tracker's identifier can't be
    /// used or is taken. An unreachable remote is no reason to fail.
    pub async fn declare(&self, report: Report) -> Result<Declared, AppError> {
        let Declared { incident, remarks } = self.declare_to_run(report).await?;
        let incident = self.engine(&Unwatched).deliver(incident, None).await?;
        Box::pin(self.service.tools.publish_beside(&incident.key)).await;
        Ok(Declared { incident, remarks })
    }

    /// The same, with its notices left to the run that follows: it sends them beside its work.
    pub async fn declare_to_run(&self, report: Report) -> Result<Declared, AppError> {
        // A title is one line; the full text is kept.
        let title = name::line(&report.title, TITLE);
        if title.is_empty() {
            return Err(AppError::NoTitle);
        }
        let mut remarks = Vec::new();
        let (severity, chosen_by) = self.severity(&report)?;
        if let Some(higher) = self.service.triage(&report.text()).severity.filter(|higher| *higher < severity) {
            remarks.push(format!("declared as {severity}, but the rules say {higher}"));
        }
        let lowered = self.lowered(&report, severity)?;
        remarks.extend(self.service.remarks.iter().cloned());
        let broken_by = match &report.broken_by {
            Some(revision) => Some(self.named(revision).await?),
            None => None,
        };
        let key = match &report.issue_id {
            Some(id) => self.take(id, report.embargo, &mut remarks).await?,
            // A number would tell that something has happened, and the remote's next one that it is gone.
            None if report.embargo => self.unnumbered(identifier::INCIDENT),
            None => self.next_identifier(identifier::INCIDENT, &mut remarks).await?,
        };
        let now = self.service.now();
        let ticket = &self.service.config().ticket;
        let assessment = match title.ends_with('…') {
            true => format!("{}\n\n{}", report.assessment, report.title).trim().to_owned(),
            false => report.assessment,
        };
        let fact = Fact::Declared(Declaration {
            title,
            severity,
            chosen_by,
            detected: report.detected.map_or(now, |detected| detected.min(now)),
            impact: report.impact,
            symptoms: report.symptoms,
            services: if report.services.is_empty() { ticket.services.clone() } else { report.services },
            environment: ticket.environment.clone(),
            region: ticket.region.clone(),
            users: report.users,
            assessment,
            ticket: report.ticket,
            cause: report.cause,
            policy: Some(Box::new(self.service.tools.policy.clone())),
            lowered: lowered.map(Box::new),
            broken_by,
            embargo: report.embargo,
            profile: self.service.config().profile.clone(),
            workflow: WORKFLOW,
        });
        let journal = self.service.tools.store.as_ref();
        let entry = Entry { key: &key, actor: &self.actor, now, fact: &fact, lease: None };
        let incident = record(journal, None, entry).await.map_err(|error| match error {
            // Another process of this clone was faster.
            JournalError::Illegal(_) => AppError::Duplicate { id: key.clone() },
            error => error.into(),
        })?;
        Ok(Declared { incident, remarks })
    }

    /// The decision that fewer people approve than production's rules ask for, by a profile that they do not name
    /// or a severity below theirs; `None` if it is not one.
    ///
    /// Fails without a reason, and for an agent.
    fn lowered(&self, report: &Report, severity: Severity) -> Result<Option<Lowered>, AppError> {
        let service = &self.service;
        let by_rule = service.triage(&report.text()).severity.unwrap_or(severity).min(severity);
        let asked = |severity: &Severity| service.configured_roles.get(severity).map_or(0, Vec::len);
        let (from, to) = (asked(&by_rule), service.config().roles(Some(severity)).len());
        if to >= from {
            return Ok(None);
        }
        let profile = (asked(&severity) > to).then(|| format!("--profile {}", service.config().profile));
        let lower = (severity != by_rule).then(|| format!("{severity} instead of {by_rule}"));
        let by = profile.into_iter().chain(lower).collect::<Vec<_>>().join(" and ");
        // What a watch has measured is nobody's choice.
        if let Some(cause) = &report.cause {
            return Ok(Some(Lowered { from, to, by, reason: cause.clone() }));
        }
        let reason = report.reason.trim().to_owned();
        if reason.is_empty() {
            return Err(AppError::Lowered { from, to, by });
        }
        self.may_lower()?;
        Ok(Some(Lowered { from, to, by, reason }))
    }

    /// Fails for an agent, who may not decide that fewer people approve.
    pub(super) fn may_lower(&self) -> Result<(), AppError> {
        match self.service.config().review.agents.iter().any(|agent| agent.matches(&self.actor.key())) {
            true => Err(AppError::MayNotLower { who: self.actor.to_string(), why: "not a person".to_owned() }),
            false => Ok(()),
        }
    }

    /// The full name of the commit that a person named.
    async fn named(&self, revision: &str) -> Result<String, AppError> {
        let commit = self.service.tools.project.commit(revision).await?;
        commit.ok_or_else(|| AppError::UnknownCommit { revision: name::line(revision, 80) })
    }

    /// What `start` would declare and do; nothing is written.
    ///
    /// Fails if no rule and no person gives the report a severity, and where a reason is missing.
    pub fn plan_of_start(&self, report: &Report, strategy: Option<Strategy>) -> Result<StartPlan, AppError> {
        let (severity, chosen_by) = self.severity(report)?;
        self.lowered(report, severity)?;
        let steps = plan::steps(strategy.unwrap_or(Strategy::B));
        let steps = plan::OPENING.iter().chain(steps).map(ToString::to_string).collect();
        Ok(StartPlan { severity, chosen_by, steps })
    }

    /// Runs a declared incident up to the branch for its fix; a rollback, which needs no fix, to the end.
    pub async fn start(&self, key: &str, progress: &dyn Progress) -> Result<Incident, AppError> {
        let incident = self.run(key, Goal::Branch, progress).await?;
        match incident.strategy {
            Some(Strategy::A) => self.run(key, Goal::Close, progress).await,
            _ => Ok(incident),
        }
    }

    /// Gives an incident with a provisional name its number, if the remote can be reached again.
    pub(super) async fn number(&self, key: &str) -> Result<(), AppError> {
        let incident = self.service.incident(key).await?;
        if !identifier::is_provisional(&incident.id) || is_under_embargo(&incident) {
            return Ok(());
        }
        let mut remarks = Vec::new();
        let prefix = incident.order().map_or(identifier::INCIDENT, |order| order.kind.prefix());
        let id = self.next_identifier(prefix, &mut remarks).await?;
        if !identifier::is_provisional(&id) {
            self.record(key, Fact::Numbered { id }).await?;
        }
        Ok(())
    }

    /// Returns the severity of a report and who or what chose it. A person decides; a severity below that of
    /// the rules is never taken silently.
    pub fn severity(&self, report: &Report) -> Result<(Severity, String), AppError> {
        let Triage { route, severity: by_rule, rule } = self.service.triage(&report.text());
        match (report.severity, by_rule) {
            (Some(severity), Some(higher)) if higher < severity => {
                Ok((severity, format!("{}, though {higher} by {rule}", self.actor)))
            }
            (Some(severity), _) => Ok((severity, self.actor.to_string())),
            (None, Some(severity)) => Ok((severity, rule)),
            (None, None) if route == Route::Backlog => Err(AppError::NotAnEmergency { route: route.as_str(), rule }),
            (None, None) => Err(AppError::NoSeverity),
        }
    }

    /// Returns the next `HOTFIX-YYYYMMDD-NNN`, or with another prefix, reserved on the remote; a
    /// provisional name if the remote can't be reached in time.
    pub(super) async fn next_identifier(&self, prefix: &str, remarks: &mut Vec<String>) -> Result<String, AppError> {
        let (store, project) = (&self.service.tools.store, &self.service.tools.project);
        let day = identifier::day(self.service.now());
        let counter = if prefix == identifier::INCIDENT { day.clone() } else { format!("{prefix}-{day}") };
        if !project.has_remote().await? {
            remarks.push(format!("there is no remote `{}`: the number is unique in this journal only", project.remote));
            let number = store.next_number(&counter, 1).await?;
            return Ok(identifier::numbered(prefix, &day, number));
        }
        let (start, limit) = (Instant::now(), self.service.config().git.reserve_limit.0);
        let mut floor = 1;
        loop {
            let number = store.next_number(&counter, floor).await?;
            let id = identifier::numbered(prefix, &day, number);
            let left = limit.saturating_sub(start.elapsed());
            let failed = match project.reserve(&id, &self.nonce(), left).await {
                Ok(Reservation::Ours) => return Ok(id),
                Ok(Reservation::Taken) => match project.reserved(&format!("{prefix}-{day}-"), limit).await {
                    Ok(ids) => {
                        let taken = ids.iter().filter_map(|id| identifier::number_of(id, prefix, &day)).max();
                        floor = taken.map_or(floor, |taken| taken + 1);
                        continue;
                    }
                    Err(error) => error,
                },
                Err(error) => error,
            };
            let (ProjectError::Unreachable { .. } | ProjectError::Refused { .. }) = failed else {
                return Err(failed.into());
            };
            remarks.push(format!("{failed}: the name is provisional, the number follows"));
            return Ok(self.unnumbered(prefix));
        }
    }

    /// A name that the remote does not know of.
    fn unnumbered(&self, prefix: &str) -> String {
        let now = self.service.now();
        let nonce = RandomState::new().hash_one((std::process::id(), now.as_nanosecond()));
        identifier::provisional(prefix, &identifier::day(now), (nonce & 0xffff_ffff) as u32)
    }

    /// Takes a tracker's identifier, which only one clone can.
    async fn take(&self, id: &str, embargo: bool, remarks: &mut Vec<String>) -> Result<String, AppError> {
        let id = identifier::from_tracker(id).map_err(AppError::BadIdentifier)?;
        if self.service.tools.store.find_incident(&id).await?.is_some() {
            return Err(AppError::Duplicate { id });
        }
        let project = &self.service.tools.project;
        if embargo || !project.has_remote().await? {
            return Ok(id);
        }
        match project.reserve_again(&id, &self.nonce(), self.service.config().git.reserve_limit.0).await {
            Ok(Reservation::Ours) => Ok(id),
            Ok(Reservation::Taken) => Err(AppError::Reserved { id, remote: project.remote.clone() }),
            Err(error @ (ProjectError::Unreachable { .. } | ProjectError::Refused { .. })) => {
                remarks.push(format!("{error}: another clone may take `{id}` too"));
                Ok(id)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// A value that no other process has.
    fn nonce(&self) -> String {
        let random = RandomState::new().hash_one(std::process::id());
        format!("{} process {} {random:016x}", self.actor, std::process::id())
    }
}
