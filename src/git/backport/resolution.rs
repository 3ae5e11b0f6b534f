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
    /// Who resolved it, `name <email>`; `None` in a record of an earlier version.
    #[serde(default)]
    pub by: Option<String>,
    /// The targets that a person wants resolved like this.
    pub branches: Vec<String>,
}

impl Resolution {
    /// Whether it resolves this conflict of a branch.
    pub fn is_for(&self, branch: &str, obstacle: &Obstacle) -> bool {
        let Obstacle::Conflict { commit, ours, class, .. } = obstacle else { return false };
        // Earlier versions took a conflict that nobody had looked at for one resolved by changing
        // nothing: without a name such a resolution does not count.
        if self.by.is_none() && self.tree == self.ours {
            return false;
        }
        let same = self.ours == *ours || (self.class.is_some() && self.class == *class);
        self.commit == *commit && same && self.branches.iter().any(|known| known == branch)
    }
}

#[cfg(test)]
mod tests {
    use super::Resolution;
    use crate::git::backport::obstacle::Obstacle;
    use crate::git::merge_tree::Conflict;
    use crate::git::oid::Oid;

    fn oid(digit: &str) -> Oid {
        digit.repeat(40).parse().expect("a name")
    }

    fn conflict(commit: &str, ours: &str, class: Option<&str>) -> Obstacle {
        Obstacle::Conflict {
            commit: oid(commit),
            ours: oid(ours),
            class: class.map(str::to_owned),
            conflict: Conflict { stages: Vec::new(), messages: Vec::new() },
            number: 1,
            of: 1,
        }
    }

    #[test]
    fn a_resolution_is_for_its_own_conflict_of_the_branches_that_were_agreed() {
        let resolution = Resolution {
            commit: oid("1"),
            ours: oid("2"),
            class: Some("k".to_owned()),
            tree: oid("3"),
            by: Some("Ada".to_owned()),
            branches: vec!["a".to_owned()],
        };
        let without_class = Resolution { class: None, ..resolution.clone() };
        let nothing = Resolution { tree: oid("2"), ..resolution.clone() };
        let by_nobody = Resolution { by: None, ..nothing.clone() };
        for (resolution, branch, obstacle, expected) in [
            (&resolution, "a", conflict("1", "2", None), true),
            (&resolution, "a", conflict("1", "9", Some("k")), true),
            (&resolution, "a", conflict("1", "9", Some("l")), false),
            (&resolution, "a", conflict("8", "2", Some("k")), false),
            (&resolution, "b", conflict("1", "2", Some("k")), false),
            (&without_class, "a", conflict("1", "9", None), false),
            (&nothing, "a", conflict("1", "2", None), true),
            (&by_nobody, "a", conflict("1", "2", None), false),
            (&resolution, "a", Obstacle::Failed { commit: oid("1"), reason: String::new() }, false),
        ] {
            assert_eq!(resolution.is_for(branch, &obstacle), expected, "{branch} {obstacle:?}");
        }
    }
}
