//! Why a target can't have the fix without a person.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::git::merge_tree::Conflict;
use crate::git::oid::Oid;

/// Why a target that needs the fix can't have it without a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "obstacle", rename_all = "kebab-case")]
pub enum Obstacle {
    Conflict {
        /// The commit of the fix that does not apply.
        commit: Oid,
        /// The tree that it does not apply to: the target's, with the earlier commits of the fix.
        ours: Oid,
        /// Targets with the same class have the same conflict, and one resolution does for all.
        class: Option<String>,
        conflict: Conflict,
        /// Which of the fix's commits that is, from 1; 0 in a record of an earlier version.
        #[serde(default)]
        number: usize,
        /// How many commits the fix has.
        #[serde(default)]
        of: usize,
    },
    /// Git could not make the merge at all.
    Failed { commit: Oid, reason: String },
    /// The remote did not take it; `proposal` is the branch that has it instead.
    Refused { reason: String, proposal: Option<String> },
}

impl Obstacle {
    /// The same conflict, as that of commit `number` of `of`.
    pub fn numbered(mut self, which: usize, count: usize) -> Obstacle {
        if let Obstacle::Conflict { number, of, .. } = &mut self {
            (*number, *of) = (which, count);
        }
        self
    }

    /// The same conflict, of another tree of the class.
    pub fn at(mut self, tree: Oid) -> Obstacle {
        if let Obstacle::Conflict { ours, .. } = &mut self {
            *ours = tree;
        }
        self
    }
}
