//! What became of a target.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::obstacle::Obstacle;
use super::request::Mode;
use super::verdict::Verdict;
use crate::git::oid::Oid;

/// What became of a target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Outcome {
    pub branch: String,
    pub mode: Mode,
    #[serde(flatten)]
    pub verdict: Verdict,
    pub old: Oid,
    /// The commit that the branch is to have; `None` where it stays as it is.
    pub new: Option<Oid>,
    pub obstacle: Option<Obstacle>,
    /// Who resolved the conflicts that were in the way of `new`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved_by: Option<String>,
}

impl Outcome {
    /// The paths that a person has to look at.
    pub fn files(&self) -> Vec<String> {
        match &self.obstacle {
            Some(Obstacle::Conflict { conflict, .. }) => conflict.files(),
            _ => Vec::new(),
        }
    }

    /// Whether the branch has the fix once its `new` commit is pushed.
    pub fn holds(&self) -> bool {
        self.obstacle.is_none()
            && match self.verdict {
                Verdict::Contains | Verdict::Equivalent { .. } | Verdict::Resolved { .. } | Verdict::NotAffected => {
                    true
                }
                Verdict::Reverted { .. } => false,
                Verdict::Needs { .. } => self.new.is_some(),
            }
    }
}
