//! What is left to do once the fix runs everywhere.

use super::timeline::{moment, short};
use crate::domain::allowance::Allowance;
use crate::domain::backports::{Backports, Group};
use crate::domain::check::FullSuite;
use crate::domain::fix::{Fix, Review};
use crate::domain::incident::{Incident, StepState};
use crate::domain::step_name::StepName;

/// Returns what people still have to do, the most urgent first.
pub fn next_steps(incident: &Incident, allowance: &Allowance) -> Vec<String> {
    let mut steps = Vec::new();
    for (notice, failed) in &incident.notices_failed {
        let (_, destination) = notice.split_once('/').unwrap_or(("", notice));
        steps.push(format!("notify {destination}, which could not be reached: {}", failed.error));
    }
    if let Some(review) = incident.detail::<Review>().filter(|review| review.afterwards) {
        steps.push(format!("review {}, which went out before its review", short(&review.commit)));
    }
    let backports = incident.detail::<Backports>().map(|backports| backports.targets).unwrap_or_default();
    for group in Group::all(backports.iter().filter(|target| target.lacks_the_fix())) {
        steps.push(format!("bring the fix to {}: {}", group.which(), group.what()));
    }
    let is_branch = |check: &str| backports.iter().any(|target| target.branch == check);
    for waiver in incident.waivers.iter().filter(|waiver| !is_branch(&waiver.check)) {
        steps.push(format!("make up for what was waived: {}: {}", waiver.check, waiver.reason));
    }
    match incident.detail::<FullSuite>() {
        None if incident.detail::<Fix>().is_some() => steps.push("run the full test suite".to_owned()),
        Some(suite) if !suite.result.passed => {
            steps.push(format!("fix what the full test suite found: {}", suite.result.log));
        }
        _ => {}
    }
    if let Some(issue) = done(incident, StepName::FollowUp) {
        steps.push(format!("make the full fix, due {}: {issue}", moment(allowance.follow_up_due(incident))));
    }
    if done(incident, StepName::PostMortem).is_some() {
        steps.push(format!("hold the post-mortem, due {}", moment(allowance.post_mortem_due(incident))));
    }
    for action in incident.actions.iter().filter(|action| action.done.is_none()) {
        steps.push(format!("action item {}: {}, due {}", action.id, action.text, moment(action.due)));
    }
    steps
}

/// The summary of the step called `name`, if it is done.
fn done(incident: &Incident, name: StepName) -> Option<&str> {
    incident.steps().filter(|step| step.name == name).find_map(|step| match &step.state {
        StepState::Done { evidence } => Some(evidence.summary.as_str()),
        _ => None,
    })
}
