//! What was deployed.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::release::ReleaseRecord;
use crate::domain::verdict::Verdict;

/// The releases of an environment, the newest first.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct LogView {
    pub environment: String,
    pub releases: Vec<ReleaseView>,
}

/// A release that was deployed or put back.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ReleaseView {
    pub at: Timestamp,
    pub environment: String,
    pub release: String,
    /// Empty if unknown.
    pub commit: String,
    /// The images that were built of it, by digest.
    pub images: Vec<String>,
    /// Empty where something else deployed it, and hotfix only saw it run.
    pub deployer: String,
    pub reason: String,
    /// Null until a watch has ended.
    #[schemars(with = "Option<Verdict>")]
    pub verdict: Option<String>,
}

impl LogView {
    pub fn of(environment: impl Into<String>, releases: Vec<ReleaseRecord>) -> LogView {
        LogView { environment: environment.into(), releases: releases.into_iter().map(ReleaseView::from).collect() }
    }
}

impl From<ReleaseRecord> for ReleaseView {
    fn from(record: ReleaseRecord) -> ReleaseView {
        ReleaseView {
            at: record.at,
            environment: record.environment,
            release: record.release,
            commit: record.commit,
            images: record.images,
            deployer: record.deployer,
            reason: record.reason,
            verdict: record.verdict,
        }
    }
}
