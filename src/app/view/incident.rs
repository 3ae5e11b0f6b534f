//! An incident, the same from every command.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::next::NextView;
use super::step::StepView;
use crate::domain::backports::{BackportTarget, Backports};
use crate::domain::incident::{Incident, Status};
use crate::domain::production::Release;
use crate::domain::seen::Seen;
use crate::domain::severity::Severity;
use crate::domain::strategy::Strategy;

/// The state of an incident.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct IncidentView {
    pub incident: Identity,
    /// Every step of every plan, in order.
    pub steps: Vec<StepView>,
    /// What the fix was released as; null before.
    pub release: Option<Release>,
    /// Each branch that had to get the fix.
    pub backports: Vec<BackportView>,
    #[serde(flatten)]
    pub next: NextView,
}

/// What an incident is, and its status.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "Incident")]
pub struct Identity {
    /// The identifier that people use.
    pub id: String,
    /// The identifier that it was declared under; it never changes.
    pub key: String,
    pub title: String,
    #[schemars(with = "Severity")]
    pub severity: Option<Severity>,
    pub status: Status,
    pub strategy: Option<Strategy>,
    /// When the problem was first seen; the time of the declaration if nobody said.
    pub detected: Timestamp,
    /// When it was first seen, by a report or the log; null if that is unknown.
    pub first_seen: Option<Seen>,
    /// From then to the declaration; null if that is unknown.
    pub seconds_to_detect: Option<i64>,
    /// When it was closed or aborted; null until then.
    pub ended: Option<Timestamp>,
}

/// A branch that had to get the fix.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "Backport")]
pub struct BackportView {
    pub branch: String,
    /// Such as `picked`, `merged`, `contains`, `equivalent`, `conflict`, `waived`.
    pub verdict: String,
    /// The tip of the branch with the fix; null if it did not get it.
    pub commit: Option<String>,
    /// The files in conflict.
    pub files: Vec<String>,
    /// Why it does not need the fix; empty otherwise.
    pub why: String,
}

impl IncidentView {
    pub fn of(incident: &Incident, next: NextView) -> IncidentView {
        IncidentView {
            incident: Identity::of(incident),
            steps: StepView::all(incident),
            release: incident.detail::<Release>(),
            backports: BackportView::all(incident),
            next,
        }
    }
}

impl Identity {
    fn of(incident: &Incident) -> Identity {
        let first_seen = Seen::of(incident);
        let seconds_to_detect = first_seen.as_ref().map(|seen| incident.declared.duration_since(seen.at).as_secs());
        Identity {
            id: incident.id.clone(),
            key: incident.key.clone(),
            title: incident.title(),
            severity: incident.severity,
            status: incident.status,
            strategy: incident.strategy,
            detected: incident.detected(),
            first_seen,
            seconds_to_detect,
            ended: incident.ended,
        }
    }
}

impl BackportView {
    fn all(incident: &Incident) -> Vec<BackportView> {
        let targets = incident.detail::<Backports>().map(|backports| backports.targets).unwrap_or_default();
        targets
            .into_iter()
            .map(|BackportTarget { branch, verdict, commit, files, why, .. }| BackportView {
                branch,
                verdict,
                commit,
                files,
                why,
            })
            .collect()
    }
}
