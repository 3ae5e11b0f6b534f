//! What comes next, for every view.

use schemars::JsonSchema;
use serde::Serialize;

use super::lease::LeaseView;
use crate::domain::next::Hint;

/// What comes next: part of each view of an incident or an order.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct NextView {
    /// The command to type next, or what a person does first; null if nothing is left to do.
    pub next: Option<String>,
    /// The same, typed.
    pub next_action: Option<Hint>,
    /// Who works on it right now; null if nobody does.
    pub working: Option<LeaseView>,
    /// The roles whose approval is still wanted; null unless the fix waits for its review.
    pub approvals_wanted: Option<Vec<String>>,
}
