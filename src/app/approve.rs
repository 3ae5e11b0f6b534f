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
        let approvers = Approvers::of(tools, &incident, &check.commit, self.service.now()).await?;
        self.may_approve(&incident, &check, &request)?;
        let refused =
            |why: String| AppError::MayNotApprove { id: incident.id.clone(), who: self.actor.to_string(), why };
        // Nobody has to touch a key for a signature that would not count.
        if let Some(why) = approvers.reason_against_actor(&self.actor) {
            return Err(refused(why));
        }
        let judged = approvers.judged().await;
        let Request { role, break_glass, .. } = request;
        let alone = break_glass.is_some();
        let (tree, checked) = (check.tree.clone(), check::digest(&incident));
        let commit = check.commit.clone();
        let fact = Fact::Approved { role, commit, tree, checked, break_glass };
        let actor = self.proven(key, &fact).await?;
        let approval = approval_of(&fact, &actor, self.service.now());
        let own = approvers.judge(&approval).await;
        let (by, proof) = (&approval.by, own.proof);
        let given = Given { role: &approval.role, by, person: own.person.map_err(&refused)? };
        match approval::is_in_vain(self.roles(&incident), &approvers::counted(&judged), &given) {
            Some(why) if !alone => return Err(refused(why)),
            _ => {}
        }
        let incident = self.record_as(&actor, key, fact).await?;
        // Nobody can put an approval before this one without being seen.
        Box::pin(tools.anchor(&incident)).await;
        let judged = approvers.judged().await;
        let with: Vec<Given<'_>> = approvers::counted(&judged).into_iter().chain([given]).collect();
        let missing = if alone { Vec::new() } else { self.missing_roles(&incident, &with) };
        let next = match missing.first() {
            Some(role) => Some(Next::Approve { role: role.clone() }.into()),
            None => next::next(&incident, self.roles(&incident)),
        };
        let next = self.service.next_view(&incident, next, Some(missing.clone())).await?;
        Ok(Approved { incident, commit: check.commit, missing, proof, next })
    }

    fn may_approve(&self, incident: &Incident, check: &Check, request: &Request) -> Result<(), AppError> {
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
        Ok(())
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
