//! How long things may take.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::incident::Incident;
use super::step_name::StepName;

/// What the configuration allows an incident of one severity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// From detection to verified in production.
    pub limit: Duration,
    /// From one status update to the next.
    pub update: Duration,
    /// For each step.
    pub steps: BTreeMap<StepName, Duration>,
    /// From verified in production to the post-mortem.
    pub post_mortem: Duration,
    /// From verified in production to the full fix, if this one is a workaround.
    pub follow_up: Duration,
}

impl Allowance {
    /// When the post-mortem is due: counted from when production was verified; else from the end of
    /// the incident; else from its last event.
    pub fn post_mortem_due(&self, incident: &Incident) -> Timestamp {
        well(incident).checked_add(self.post_mortem).unwrap_or(Timestamp::MAX)
    }

    /// When the full fix is due; counted like [`Allowance::post_mortem_due`].
    pub fn follow_up_due(&self, incident: &Incident) -> Timestamp {
        well(incident).checked_add(self.follow_up).unwrap_or(Timestamp::MAX)
    }
}

fn well(incident: &Incident) -> Timestamp {
    incident.verified().or(incident.ended).unwrap_or(incident.updated)
}
