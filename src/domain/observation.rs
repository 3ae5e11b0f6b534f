//! What was seen of a release in production.

use serde::{Deserialize, Serialize};

use super::evidence::Detail;
use super::step_name::StepName;
use super::verdict::{Forecast, Test, Verdict};

/// The readings of the probes during the window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Watch {
    pub release: String,
    pub verdict: Verdict,
    pub requests: u64,
    pub errors: u64,
    /// The 95th percentile of the latency, in milliseconds.
    pub p95_ms: Option<u64>,
    pub seconds: u64,
    pub reasons: Vec<String>,
    /// The tests behind the verdict.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tests: Vec<Test>,
    /// What VERIFIED still needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forecast: Option<Forecast>,
}

impl Detail for Watch {
    const STEP: StepName = StepName::Watch;
}
