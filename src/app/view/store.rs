//! What a command does with the store itself.

use schemars::JsonSchema;
use serde::Serialize;

/// What was copied from another store.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ImportedView {
    /// The keys of the journals that were not here, or not with all of their events.
    pub imported: Vec<String>,
    /// How many were here with all of their events.
    pub unchanged: usize,
}
