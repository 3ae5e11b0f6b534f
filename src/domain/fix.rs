//! The fix, from its branch to production's branch.

use serde::{Deserialize, Serialize};

use super::evidence::Detail;
use super::step_name::StepName;

/// Where the fix is made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Branch {
    pub name: String,
    /// The commit that production runs, from which the branch starts.
    pub base: String,
    /// The commit before the fix: `base`, or the branch's first one, which adds the incident's ticket.
    pub start: String,
    pub work_tree: String,
    /// The path of the ticket inside the repository.
    pub ticket: Option<String>,
}

impl Detail for Branch {
    const STEP: StepName = StepName::Branch;
}

/// The fix as it stands on the branch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fix {
    pub commit: String,
    pub commits: Vec<String>,
    pub files: usize,
    pub added: usize,
    pub removed: usize,
}

impl Detail for Fix {
    const STEP: StepName = StepName::Fix;
}

/// The approvals of the fix.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Review {
    pub commit: String,
    pub approvals: Vec<String>,
    /// Whether the review comes after the deploy, as the profile or a break-glass approval allows.
    pub afterwards: bool,
}

impl Detail for Review {
    const STEP: StepName = StepName::Review;
}

/// The fix in production's branch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Merge {
    pub branch: String,
    /// The branch's tip before.
    pub old: String,
    /// The merge commit.
    pub merge: String,
    /// The tip after: the merge, or what others, or older versions of hotfix, put on top of it.
    pub new: String,
}

impl Detail for Merge {
    const STEP: StepName = StepName::Merge;
}
