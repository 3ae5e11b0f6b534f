//! Letting the fix pass: who may, as what, and for which commit.

use jiff::Timestamp;

use super::error::AppError;
use super::session::Session;
use super::view::next::NextView;
use crate::domain::actor::Actor;
use crate::domain::approval::{self, Given};
use crate::domain::check::{self, Check};
use crate::domain::event::Fact;
use crate::domain::incident::{Approval, Incident};
use crate::domain::name;
use crate::domain::next::Next;
use crate::domain::severity::Severity;
use crate::report::next;
use crate::steps::approvers::{self, Approvers};
use crate::workflow::kept::kept;

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
    /// How it is known who approved, in words.
    pub proof: String,
    /// What is to be done next.
    pub next: NextView,
}

impl Session {
    /// Approves the checked fix; the approval is bound to its commit, and signed where the team has keys.
    ///
    /// Fails if nothing was checked yet, the commit is another one, the role or a break-glass approval is not
    /// needed, it can't be signed, or this actor's approval would not count.
    pub async fn approve(&self, key: &str, request: Request) -> Result<Approved, AppError> {
        let tools = &self.service.tools;
        let incident = self.service.incident(key).await?;
        let check = incident.detail::<Check>().ok_or_else(|| AppError::NotChecked { id: incident.id.clone() })?;
        let fits = |commit: &&String| commit.len() >= SHORTEST && check.commit.starts_with(commit.as_str());
        if let Some(asked) = request.commit.as_ref().filter(|commit| !fits(commit)) {
            return Err(AppError::OtherCommit { fix: check.commit.clone(), asked: asked.clone() });
        }
        let Request { role, break_glass, .. } = request;
        let alone = break_glass.is_some();
        let (commit, tree, checked) = (check.commit.clone(), check.tree.clone(), check::digest(&incident));
        let incident = self.say(&incident, Fact::Approved { role, commit, tree, checked, break_glass }).await?;
        if !self.has_sent() {
            // Nobody can put an approval before this one without being seen.
            Box::pin(tools.anchor(&incident)).await;
        }
        let approvers = Approvers::of(tools, &incident, &check.commit, self.service.now()).await?;
        let judged = approvers.judged().await;
        let proof = judged.last().map(|own| own.proof.clone()).unwrap_or_default();
        let missing = if alone { Vec::new() } else { self.missing_roles(&incident, &approvers::counted(&judged)) };
        let next = match missing.first() {
            Some(role) => Some(Next::Approve { role: role.clone() }.into()),
            None => next::next(&incident, self.roles(&incident)),
        };
        let next = self.service.next_view(&incident, next, Some(missing.clone())).await?;
        Ok(Approved { incident, commit: check.commit, missing, proof, next })
    }

    /// Fails unless this actor may approve what was checked in this role; whether the approval counts depends on its
    /// proof too.
    pub(super) async fn may_approve(&self, incident: &Incident, fact: &Fact) -> Result<(), AppError> {
        let Fact::Approved { role, commit, tree, checked, break_glass } = fact else { return Ok(()) };
        let check = incident.detail::<Check>().ok_or_else(|| AppError::NotChecked { id: incident.id.clone() })?;
        if *commit != check.commit {
            return Err(AppError::OtherCommit { fix: check.commit, asked: name::line(commit, 80) });
        }
        // An older hotfix says neither.
        let is_same = |said: &str, now: &str| said.is_empty() || said == now;
        if !is_same(tree, &check.tree) || !is_same(checked, &check::digest(incident)) {
            return Err(AppError::MovedOn { id: incident.id.clone() });
        }
        let (alone, roles) = (break_glass.is_some(), self.roles(incident));
        if alone && !self.service.config().review.break_glass {
            return Err(AppError::NoBreakGlass { id: incident.id.clone() });
        }
        if !alone && !roles.contains(role) {
            let what = incident.severity.map_or("change", Severity::as_str);
            return Err(AppError::NoSuchRole { what, role: name::line(role, 80), known: roles.to_vec() });
        }
        let approvers = Approvers::of(&self.service.tools, incident, commit, self.service.now()).await?;
        approvers.reason_against_actor(&self.actor).map_or(Ok(()), |why| Err(self.may_not_approve(incident, why)))
    }

    /// Fails unless an approval by `actor`, the session's with its proof, counts, or may later.
    pub(super) async fn counts(&self, incident: &Incident, fact: &Fact, actor: &Actor) -> Result<(), AppError> {
        let Fact::Approved { commit, break_glass, .. } = fact else { return Ok(()) };
        let approvers = Approvers::of(&self.service.tools, incident, commit, self.service.now()).await?;
        let judged = approvers.judged().await;
        let approval = approval_of(fact, actor, self.service.now());
        let own = approvers.judge(&approval).await;
        let refused = |why| self.may_not_approve(incident, why);
        let given = Given { role: &approval.role, by: &approval.by, person: own.person.map_err(refused)? };
        match approval::is_in_vain(self.roles(incident), &approvers::counted(&judged), &given) {
            Some(why) if break_glass.is_none() => Err(refused(why)),
            _ => Ok(()),
        }
    }

    fn may_not_approve(&self, incident: &Incident, why: String) -> AppError {
        AppError::MayNotApprove { id: incident.id.clone(), who: self.actor.to_string(), why }
    }

    /// The roles that approve a fix of the incident's severity.
    fn roles(&self, incident: &Incident) -> &[String] {
        self.service.config().roles(incident.severity)
    }

    fn missing_roles(&self, incident: &Incident, given: &[Given<'_>]) -> Vec<String> {
        approval::assign(self.roles(incident), given).err().unwrap_or_default()
    }
}

/// The approval that the fact will be.
fn approval_of(fact: &Fact, by: &Actor, at: Timestamp) -> Approval {
    let fact = kept(fact);
    let text = serde_json::to_string(&fact).expect("a fact has only string keys and finite numbers");
    match fact {
        Fact::Approved { role, commit, break_glass, .. } => {
            Approval { at, by: by.clone(), role, commit, break_glass, text }
        }
        _ => unreachable!("it is an approval"),
    }
}
