//! What comes next, for every view.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::next::Hint;

/// What comes next: part of each view of an incident or an order.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct NextView {
    /// The command to type next, or what a person does first; null if nothing is left to do.
    pub next: Option<String>,
    /// The same, typed.
    pub next_action: Option<Hint>,
}
