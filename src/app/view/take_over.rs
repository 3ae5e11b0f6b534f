//! Who works on an incident, and what taking it over would do.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::app::mirror::{Elsewhere, Listed, Problem};
use crate::app::take_over::unfinished;
use crate::domain::step_name::StepName;
use crate::git::published::Tip;

/// Another clone that works on the incident.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ElsewhereView {
    /// Its store's own name.
    pub store: String,
    /// Git's user there, as it says.
    pub who: String,
    /// When it published what is shown.
    pub as_of: Timestamp,
    /// How many events this clone has that are not in the journal there.
    pub differing: i64,
}

/// A published journal that can't be shown, or not as the remote has it now.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct PublishedProblem {
    pub id: String,
    pub why: String,
}

/// What a take-over would do.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct TakeOverView {
    pub incident: String,
    pub elsewhere: ElsewhereView,
    /// How many events its journal has.
    pub events: usize,
    /// A step that changes production and was not finished there: it may still run.
    pub may_still_run: Option<StepName>,
}

impl ElsewhereView {
    pub fn of(listed: &Listed) -> ElsewhereView {
        let Tip { store, who, at, .. } = &listed.tip;
        ElsewhereView { store: store.clone(), who: who.clone(), as_of: *at, differing: listed.differing }
    }
}

impl PublishedProblem {
    pub fn of(problem: &Problem) -> PublishedProblem {
        PublishedProblem { id: problem.id.clone(), why: problem.why.clone() }
    }
}

impl TakeOverView {
    pub fn of(journal: &Elsewhere) -> TakeOverView {
        TakeOverView {
            incident: journal.id.clone(),
            elsewhere: ElsewhereView {
                store: journal.store.clone(),
                who: journal.who.clone(),
                as_of: journal.as_of,
                differing: journal.differing,
            },
            events: journal.events.len(),
            may_still_run: unfinished(&journal.incident),
        }
    }
}
