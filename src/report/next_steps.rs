//! What is left to do once the fix runs everywhere.

use super::timeline::{moment, short};
use crate::domain::allowance::Allowance;
use crate::domain::incident::{Incident, StepState};
use crate::domain::step::{Backports, Fix, Review};

/// Returns what people still have to do, the most urgent first.
pub fn next_steps(incident: &Incident, allowance: &Allowance) -> Vec<String> {
    let mut steps = Vec::new();
    for (notice, failed) in &incident.notices_failed {
        let (_, destination) = notice.split_once('/').unwrap_or(("", notice));
        steps.push(format!("tell {destination}, which could not be reached: {}", failed.error));
    }
    if let Some(review) = incident.detail::<Review>().filter(|review| review.afterwards) {
        steps.push(format!("review {}, which went out before its review", short(&review.commit)));
    }
    if let Some(backports) = incident.detail::<Backports>() {
        let left = backports.targets.iter().filter(|target| matches!(&*target.verdict, "conflict" | "waived"));
        steps.extend(left.map(|target| format!("bring the fix to {}: {}", target.branch, target.files.join(", "))));
    }
    for waiver in &incident.waivers {
        steps.push(format!("make up for what was waived: {}: {}", waiver.check, waiver.reason));
    }
    if incident.detail::<Fix>().is_some() {
        steps.push("run the full test suite".to_owned());
    }
    for step in incident.steps().filter(|step| step.name == "follow-up") {
        if let StepState::Done { evidence } = &step.state {
            steps.push(evidence.summary.clone());
        }
    }
    steps.push(format!("hold the post-mortem, due {}", moment(allowance.post_mortem_due(incident))));
    for action in incident.actions.iter().filter(|action| action.done.is_none()) {
        steps.push(format!("action item {}: {}, due {}", action.id, action.text, moment(action.due)));
    }
    steps
}
