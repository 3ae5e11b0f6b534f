//! What was deployed, and which release to go back to.

use jiff::Timestamp;
use serde::Serialize;

use super::production::FoundRunning;

/// A line of `hotfix log`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReleaseRecord {
    pub at: Timestamp,
    pub environment: String,
    pub release: String,
    pub commit: String,
    /// The images that were built of it, by digest.
    pub images: Vec<String>,
    /// Empty where something else deployed it, and hotfix only found it running.
    pub deployer: String,
    pub reason: String,
    /// `None` until a watch has ended.
    pub verdict: Option<String>,
}

impl ReleaseRecord {
    /// Whether hotfix deployed it or put it back.
    pub fn is_deployed(&self) -> bool {
        !self.deployer.is_empty()
    }

    /// What is to be written down if `release` is found running, whose commit is `commit`; `None` if the log,
    /// `releases` with the newest first, says already that it runs.
    pub fn found(
        releases: &[ReleaseRecord],
        environment: &str,
        (release, commit): (&str, &str),
    ) -> Option<FoundRunning> {
        let is_newest = releases.first().is_some_and(|newest| newest.release == release);
        (!release.is_empty() && !is_newest).then(|| FoundRunning {
            environment: environment.to_owned(),
            release: release.to_owned(),
            commit: commit.to_owned(),
        })
    }
}

/// The last verdict about a release. `releases` starts with the newest.
pub fn verdict_of<'a>(releases: &'a [ReleaseRecord], release: &str) -> Option<&'a str> {
    releases.iter().filter(|record| record.release == release).find_map(|record| record.verdict.as_deref())
}

/// Returns the newest release, except those in `not`, whose last verdict is VERIFIED. `releases` starts
/// with the newest.
pub fn last_verified<'a>(releases: &'a [ReleaseRecord], not: &[&str]) -> Option<&'a ReleaseRecord> {
    let judged = || releases.iter().filter(|record| record.verdict.is_some());
    judged().find(|record| {
        let last = judged().find(|other| other.release == record.release);
        let verified = last.is_some_and(|last| last.verdict.as_deref() == Some("VERIFIED"));
        verified && !not.contains(&record.release.as_str())
    })
}
