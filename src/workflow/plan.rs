//! Which steps there are for each strategy, and which one is next. Pure.

use crate::domain::decision::Recommendation;
use crate::domain::event::Planned;
use crate::domain::incident::{Incident, StepState};
use crate::domain::order::{Kind, Order};
use crate::domain::rung::{Back, Rung};
use crate::domain::strategy::Strategy;

/// The version of the step names and their meaning; written into each journal.
pub const WORKFLOW: u32 = 1;

/// The steps of an incident that was just declared.
pub const OPENING: &[&str] = &["investigate", "decide"];

/// The steps after a deploy that went bad.
pub const WAY_BACK: &[&str] = &["roll-back", "confirm", "decide"];

/// Returns the steps of a strategy, in order.
pub fn steps(strategy: Strategy) -> &'static [&'static str] {
    match strategy {
        Strategy::A => &["prepare", "roll-back", "confirm", "close", "post-mortem"],
        Strategy::B => &[
            "branch",
            "fix",
            "check",
            "review",
            "release",
            "image",
            "prepare",
            "deploy",
            "watch",
            "merge",
            "backport",
            "close",
            "clean-up",
            "full-suite",
            "post-mortem",
        ],
        Strategy::C => &[
            "branch",
            "fix",
            "check",
            "review",
            "release",
            "image",
            "prepare",
            "deploy",
            "watch",
            "merge",
            "backport",
            "follow-up",
            "close",
            "clean-up",
            "full-suite",
            "post-mortem",
        ],
        Strategy::D => &[
            "maintenance-on",
            "branch",
            "fix",
            "check",
            "review",
            "release",
            "image",
            "prepare",
            "deploy",
            "watch",
            "maintenance-off",
            "merge",
            "backport",
            "close",
            "clean-up",
            "full-suite",
            "post-mortem",
        ],
    }
}

/// Returns the steps of what is ordered without an incident.
pub fn ordered(order: &Order) -> &'static [&'static str] {
    match order.kind {
        Kind::Deploy => &["image", "prepare", "deploy", "watch"],
        // What is made anew may be gone already.
        Kind::Rollback if order.rung == Rung::Recreate => &["roll-back", "confirm"],
        Kind::Rollback => &["prepare", "roll-back", "confirm"],
    }
}

/// Returns the steps that follow a deploy that went bad, or a rollback that is to be tried otherwise.
pub fn way_back(incident: &Incident) -> &'static [&'static str] {
    if incident.order.is_some() { &["roll-back", "confirm"] } else { WAY_BACK }
}

/// Returns the strategy and the steps with which production is put back now: what is left of the plan
/// in force where that does so already, else the strategy of a rollback.
pub fn back_again(incident: &Incident, rung: Rung) -> (Option<Strategy>, Vec<String>) {
    let plan = incident.plan();
    let left = plan.into_iter().flat_map(|plan| &plan.steps).skip_while(|step| step.name != "roll-back");
    let left: Vec<_> = left.map(|step| step.name.clone()).collect();
    match &incident.order {
        Some(_) => (None, names(way_back(incident))),
        None if left.is_empty() => {
            let steps = steps(Strategy::A).iter().filter(|step| rung != Rung::Recreate || **step != "prepare");
            (Some(Strategy::A), steps.map(|step| (*step).to_owned()).collect())
        }
        None => (plan.and_then(|plan| plan.strategy), left),
    }
}

/// Returns all steps of the strategy in force, or of the order; `None` for the opening and on the way
/// back of an incident.
pub fn whole(incident: &Incident) -> Option<&'static [&'static str]> {
    match (&incident.order, incident.plan()?.strategy) {
        (Some(order), _) => Some(ordered(order)),
        (None, strategy) => strategy.map(steps),
    }
}

/// What there is to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// A new list of steps comes into force.
    Plan(Planned),
    /// The step was not begun yet.
    Run(String),
    /// The step was begun and nobody knows how it ended: ask the world.
    Verify(String),
    /// The step was held, failed or stuck; somebody has to want another try.
    Retry(String),
    /// All steps are settled.
    Close,
    /// Closed or aborted, or being aborted.
    Over,
}

/// Returns what is next; running and resuming share it.
pub fn next(incident: &Incident) -> Next {
    if incident.status.is_over() || incident.aborting.is_some() {
        return Next::Over;
    }
    let Some(plan) = incident.plan() else {
        return match &incident.order {
            None => planned(None, vec!["declared".to_owned()], OPENING),
            Some(order) => begun(order),
        };
    };
    let bad = plan.steps.iter().find_map(|step| match &step.state {
        StepState::WentBad { evidence } => Some(evidence.summary.clone()),
        _ => None,
    });
    if let Some(reason) = bad {
        return planned(None, vec![reason], way_back(incident));
    }
    if let Some(step) = incident.current() {
        let name = step.name.clone();
        return match step.state {
            StepState::Started => Next::Verify(name),
            StepState::Waiting => Next::Run(name),
            _ => Next::Retry(name),
        };
    }
    if plan.steps.last().is_some_and(|step| step.name == "decide")
        && let Some(decision) = incident.detail::<Recommendation>()
    {
        return planned(Some(decision.strategy), decision.reasons, steps(decision.strategy));
    }
    Next::Close
}

fn planned(strategy: Option<Strategy>, reasons: Vec<String>, steps: &[&str]) -> Next {
    Next::Plan(Planned { strategy, reasons, steps: names(steps), back: None })
}

fn begun(order: &Order) -> Next {
    let (from, to) = (order.previous.clone(), order.release.clone());
    Next::Plan(Planned {
        strategy: None,
        reasons: vec![if order.reason.is_empty() { "ordered".to_owned() } else { order.reason.clone() }],
        steps: names(ordered(order)),
        back: (order.kind == Kind::Rollback).then_some(Back { from, to, rung: order.rung }),
    })
}

/// The names as the journal has them.
pub fn names(steps: &[&str]) -> Vec<String> {
    steps.iter().map(|step| (*step).to_owned()).collect()
}
