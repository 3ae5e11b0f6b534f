//! What is to be done next: the one place where every face has it from.

use crate::domain::check::Check;
use crate::domain::fix::Branch;
use crate::domain::incident::{Incident, Status, StepRecord, StepState};
use crate::domain::next::{Hint, Next};
use crate::domain::step_name::StepName;

/// Returns what is to be done next; `None` where nothing is left to be done.
///
/// `roles` are those that approve a fix of this severity. Where none are given, the approval that the
/// step asked for is the only one.
pub fn next(incident: &Incident, roles: &[String]) -> Option<Hint> {
    if incident.status.is_over() {
        return None;
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
        _ => Some(go_on(incident)),
    }
}

/// What the step's hint comes to, now that somebody may have done as it says.
fn after(incident: &Incident, step: &StepRecord, hint: &Hint, roles: &[String]) -> Hint {
    if step.name == StepName::Review && hint.first().any(|next| matches!(next, Next::Approve { .. })) {
        return approval(incident, hint, roles);
    }
    let is_done = |next: &Next| match next {
        Next::Waive { check } => incident.is_waived(check),
        Next::Decide { .. } => incident.choice.is_some(),
        _ => false,
    };
    if hint.first().any(is_done) { go_on(incident) } else { hint.clone() }
}

/// The approval that is missing still.
fn approval(incident: &Incident, hint: &Hint, roles: &[String]) -> Hint {
    let commit = incident.detail::<Check>().map(|check| check.commit).unwrap_or_default();
    let on_it = || incident.approvals.iter().filter(|approval| approval.commit == commit);
    let is_given = |role: &str| on_it().any(|approval| approval.role == role);
    if on_it().any(|approval| approval.break_glass.is_some()) {
        return go_on(incident);
    }
    let asked = hint.first().find_map(|next| match next {
        Next::Approve { role } => Some(role.clone()),
        _ => None,
    });
    let wanted = if roles.is_empty() { asked } else { roles.iter().find(|role| !is_given(role)).cloned() };
    match wanted.filter(|role| !is_given(role)) {
        Some(role) => Next::Approve { role }.into(),
        None => go_on(incident),
    }
}

/// The command that works off what is left.
fn go_on(incident: &Incident) -> Hint {
    match incident.order() {
        Some(_) => Next::Resume.into(),
        None => Next::Ship.into(),
    }
}

/// Returns it as text, each command with the incident's identifier where the incident has to do with
/// another one.
pub fn text(incident: &Incident, hint: &Hint) -> String {
    hint.text(&incident.id, !incident.links.is_empty() || incident.outage.is_some())
}
