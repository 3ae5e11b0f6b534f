//! A branch that the fix is meant for.

use serde::{Deserialize, Serialize};

use super::request::Mode;
use super::verdict::Verdict;
use crate::git::oid::Oid;

/// A branch that the fix is meant for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    pub branch: String,
    pub old: Oid,
    pub tree: Oid,
    pub mode: Mode,
    #[serde(flatten)]
    pub verdict: Verdict,
}
