//! Which steps there are for each strategy, and which one is next. Pure.

use crate::domain::decision::Recommendation;
use crate::domain::event::Planned;
use crate::domain::fix::Branch;
use crate::domain::incident::{Incident, StepState};
use crate::domain::order::{Kind, Order};
use crate::domain::rung::{Back, Rung};
use crate::domain::step_name::StepName;
use crate::domain::strategy::Strategy;

/// The version of the step names and their meaning; written into each journal.
pub const WORKFLOW: u32 = 1;

/// The steps after the declaration of an incident.
pub const OPENING: &[StepName] = &[StepName::Investigate, StepName::Decide];

/// The steps after a deploy that went bad.
pub const WAY_BACK: &[StepName] = &[StepName::RollBack, StepName::Confirm, StepName::Decide];

/// Returns the steps of a strategy, in order.
pub fn steps(strategy: Strategy) -> &'static [StepName] {
    use StepName::*;
    match strategy {
        Strategy::A => &[Prepare, RollBack, Confirm, Close, PostMortem],
        Strategy::B => &[
            Branch, Fix, Check, Review, Release, Image, Prepare, Deploy, Watch, Merge, Backport, Close, CleanUp,
            FullSuite, PostMortem,
        ],
        Strategy::C => &[
            Branch, Fix, Check, Review, Release, Image, Prepare, Deploy, Watch, Merge, Backport, Close, FollowUp,
            CleanUp, FullSuite, PostMortem,
        ],
        Strategy::D => &[
            MaintenanceOn,
            Branch,
            Fix,
            Check,
            Review,
            Release,
            Image,
            Prepare,
            Deploy,
            Watch,
            MaintenanceOff,
            Merge,
            Backport,
            Close,
            CleanUp,
            FullSuite,
            PostMortem,
        ],
    }
}

/// The steps of a strategy that replaces another one: a rollback leaves no branch behind that it does not need.
pub fn steps_after(incident: &Incident, strategy: Strategy) -> Vec<StepName> {
    let mut steps = steps(strategy).to_vec();
    let is_branched = incident.detail::<Branch>().is_some();
    if let Some(close) = steps.iter().position(|step| *step == StepName::Close)
        && is_branched
        && !steps.contains(&StepName::CleanUp)
    {
        steps.insert(close + 1, StepName::CleanUp);
    }
    steps
}

/// Returns the steps of an order without an incident.
pub fn ordered(order: &Order) -> &'static [StepName] {
    match order.kind {
        Kind::Deploy => &[StepName::Image, StepName::Prepare, StepName::Deploy, StepName::Watch],
        // What will be created again may already be deleted, and then nothing can be prepared.
        Kind::Rollback if order.rung == Rung::Recreate => &[StepName::RollBack, StepName::Confirm],
        Kind::Rollback => &[StepName::Prepare, StepName::RollBack, StepName::Confirm],
    }
}

/// Returns the steps that follow a deploy that went bad, or a rollback that is tried another way.
pub fn way_back(incident: &Incident) -> &'static [StepName] {
    if incident.order().is_some() { &[StepName::RollBack, StepName::Confirm] } else { WAY_BACK }
}

/// Returns the strategy and the steps that put production back now: the rest of the current plan if that
/// does so, else the strategy of a rollback.
pub fn back_again(incident: &Incident, rung: Rung) -> (Option<Strategy>, Vec<StepName>) {
    let plan = incident.plan();
    let left = plan.into_iter().flat_map(|plan| &plan.steps).skip_while(|step| step.name != StepName::RollBack);
    let left: Vec<_> = left.map(|step| step.name).collect();
    match incident.order() {
        Some(_) => (None, way_back(incident).to_vec()),
        None if left.is_empty() => {
            let steps = steps_after(incident, Strategy::A).into_iter();
            (Some(Strategy::A), steps.filter(|step| rung != Rung::Recreate || *step != StepName::Prepare).collect())
        }
        None => (plan.and_then(|plan| plan.strategy), left),
    }
}

/// Returns all steps of the current strategy, or of the order; `None` for the opening and on the way back
/// of an incident.
pub fn whole(incident: &Incident) -> Option<&'static [StepName]> {
    match (incident.order(), incident.plan()?.strategy) {
        (Some(order), _) => Some(ordered(order)),
        (None, strategy) => strategy.map(steps),
    }
}

/// What to do next.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// Start a new list of steps.
    Plan(Planned),
    /// Start the step.
    Run(StepName),
    /// The step was started and nobody knows how it ended: ask the world.
    Verify(StepName),
    /// The step was held, failed or stuck; somebody has to ask for another try.
    Retry(StepName),
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
        return match incident.order() {
            None => planned(None, vec!["declared".to_owned()], OPENING),
            Some(order) => first_plan(order),
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
        let name = step.name;
        return match step.state {
            StepState::Started => Next::Verify(name),
            StepState::Waiting => Next::Run(name),
            _ => Next::Retry(name),
        };
    }
    if plan.steps.last().is_some_and(|step| step.name == StepName::Decide)
        && let Some(decision) = incident.detail::<Recommendation>()
    {
        return planned(Some(decision.strategy), decision.reasons, steps(decision.strategy));
    }
    Next::Close
}

fn planned(strategy: Option<Strategy>, reasons: Vec<String>, steps: &[StepName]) -> Next {
    Next::Plan(Planned { strategy, reasons, steps: steps.to_vec(), back: None })
}

fn first_plan(order: &Order) -> Next {
    let (from, to) = (order.previous.clone(), order.release.clone());
    Next::Plan(Planned {
        strategy: None,
        reasons: vec![if order.reason.is_empty() { "ordered".to_owned() } else { order.reason.clone() }],
        steps: ordered(order).to_vec(),
        back: (order.kind == Kind::Rollback).then_some(Back { from, to, rung: order.rung }),
    })
}
