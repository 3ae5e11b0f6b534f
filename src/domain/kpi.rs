//! How well an incident went, in figures that can be compared with targets.

use jiff::Timestamp;
use serde::Serialize;

use super::allowance::Allowance;
use super::incident::{Incident, StepState};
use super::severity::Severity;
use super::step_name::StepName;

/// The most seconds until the problem is declared.
const DETECT: i64 = 5 * 60;
/// The most seconds until it is known what to do.
const IDENTIFY: i64 = 30 * 60;
/// The most seconds that a P0 may last until it is closed.
const LAST_P0: i64 = 3 * 60 * 60;

/// A duration in an incident, from the detection on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Measure {
    pub name: &'static str,
    pub seconds: i64,
    /// The most seconds that it should take; `None` without a target.
    pub target: Option<i64>,
}

impl Measure {
    pub fn is_met(&self) -> bool {
        self.target.is_none_or(|target| self.seconds <= target)
    }
}

/// Returns the durations that have ended: to detect, to identify, to fix, and the whole incident.
pub fn measures(incident: &Incident, allowance: &Allowance) -> Vec<Measure> {
    let limit = i64::try_from(allowance.limit.as_secs()).unwrap_or(i64::MAX);
    let decided =
        incident.steps().find(|step| step.name == StepName::Decide && matches!(step.state, StepState::Done { .. }));
    let until = |at: Timestamp| at.duration_since(incident.detected()).as_secs();
    let measure = |name, at: Option<Timestamp>, target| Some(Measure { name, seconds: until(at?), target });
    [
        measure("time to detect", Some(incident.declared), Some(DETECT)),
        measure("time to identify", decided.and_then(|step| step.ended), Some(IDENTIFY)),
        measure("time to fix", incident.verified(), Some(limit)),
        measure("incident duration", incident.ended, (incident.severity == Some(Severity::P0)).then_some(LAST_P0)),
    ]
    .into_iter()
    .flatten()
    .collect()
}
