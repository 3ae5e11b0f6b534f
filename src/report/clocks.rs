//! The clocks of an incident: how much time is left, and what is overdue.

use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::allowance::Allowance;
use crate::domain::elapsed::elapsed;
use crate::domain::incident::Incident;
use crate::domain::step_name::StepName;

/// The checklist item that stops the clock of the post-mortem.
pub const POST_MORTEM_HELD: &str = "post-mortem held";

/// All clocks at one moment.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Clocks {
    /// From the detection to verified in production.
    pub limit: Clock,
    /// To the next status update; `None` once the incident is over.
    pub update: Option<Clock>,
    /// Of the current step.
    pub step: Option<(StepName, Clock)>,
    /// `None` before production is verified, once the post-mortem was held, and after a false alarm.
    pub post_mortem: Option<Clock>,
}

/// A clock that runs, or that was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Clock {
    pub began: Timestamp,
    pub due: Timestamp,
    /// When it was stopped; `None` while it runs.
    pub ended: Option<Timestamp>,
    /// Seconds that it may take.
    pub allowed: i64,
    /// Seconds that it took up to its end or up to now.
    pub taken: i64,
    /// Seconds that are left; negative if overdue.
    pub left: i64,
}

/// Returns every clock of `incident` as it stands `now`.
pub fn clocks(incident: &Incident, allowance: &Allowance, now: Timestamp) -> Clocks {
    let well = incident.verified().or(incident.ended);
    let over = incident.status.is_over();
    let held = incident.ticked.iter().any(|item| item == POST_MORTEM_HELD);
    let running = |began, allowed| clock(began, allowed, None, now);
    let step = incident.current().and_then(|step| {
        let budget = allowance.steps.get(&step.name)?;
        Some((step.name, running(step.started?, *budget)))
    });
    Clocks {
        limit: clock(incident.detected(), allowance.limit, well, now),
        update: (!over).then(|| running(incident.last_update(), allowance.update)),
        step: step.filter(|_| !over),
        post_mortem: well
            .filter(|_| !held && !incident.is_false_alarm())
            .map(|well| running(well, allowance.post_mortem)),
    }
}

fn clock(began: Timestamp, allowed: Duration, ended: Option<Timestamp>, now: Timestamp) -> Clock {
    let due = began.checked_add(allowed).unwrap_or(Timestamp::MAX);
    let (allowed, taken) = (due.duration_since(began).as_secs(), ended.unwrap_or(now).duration_since(began).as_secs());
    Clock { began, due, ended, allowed, taken, left: allowed - taken }
}

impl Clock {
    pub fn is_overdue(&self) -> bool {
        self.left < 0
    }

    /// Returns `18 min of 2 h`.
    pub fn taken_of_allowed(&self) -> String {
        format!("{} of {}", elapsed(self.taken), elapsed(self.allowed))
    }

    /// Returns `due in 4 min` or `4 min overdue`.
    pub fn due_in(&self) -> String {
        if self.is_overdue() {
            format!("{} overdue", elapsed(self.left.saturating_neg()))
        } else {
            format!("due in {}", elapsed(self.left))
        }
    }
}
