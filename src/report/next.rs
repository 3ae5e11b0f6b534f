//! What comes next: the one function that decides it for every face.

use crate::domain::check::Check;
use crate::domain::fix::Branch;
use crate::domain::incident::{Incident, Status, StepRecord, StepState};
use crate::domain::next::{Hint, Next};
use crate::domain::production::RollBack;
use crate::domain::step_name::StepName;
use crate::domain::strategy::Strategy;

/// Returns what comes next; `None` if nothing is left to do. After a rollback that was
/// all of it, that is to take what was bad out of production's branch.
///
/// `roles` approve a fix of this severity. Without any, the approval that the step asked for is the only
/// one.
pub fn next(incident: &Incident, roles: &[String]) -> Option<Hint> {
    if incident.status.is_over() {
        return brought_back(incident);
    }
    let stuck = incident.steps().rfind(|step| matches!(step.state, StepState::Stuck { .. }));
    let step = match incident.status {
        Status::Stuck => stuck.or(incident.current()),
        _ => incident.current(),
    };
    match step.map(|step| (step, &step.state)) {
        Some((step, StepState::Held { hint, .. } | StepState::Failed { hint, .. } | StepState::Stuck { hint, .. })) => {
            Some(after(incident, step, hint, roles))
        }
        Some((_, StepState::Started | StepState::Undoing)) => Some(Next::Resume.into()),
        _ if incident.status == Status::Aborting => Some(Next::Resume.into()),
        Some((step, _)) if step.name == StepName::Fix => {
            let place = incident.detail::<Branch>().map(|branch| branch.work_tree).unwrap_or_default();
            Some(Next::Fix { place }.then(Next::Ship))
        }
        _ => Some(rest(incident)),
    }
}

/// What is left after a rollback that was all of it: the next release would bring back what was bad.
fn brought_back(incident: &Incident) -> Option<Hint> {
    let back = incident.detail::<RollBack>()?;
    let is_all = incident.status == Status::Closed && incident.strategy == Some(Strategy::A) && back.from != back.to;
    is_all.then(|| {
        let RollBack { from, to, .. } = back;
        let what =
            format!("before the next release: `git revert --no-edit {to}..{from}` on production's branch, or fix it");
        Next::by_hand(what).into()
    })
}

/// Whether a step was started and has not ended: somebody works on it, or was killed.
pub fn is_under_way(incident: &Incident) -> bool {
    let current = incident.current().map(|step| &step.state);
    !incident.status.is_over()
        && (incident.status == Status::Aborting || matches!(current, Some(StepState::Started | StepState::Undoing)))
}

/// The roles whose approval of the checked fix is still missing; `None` unless its review waits for them.
pub fn approvals_wanted(incident: &Incident, roles: &[String]) -> Option<Vec<String>> {
    let step = incident.current().filter(|step| step.name == StepName::Review)?;
    let StepState::Held { hint, .. } = &step.state else { return None };
    hint.first().any(|next| matches!(next, Next::Approve { .. })).then_some(())?;
    let commit = incident.detail::<Check>()?.commit;
    let bound = incident.approvals.iter().filter(|approval| approval.commit == commit);
    if bound.clone().any(|approval| approval.break_glass.is_some()) {
        return Some(Vec::new());
    }
    let is_given = |role: &&String| bound.clone().any(|approval| approval.role == **role);
    Some(roles.iter().filter(|role| !is_given(role)).cloned().collect())
}

/// The step's hint, or the rest if somebody has done what it says already.
fn after(incident: &Incident, step: &StepRecord, hint: &Hint, roles: &[String]) -> Hint {
    if step.name == StepName::Review && hint.first().any(|next| matches!(next, Next::Approve { .. })) {
        return approval(incident, hint, roles);
    }
    let is_done = |next: &Next| match next {
        Next::Waive { check } => incident.is_waived(check),
        Next::Decide { .. } => incident.choice.is_some(),
        _ => false,
    };
    if hint.first().any(is_done) { rest(incident) } else { hint.clone() }
}

/// The next approval that is missing.
fn approval(incident: &Incident, hint: &Hint, roles: &[String]) -> Hint {
    let asked: Vec<String> = hint
        .first()
        .filter_map(|next| match next {
            Next::Approve { role } => Some(role.clone()),
            _ => None,
        })
        .collect();
    let wanted = approvals_wanted(incident, if roles.is_empty() { &asked } else { roles });
    match wanted.and_then(|wanted| wanted.into_iter().next()) {
        Some(role) => Next::Approve { role }.into(),
        None => rest(incident),
    }
}

/// The command that does the rest.
fn rest(incident: &Incident) -> Hint {
    match incident.order() {
        Some(_) => Next::Resume.into(),
        None => Next::Ship.into(),
    }
}

/// Returns it as text; each command names the incident if `several` are open, or it is linked with another one.
pub fn text(incident: &Incident, hint: &Hint, several: bool) -> String {
    hint.text(&incident.id, several || !incident.links.is_empty() || incident.outage.is_some())
}
