//! The details that steps leave for each other.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::decision::Recommendation;
use super::evidence::Detail;
use super::proof::Proof;
use super::rung::Rung;
use super::step_name::StepName;
use super::verdict::{Forecast, Test, Verdict};

/// What the machine found in the first minutes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Investigation {
    pub commits: Vec<RecentCommit>,
    pub deploys: Vec<RecentDeploy>,
    pub logs: Option<LogExcerpt>,
    /// Files of data migrations that the recent commits touch.
    pub migrations: Vec<String>,
    /// What could not be looked at, and why.
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
pub struct LogExcerpt {
    /// How many lines were read.
    pub lines: usize,
    /// Lines that look like errors, alike ones together, the most frequent first.
    pub errors: Vec<ErrorGroup>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorGroup {
    pub count: usize,
    pub example: String,
}

impl Detail for Investigation {
    const STEP: StepName = StepName::Investigate;
}

impl Detail for Recommendation {
    const STEP: StepName = StepName::Decide;
}

/// Where the fix is made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Branch {
    pub name: String,
    /// The commit that production runs, from which the branch starts.
    pub base: String,
    /// The branch's first commit: `base`, or the one that adds the incident's ticket.
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

/// Guard, proof and gates on one commit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    pub commit: String,
    /// The tree of `commit`: what was checked is what is released. Empty in older journals.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tree: String,
    /// What the fix was compared with.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub base: String,
    pub violations: Vec<Violation>,
    /// `None` where there were no tests to run, and in older journals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Proof>,
    /// Whether the proof was known from before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub remembered: bool,
    pub gates: Vec<GateResult>,
    #[serde(default)]
    pub seconds: f64,
}

impl Check {
    /// What holds the fix, by the names that each is waived by.
    pub fn held(&self) -> Vec<String> {
        let rules = self.violations.iter().filter(|violation| violation.blocks && !violation.waived);
        let gates = self.gates.iter().filter(|gate| !gate.passed && !gate.waived);
        let names = rules.map(|rule| rule.check.clone()).chain(gates.map(|gate| gate.check()));
        let mut named: Vec<String> = names.collect();
        named.dedup();
        named
    }
}

/// A rule that the fix breaks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Violation {
    /// The check's name, by which it is waived.
    pub check: String,
    pub message: String,
    /// Whether the fix is held, rather than only warned of.
    pub blocks: bool,
    pub waived: bool,
    /// Where it is; `None` where it is of the change as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The first line of it, counted from 1: of the file as fixed, or as it was where `counted` says
    /// that the line was removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The lines that counted: `path:line`, `path:line-line`, `path:line (removed)`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counted: Vec<String>,
    /// The share of honest fixes on which the check fires, 0 to 1, where that was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<f64>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GateResult {
    pub name: String,
    pub passed: bool,
    pub seconds: f64,
    /// How it ended, in words: `exit status 1`, `took longer than 300 s`.
    pub ended: String,
    /// The last lines of its output.
    pub tail: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub waived: bool,
    /// The file with all that it printed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub log: String,
}

impl GateResult {
    /// The name by which it is waived.
    pub fn check(&self) -> String {
        format!("gate/{}", self.name)
    }
}

impl Detail for Check {
    const STEP: StepName = StepName::Check;
}

/// Who let the fix pass.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Review {
    pub commit: String,
    pub approvals: Vec<String>,
    /// Whether the review follows the deploy, as the profile or a break-glass approval allows.
    pub afterwards: bool,
}

impl Detail for Review {
    const STEP: StepName = StepName::Review;
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Release {
    pub tag: String,
    pub commit: String,
}

impl Detail for Release {
    const STEP: StepName = StepName::Release;
}

/// The images that were built of a release.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Image {
    pub release: String,
    /// `registry/app@sha256:...`, one for each image.
    pub references: Vec<String>,
}

impl Detail for Image {
    const STEP: StepName = StepName::Image;
}

/// What runs before a deploy changes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WayBack {
    pub environment: String,
    /// Empty where nothing runs.
    pub release: String,
    /// Empty where it is not known.
    pub commit: String,
    /// What the deployer needs to go back there; only it can read this.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub state: serde_json::Value,
}

impl Detail for WayBack {
    const STEP: StepName = StepName::Prepare;
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deploy {
    pub environment: String,
    pub release: String,
    pub commit: String,
    /// The release to go back to; empty where nothing ran before.
    pub previous: String,
    /// The images that were built of the release, by digest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<String>,
}

impl Detail for Deploy {
    const STEP: StepName = StepName::Deploy;
}

/// What the probes read during the window.
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
    /// What the verdict rests on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tests: Vec<Test>,
    /// What VERIFIED still needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forecast: Option<Forecast>,
}

impl Detail for Watch {
    const STEP: StepName = StepName::Watch;
}

/// Production back on an earlier release.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RollBack {
    pub environment: String,
    pub from: String,
    pub to: String,
    #[serde(default)]
    pub rung: Rung,
}

impl Detail for RollBack {
    const STEP: StepName = StepName::RollBack;
}

/// What was taken away for the maintenance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MaintenanceOn {
    /// How many instances there were, by name.
    pub instances: BTreeMap<String, i32>,
}

impl Detail for MaintenanceOn {
    const STEP: StepName = StepName::MaintenanceOn;
}

/// The fix in production's branch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Merge {
    pub branch: String,
    /// The branch's tip before.
    pub old: String,
    /// The merge commit.
    pub merge: String,
    /// The tip after: the merge, or the changelog entry on top of it.
    pub new: String,
}

impl Detail for Merge {
    const STEP: StepName = StepName::Merge;
}

/// Each branch that had to get the fix.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Backports {
    pub targets: Vec<BackportTarget>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BackportTarget {
    pub branch: String,
    /// `picked`, `merged`, `contains`, `equivalent`, `conflict`, `waived` and the like.
    pub verdict: String,
    /// The branch's tip with the fix; `None` where it did not get it.
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
        self.commit.is_none() && self.verdict != "not-affected"
    }
}

impl Detail for Backports {
    const STEP: StepName = StepName::Backport;
}

/// All tests, run after the hurry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FullSuite {
    pub commit: String,
    pub result: GateResult,
}

impl Detail for FullSuite {
    const STEP: StepName = StepName::FullSuite;
}

/// The documents as they were committed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Close {
    pub ticket: Option<String>,
    pub commit: Option<String>,
}

impl Detail for Close {
    const STEP: StepName = StepName::Close;
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PostMortem {
    pub path: String,
    pub commit: Option<String>,
    pub due: Timestamp,
}

impl Detail for PostMortem {
    const STEP: StepName = StepName::PostMortem;
}
