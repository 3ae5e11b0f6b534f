//! The branches that had to get the fix.

use serde::{Deserialize, Serialize};

use super::evidence::Detail;
use super::step_name::StepName;

/// Each branch that had to get the fix.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Backports {
    pub targets: Vec<BackportTarget>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BackportTarget {
    pub branch: String,
    /// `picked`, `merged`, `contains`, `equivalent`, `resolved`, `conflict`, `waived` and the like.
    pub verdict: String,
    /// The commit that brought the fix, or the branch's tip where the fix itself is in its history;
    /// `None` where there is none, or where it is not known which one made the same change.
    pub commit: Option<String>,
    /// The branch's tip before.
    pub old: String,
    /// The files in conflict.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
}

impl BackportTarget {
    /// Whether the branch should have the fix and has not.
    pub fn lacks_the_fix(&self) -> bool {
        self.commit.is_none() && !matches!(self.verdict.as_str(), "not-affected" | "equivalent")
    }
}

impl Detail for Backports {
    const STEP: StepName = StepName::Backport;
}
