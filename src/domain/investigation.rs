//! What the machine found in the first minutes.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::evidence::Detail;
use super::production::FoundRunning;
use super::step_name::StepName;
use super::verdict::Verdict;

/// What the machine found in the first minutes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Investigation {
    pub commits: Vec<RecentCommit>,
    pub deploys: Vec<RecentDeploy>,
    /// What runs, as the deployer says; `None` where it could not be asked, or nothing runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub running: Option<Running>,
    /// The same release, if it is seen here for the first time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<FoundRunning>,
    pub logs: Option<LogExcerpt>,
    /// Files of data migrations that the recent commits touch.
    pub migrations: Vec<String>,
    /// What could not be examined, and why.
    pub gaps: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RecentCommit {
    pub commit: String,
    pub at: Timestamp,
    pub author: String,
    pub subject: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RecentDeploy {
    pub release: String,
    pub at: Timestamp,
    pub verdict: Option<Verdict>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Running {
    pub release: String,
    /// Whether hotfix deployed it last; else something else did.
    pub is_known: bool,
    /// When its tag was made.
    pub tagged: Option<Timestamp>,
    /// The tag before it that was not found BAD; hotfix need not have deployed or verified it.
    pub before: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LogExcerpt {
    /// How many lines were read.
    pub lines: usize,
    /// Lines that look like errors, in groups of similar ones, the most frequent first.
    pub errors: Vec<ErrorGroup>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorGroup {
    pub count: usize,
    pub example: String,
    /// When the first of them was logged; `None` where the log has no times with a zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<Timestamp>,
}

impl Detail for Investigation {
    const STEP: StepName = StepName::Investigate;
}
