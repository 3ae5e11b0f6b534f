//! Letting the fix pass: who may, as what, and for which commit.

use std::collections::BTreeSet;

use super::error::AppError;
use super::session::Session;
use super::view::next::NextView;
use crate::domain::actor::Actor;
use crate::domain::approval;
use crate::domain::check::Check;
use crate::domain::event::Fact;
use crate::domain::incident::Incident;
use crate::domain::next::Next;
use crate::domain::severity::Severity;
use crate::report::next;
use crate::steps;

/// The fewest characters that identify a commit.
const SHORTEST: usize = 7;

/// What somebody wants to approve.
#[derive(Clone, Debug)]
pub struct Request {
    pub role: String,
    /// The commit that they looked at; the checked one if left out.
    pub commit: Option<String>,
    /// Why it should pass alone.
    pub break_glass: Option<String>,
}

/// A recorded approval.
#[derive(Debug)]
pub struct Approved {
    pub incident: Incident,
    pub commit: String,
    /// The roles without an approval.
    pub missing: Vec<String>,
    /// What is to be done next.
    pub next: NextView,
}

impl Session {
    /// Approves the checked fix; the approval is bound to its commit.
    ///
    /// Fails if nothing was checked yet, the commit is another one, the role or a break-glass approval is not
    /// needed, or this actor's approval would not count.
    pub async fn approve(&self, key: &str, request: Request) -> Result<Approved, AppError> {
        let incident = self.service.incident(key).await?;
        let check = incident.detail::<Check>().ok_or_else(|| AppError::NotChecked { id: incident.id.clone() })?;
        let authors = steps::authors(&self.service.tools, &incident, &check.commit).await?;
        self.may_approve(&incident, &check, &request, &authors)?;
        let Request { role, break_glass, .. } = request;
        let alone = break_glass.is_some();
        let fact = Fact::Approved { role, commit: check.commit.clone(), break_glass };
        let incident = self.record(key, fact).await?;
        // Nobody can put an approval before this one without being seen.
        self.service.tools.anchor(&incident).await;
        let missing = if alone { Vec::new() } else { self.missing_roles(&incident, &check.commit, &authors) };
        let next = match missing.first() {
            Some(role) => Some(Next::Approve { role: role.clone() }.into()),
            None => next::next(&incident, self.roles(&incident)),
        };
        let next = self.service.next_view(&incident, next, Some(missing.clone())).await?;
        Ok(Approved { incident, commit: check.commit, missing, next })
    }

    fn may_approve(
        &self,
        incident: &Incident,
        check: &Check,
        request: &Request,
        authors: &BTreeSet<String>,
    ) -> Result<(), AppError> {
        let fits = |commit: &&String| commit.len() >= SHORTEST && check.commit.starts_with(commit.as_str());
        if let Some(asked) = request.commit.as_ref().filter(|commit| !fits(commit)) {
            return Err(AppError::OtherCommit { fix: check.commit.clone(), asked: asked.clone() });
        }
        if request.break_glass.is_some() && !self.service.config().review.break_glass {
            return Err(AppError::NoBreakGlass { id: incident.id.clone() });
        }
        let roles = self.roles(incident);
        if request.break_glass.is_none() && !roles.contains(&request.role) {
            let what = incident.severity.map_or("change", Severity::as_str);
            let (role, known) = (request.role.clone(), roles.to_vec());
            return Err(AppError::NoSuchRole { what, role, known });
        }
        let refused = |why: &str| AppError::MayNotApprove {
            id: incident.id.clone(),
            who: self.actor.to_string(),
            why: why.to_owned(),
        };
        if let Some(why) = approval::reason_against(&self.actor, authors, self.is_agent(&self.actor.key())) {
            return Err(refused(why));
        }
        let given = self.counted(incident, &check.commit, authors);
        match approval::is_in_vain(roles, &given, &request.role, &self.actor) {
            Some(why) if request.break_glass.is_none() => Err(refused(&why)),
            _ => Ok(()),
        }
    }

    /// The roles that approve a fix of the incident's severity.
    fn roles(&self, incident: &Incident) -> &[String] {
        self.service.config().roles(incident.severity)
    }

    fn missing_roles(&self, incident: &Incident, commit: &str, authors: &BTreeSet<String>) -> Vec<String> {
        approval::assign(self.roles(incident), &self.counted(incident, commit, authors)).err().unwrap_or_default()
    }

    /// The approvals of `commit` that count, each with its role.
    fn counted<'a>(
        &self,
        incident: &'a Incident,
        commit: &str,
        authors: &BTreeSet<String>,
    ) -> Vec<(&'a str, &'a Actor)> {
        let bound = incident.approvals.iter().filter(|approval| approval.commit == commit);
        let counts = bound
            .filter(|given| approval::reason_against(&given.by, authors, self.is_agent(&given.by.key())).is_none());
        counts.map(|given| (given.role.as_str(), &given.by)).collect()
    }

    pub(super) fn is_agent(&self, address: &str) -> bool {
        self.service.config().review.agents.iter().any(|agent| agent.matches(address))
    }
}
