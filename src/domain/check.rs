//! Guard, proof and gates: the findings about a fix, and what was run.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::evidence::Detail;
use super::hex::hex;
use super::incident::{Incident, StepRecord, StepState};
use super::proof::Proof;
use super::step_name::StepName;

/// Guard, proof and gates on one commit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    pub commit: String,
    /// The tree of `commit`: what was checked is what is released. Empty in older journals.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tree: String,
    /// The commit that the fix was compared with.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub base: String,
    pub violations: Vec<Violation>,
    /// `None` if there were no tests to run, and in older journals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Proof>,
    /// Whether an earlier proof of the same trees was used.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub remembered: bool,
    pub gates: Vec<GateResult>,
    /// Why the tests and gates were not held as they should be, if so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sandbox_off: Option<String>,
    #[serde(default)]
    pub seconds: f64,
}

impl Check {
    /// What holds the fix, by the names that waive it.
    pub fn held(&self) -> Vec<String> {
        let rules = self.violations.iter().filter(|violation| violation.blocks && !violation.waived);
        let gates = self.gates.iter().filter(|gate| gate.holds());
        let names = rules.map(|rule| rule.check.clone()).chain(gates.map(|gate| gate.check()));
        let mut named: Vec<String> = names.collect();
        named.dedup();
        named
    }
}

/// SHA-256, in hexadecimal, of the last check's detail as the journal has it, in JSON with sorted names; empty if
/// nothing was checked.
pub fn digest(incident: &Incident) -> String {
    let steps = incident.steps().rev().filter(|step| step.name == Check::STEP);
    let detail = steps.into_iter().find_map(|step| match &step.state {
        StepState::Done { evidence } => Some(&evidence.detail),
        _ => None,
    });
    detail.map(|detail| hex(&Sha256::digest(detail.to_string()))).unwrap_or_default()
}

/// A rule that the fix breaks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Violation {
    /// The check's name, which waives it.
    pub check: String,
    pub message: String,
    /// Whether it holds the fix, and is not only a warning.
    pub blocks: bool,
    pub waived: bool,
    /// Who waived it and why, where no incident has that.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub waived_by: String,
    /// The path; `None` if it is about the change as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Its first line, counted from 1: in the fixed file, or in the old one if `counted` says that the
    /// line was removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The lines that counted: `path:line`, `path:line-line`, `path:line (removed)`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counted: Vec<String>,
    /// The file with all that the runner of the tests printed, if that says more.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub log: String,
    /// The share of honest fixes on which the check fires, 0 to 1, if measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<f64>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GateResult {
    pub name: String,
    pub passed: bool,
    pub seconds: f64,
    /// How it ended: `exit status 1`, `took longer than 300 s`.
    pub ended: String,
    /// The last lines of its output.
    pub tail: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub waived: bool,
    /// Whether it fails in the same way on what production runs, so that the fix is not to blame.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fails_before: bool,
    /// The file with its whole output.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub log: String,
}

impl GateResult {
    /// Whether it holds the fix.
    pub fn holds(&self) -> bool {
        !self.passed && !self.waived && !self.fails_before
    }

    /// The name that waives it.
    pub fn check(&self) -> String {
        format!("gate/{}", self.name)
    }
}

impl Detail for Check {
    const STEP: StepName = StepName::Check;
}

/// All tests, run after the emergency.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FullSuite {
    pub commit: String,
    pub result: GateResult,
}

impl Detail for FullSuite {
    const STEP: StepName = StepName::FullSuite;
}

impl FullSuite {
    /// Whether this is the step, and a test failed: the step is done nevertheless, as it holds nothing up.
    pub fn has_failed(step: &StepRecord) -> bool {
        let StepState::Done { evidence } = &step.state else { return false };
        let suite = serde_json::from_value::<FullSuite>(evidence.detail.clone());
        step.name == FullSuite::STEP && suite.is_ok_and(|suite| !suite.result.passed)
    }
}
