//! What runs in production, and what a deploy or a rollback changes.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::evidence::Detail;
use super::rung::Rung;
use super::step_name::StepName;

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
    /// Empty if nothing runs.
    pub release: String,
    /// Empty if unknown.
    pub commit: String,
    /// What the deployer needs to go back there; only it can read this.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub state: serde_json::Value,
    /// The same release, if it is seen here for the first time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<FoundRunning>,
}

impl Detail for WayBack {
    const STEP: StepName = StepName::Prepare;
}

/// A release that hotfix did not deploy, found running when it was not yet the newest line of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FoundRunning {
    pub environment: String,
    pub release: String,
    /// Empty if unknown.
    pub commit: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deploy {
    pub environment: String,
    pub release: String,
    pub commit: String,
    /// The release to go back to; empty if nothing ran before.
    pub previous: String,
    /// The images that were built of the release, by digest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<String>,
}

impl Detail for Deploy {
    const STEP: StepName = StepName::Deploy;
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
