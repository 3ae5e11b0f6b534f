//! The diff of a fix.

use schemars::JsonSchema;
use serde::Serialize;

/// What is to be approved.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct DiffView {
    pub incident: String,
    /// The commit that the branch started from.
    pub base: String,
    /// The fix, as an approval names it.
    pub commit: String,
    /// How the check of this commit ended, if it ran in this clone.
    pub check: Option<String>,
    /// Unified, as git writes it.
    pub diff: String,
}
