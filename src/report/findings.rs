//! What went well and what went wrong, as far as the journal shows. Without names.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use super::document::Account;
use crate::domain::allowance::Allowance;
use crate::domain::backports::{Backports, Group};
use crate::domain::check::FullSuite;
use crate::domain::elapsed::elapsed;
use crate::domain::event::{Event, Fact};
use crate::domain::incident::{Incident, StepRecord};
use crate::domain::kpi::measures;
use crate::domain::step_name::StepName;

/// The draft of two sections of the post-mortem.
pub struct Findings {
    pub went_well: Vec<String>,
    pub went_wrong: Vec<String>,
}

pub fn findings(account: Account<'_>) -> Findings {
    let Account { incident, events, allowance } = account;
    let mut found = Findings { went_well: Vec::new(), went_wrong: Vec::new() };
    for measure in measures(incident, allowance) {
        let list = if measure.is_met() { &mut found.went_well } else { &mut found.went_wrong };
        let target = measure.target.map(|target| format!(" (target {})", elapsed(target))).unwrap_or_default();
        let took = measure.seconds.map_or("unknown".to_owned(), elapsed);
        let by = measure.by.map(|by| format!(", {by}")).unwrap_or_default();
        list.push(format!("{}: {took}{target}{by}", measure.name));
    }
    let (kept, missed) = budgets(incident, allowance);
    if missed.is_empty() && kept > 0 {
        found.went_well.push("every step kept its budget".to_owned());
    }
    found.went_wrong.extend(missed);
    if incident.waivers.is_empty() {
        found.went_well.push("nothing was waived".to_owned());
    }
    found.went_wrong.extend(troubles(events));
    found.went_wrong.extend(unsent(incident));
    if let Some(backports) = incident.detail::<Backports>() {
        let lacking = backports.targets.iter().filter(|target| target.lacks_the_fix());
        let groups = Group::all(lacking).into_iter();
        found
            .went_wrong
            .extend(groups.map(|group| format!("{} did not get the fix: {}", group.which(), group.verdict)));
    }
    if let Some(suite) = incident.detail::<FullSuite>().filter(|suite| !suite.result.passed) {
        found.went_wrong.push(format!("the full test suite failed afterwards: {}", suite.result.ended));
    }
    found.went_wrong.extend(silence(incident, allowance.update));
    found
}

/// The number of steps that kept their budget, and a line for each that did not.
fn budgets(incident: &Incident, allowance: &Allowance) -> (usize, Vec<String>) {
    let taken = |step: &StepRecord| {
        let budget = i64::try_from(allowance.steps.get(&step.name)?.as_secs()).ok()?;
        Some((step.name, step.ended?.duration_since(step.started?).as_secs(), budget))
    };
    let (kept, missed): (Vec<_>, Vec<_>) =
        incident.steps().filter_map(taken).partition(|(_, seconds, budget)| seconds <= budget);
    let line = |(name, seconds, budget): (StepName, i64, i64)| {
        format!("{name} took {} (budget {})", elapsed(seconds), elapsed(budget))
    };
    (kept.len(), missed.into_iter().map(line).collect())
}

/// What the journal says went wrong, each once.
fn troubles(events: &[Event]) -> Vec<String> {
    let mut known = BTreeSet::new();
    let trouble = |event: &Event| match &event.fact {
        Fact::StepWentBad { step, evidence } => Some(format!("{step} went bad: {}", evidence.summary)),
        Fact::StepDone { step, evidence } if *step == StepName::RollBack => {
            Some(format!("a rollback: {}", evidence.summary))
        }
        Fact::StepFailed { step, error, .. } => Some(format!("{step} failed: {error}")),
        Fact::StepStuck { step, error, .. } => Some(format!("{step} got stuck: {error}")),
        Fact::UndoFailed { step, error, .. } => Some(format!("{step} could not be undone: {error}")),
        Fact::Approved { break_glass: Some(reason), .. } => Some(format!("review was not waited for: {reason}")),
        Fact::Waived { check, reason } => Some(format!("{check} was waived: {reason}")),
        Fact::TakenOver { from, reason, .. } => Some(format!("taken over from the clone of {}: {reason}", from.who)),
        Fact::LeaseBroken { lease, holder, reason } => Some(format!("{lease} was taken from {holder}: {reason}")),
        _ => None,
    };
    events.iter().filter_map(trouble).filter(|trouble| known.insert(trouble.clone())).collect()
}

fn unsent(incident: &Incident) -> Vec<String> {
    let unsent = incident.notices_failed.iter().map(|(notice, failed)| {
        let (_, destination) = notice.split_once('/').unwrap_or(("", notice));
        format!("{destination} was not notified: {}", failed.error)
    });
    unsent.collect::<BTreeSet<_>>().into_iter().collect()
}

/// The number of status updates that were due before the fix was verified, and missing.
fn silence(incident: &Incident, every: Duration) -> Option<String> {
    let every = i64::try_from(every.as_secs()).ok().filter(|every| *every > 0)?;
    let end = incident.verified().or(incident.ended).unwrap_or(incident.updated);
    let updates = incident.notes.iter().filter(|note| note.update && note.at <= end).map(|note| note.at);
    let mut times: Vec<Timestamp> = vec![incident.declared];
    times.extend(updates);
    times.push(end);
    let missed: i64 = times.windows(2).map(|pair| pair[1].duration_since(pair[0]).as_secs() / every).sum();
    (missed > 0).then(|| format!("{missed} status updates were due and not given (one every {})", elapsed(every)))
}
