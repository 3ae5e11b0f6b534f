//! A branch that a backport moves.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::git::oid::Oid;

/// A branch that moved: what a journal keeps of a backport, so that it can be undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Moved {
    pub branch: String,
    pub old: Oid,
    pub new: Oid,
}
