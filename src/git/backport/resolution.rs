//! How a person resolved a conflict, and for which targets that holds.

use serde::{Deserialize, Serialize};

use super::obstacle::Obstacle;
use crate::git::oid::Oid;

/// The tree that a person made of a conflict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolution {
    /// The commit of the fix that did not apply.
    pub commit: Oid,
    /// The tree that it did not apply to.
    pub ours: Oid,
    /// The class of the conflict, where it has one.
    pub class: Option<String>,
    /// What the tree is to become.
    pub tree: Oid,
    /// The targets that a person wants resolved like this.
    pub branches: Vec<String>,
}

impl Resolution {
    /// Whether it resolves this conflict of a branch.
    pub fn is_for(&self, branch: &str, obstacle: &Obstacle) -> bool {
        let Obstacle::Conflict { commit, ours, class, .. } = obstacle else { return false };
        let same = self.ours == *ours || (self.class.is_some() && self.class == *class);
        self.commit == *commit && same && self.branches.iter().any(|known| known == branch)
    }
}
