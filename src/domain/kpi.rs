//! How well an incident went, in figures that can be compared with targets.

use jiff::Timestamp;
use serde::Serialize;

use super::allowance::Allowance;
use super::incident::{Incident, StepState};
use super::seen::Seen;
use super::severity::Severity;
use super::step_name::StepName;

/// The most seconds until the problem is declared.
const DETECT: i64 = 5 * 60;
/// The most seconds until it is known what to do.
const IDENTIFY: i64 = 30 * 60;
/// The most seconds that a P0 may last until it is closed.
const LAST_P0: i64 = 3 * 60 * 60;

/// A duration in an incident, from the detection on; from the declaration where nobody said when it was first seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Measure {
    pub name: &'static str,
    /// `None` if it is unknown.
    pub seconds: Option<i64>,
    /// What it was measured by, if not by what was reported.
    pub by: Option<String>,
    /// The most seconds that it should take; `None` without a target.
    pub target: Option<i64>,
}

impl Measure {
    /// Whether it is known, and kept its target.
    pub fn is_met(&self) -> bool {
        self.seconds.is_some_and(|seconds| self.target.is_none_or(|target| seconds <= target))
    }
}

fn detection(incident: &Incident) -> Measure {
    let seen = Seen::of(incident);
    let seconds = seen.as_ref().map(|seen| incident.declared.duration_since(seen.at).as_secs());
    let by = match seen {
        None => Some("nobody said when it was first seen".to_owned()),
        Some(Seen { log, .. }) => log.map(|example| format!("since the first in the log of: {example}")),
    };
    Measure { name: "time to detect", seconds, by, target: Some(DETECT) }
}

/// Returns the durations that have ended: to detect, to identify, to fix, and the whole incident.
pub fn measures(incident: &Incident, allowance: &Allowance) -> Vec<Measure> {
    let limit = i64::try_from(allowance.limit.as_secs()).unwrap_or(i64::MAX);
    let decided =
        incident.steps().find(|step| step.name == StepName::Decide && matches!(step.state, StepState::Done { .. }));
    let until = |at: Timestamp| at.duration_since(incident.detected()).as_secs();
    let measure =
        |name, at: Option<Timestamp>, target| Some(Measure { name, seconds: Some(until(at?)), by: None, target });
    [
        Some(detection(incident)),
        measure("time to identify", decided.and_then(|step| step.ended), Some(IDENTIFY)),
        measure("time to fix", incident.verified(), Some(limit)),
        measure("incident duration", incident.ended, (incident.severity == Some(Severity::P0)).then_some(LAST_P0)),
    ]
    .into_iter()
    .flatten()
    .collect()
}
