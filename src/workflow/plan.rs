//! Which steps there are for each strategy, and which one is next. Pure.

use crate::domain::decision::Recommendation;
use crate::domain::event::Planned;
use crate::domain::incident::{Incident, StepState};
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
        return planned(None, vec!["declared".to_owned()], OPENING);
    };
    let bad = plan.steps.iter().find_map(|step| match &step.state {
        StepState::WentBad { evidence } => Some(evidence.summary.clone()),
        _ => None,
    });
    if let Some(reason) = bad {
        return planned(None, vec![reason], WAY_BACK);
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
    Next::Plan(Planned { strategy, reasons, steps: steps.iter().map(|step| step.to_string()).collect() })
}
