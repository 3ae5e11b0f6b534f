//! What became of a target.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::obstacle::Obstacle;
use super::request::Mode;
use super::verdict::Verdict;
use crate::git::oid::Oid;

/// What became of a target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Outcome {
    pub branch: String,
    pub mode: Mode,
    #[serde(flatten)]
    pub verdict: Verdict,
    pub old: Oid,
    /// The commit that the branch is to have; `None` where it stays as it is.
    pub new: Option<Oid>,
    pub obstacle: Option<Obstacle>,
    /// Who resolved the conflicts that were in the way of `new`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved_by: Option<String>,
}

impl Outcome {
    /// The paths that a person has to look at.
    pub fn files(&self) -> Vec<String> {
        match &self.obstacle {
            Some(Obstacle::Conflict { conflict, .. }) => conflict.files(),
            _ => Vec::new(),
        }
    }

    /// Whether the branch has the fix once its `new` commit is pushed.
    pub fn holds(&self) -> bool {
        self.obstacle.is_none()
            && match self.verdict {
                Verdict::Contains
                | Verdict::Equivalent { .. }
                | Verdict::Resolved { .. }
                | Verdict::NotAffected { .. } => true,
                Verdict::Reverted { .. } => false,
                Verdict::Needs { .. } => self.new.is_some(),
            }
    }
}

#[cfg(test)]
mod tests {
    use super::{Mode, Obstacle, Outcome, Verdict};
    use crate::git::oid::{Format, Oid};

    fn oid() -> Oid {
        Format::Sha1.hash(&[b"x"])
    }

    fn outcome(verdict: Verdict, new: Option<Oid>, obstacle: Option<Obstacle>) -> Outcome {
        Outcome { branch: "a".to_owned(), mode: Mode::Pick, verdict, old: oid(), new, obstacle, resolved_by: None }
    }

    #[test]
    fn a_branch_has_the_fix_only_where_nothing_is_in_the_way() {
        let needs = || Verdict::Needs { commits: vec![oid()] };
        let resolved = Verdict::Resolved { person: "Ada <a@b>".to_owned(), commit: oid() };
        let refused = || Some(Obstacle::Refused { reason: String::new(), proposal: Some("backport/1/a".to_owned()) });
        let failed = || Some(Obstacle::Failed { commit: oid(), reason: String::new() });
        for (verdict, new, obstacle, expected) in [
            (Verdict::Contains, None, None, true),
            (Verdict::Equivalent { by: None }, None, None, true),
            (resolved, None, None, true),
            (Verdict::NotAffected { breaking: Some(oid()) }, None, None, true),
            (Verdict::Reverted { by: None }, None, None, false),
            (needs(), Some(oid()), None, true),
            (needs(), None, None, false),
            (needs(), Some(oid()), refused(), false),
            (needs(), None, failed(), false),
        ] {
            let outcome = outcome(verdict, new, obstacle);
            assert_eq!(outcome.holds(), expected, "{outcome:?}");
        }
    }

    #[test]
    fn an_outcome_of_an_earlier_version_is_read() {
        let json = format!(
            r#"{{"branch":"a","mode":"pick","verdict":"needs","commits":["{0}"],"old":"{0}","new":null,"obstacle":
            {{"obstacle":"conflict","commit":"{0}","ours":"{0}","class":null,"conflict":{{"stages":[],"messages":[]}}}}}}"#,
            oid()
        );
        let read: Outcome = serde_json::from_str(&json).expect("readable");
        assert!(matches!(read.obstacle, Some(Obstacle::Conflict { number: 0, of: 0, .. })), "{read:?}");
        assert_eq!(read.resolved_by, None);
    }
}
