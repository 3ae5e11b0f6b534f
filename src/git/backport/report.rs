//! What a backport did, for a person and for a machine.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::land::Landed;
use super::merge::Merged;
use super::obstacle::Obstacle;
use super::outcome::Outcome;
use super::plan::Plan;
use super::targets::LeftOut;

/// What became of every target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    pub fix: String,
    pub targets: Vec<Row>,
    pub left_out: Vec<LeftOut>,
    /// How many branches moved.
    pub pushed: usize,
    pub seconds: f64,
}

/// One target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Row {
    #[serde(flatten)]
    pub outcome: Outcome,
    /// The paths in conflict.
    pub files: Vec<String>,
}

impl Report {
    pub fn new(plan: &Plan, merged: Merged, landed: &Landed, took: Duration) -> Report {
        let mut outcomes = merged.outcomes;
        for refusal in &landed.refused {
            let (reason, proposal) = (refusal.reason.clone(), refusal.proposal.clone());
            for outcome in outcomes.iter_mut().filter(|outcome| outcome.branch == refusal.branch) {
                outcome.obstacle = Some(Obstacle::Refused { reason: reason.clone(), proposal: proposal.clone() });
            }
        }
        Report {
            fix: plan.fix.name.clone(),
            targets: outcomes.into_iter().map(|outcome| Row { files: outcome.files(), outcome }).collect(),
            left_out: plan.left_out.clone(),
            pushed: landed.moved.len(),
            seconds: took.as_secs_f64(),
        }
    }

    /// How many targets need the fix and can have it.
    pub fn movable(&self) -> usize {
        self.targets.iter().filter(|row| row.outcome.new.is_some() && row.outcome.obstacle.is_none()).count()
    }

    /// Whether every target has the fix, or does not need it.
    pub fn complete(&self) -> bool {
        self.targets.iter().all(|row| row.outcome.holds())
    }
}
