//! What a target's history says about the fix.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::git::oid::Oid;

/// Whether a target needs the fix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Verdict {
    /// The fix itself is in its history.
    Contains,
    /// Not the fix itself, but the same change: `by` is the commit that made it, where known.
    Equivalent { by: Option<Oid> },
    /// A person resolved a conflict of the fix: `commit` is what they made of it.
    Resolved { person: String, commit: Oid },
    /// It had the fix, and the commit `by` took it back. A person decides.
    Reverted { by: Option<Oid> },
    /// It lacks `breaking`, the commit that broke production.
    NotAffected {
        #[serde(default)]
        breaking: Option<Oid>,
    },
    /// It needs these commits of the fix, the oldest first.
    Needs { commits: Vec<Oid> },
}

/// How a history stands towards one commit of the fix.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CommitState {
    #[default]
    Absent,
    /// The commit itself is an ancestor.
    Original,
    /// This commit is what a person made of its conflict, and not the same change.
    Resolved(Oid),
    /// This commit is a copy of it.
    Copied(Oid),
    /// This commit took it back.
    TakenBack(Oid),
}

impl CommitState {
    /// Returns the state after a merge of two histories: what took the change back is later than what
    /// made it, so it wins.
    pub fn join(self, other: CommitState) -> CommitState {
        let rank = |state: CommitState| match state {
            CommitState::Absent => 0,
            CommitState::Resolved(_) => 1,
            CommitState::Copied(_) => 2,
            CommitState::Original => 3,
            CommitState::TakenBack(_) => 4,
        };
        if rank(other) > rank(self) { other } else { self }
    }
}

/// Returns the verdict on a target whose history has the commits of the fix in these `states`. `people`
/// are those who resolved conflicts, by the commits that they made of them.
pub fn decide(commits: &[Oid], states: &[CommitState], people: &HashMap<Oid, String>) -> Verdict {
    let taken_back = states.iter().find_map(|state| match state {
        CommitState::TakenBack(by) => Some(*by),
        _ => None,
    });
    if let Some(by) = taken_back {
        return Verdict::Reverted { by: Some(by) };
    }
    let needed: Vec<Oid> = commits
        .iter()
        .zip(states)
        .filter(|(_, state)| **state == CommitState::Absent)
        .map(|(commit, _)| *commit)
        .collect();
    if !needed.is_empty() {
        return Verdict::Needs { commits: needed };
    }
    let resolved = states.iter().rev().find_map(|state| match state {
        CommitState::Resolved(commit) => Some(*commit),
        _ => None,
    });
    if let Some(commit) = resolved {
        return Verdict::Resolved { person: people.get(&commit).cloned().unwrap_or_default(), commit };
    }
    let copy = states.iter().rev().find_map(|state| match state {
        CommitState::Copied(by) => Some(*by),
        _ => None,
    });
    match copy {
        Some(by) => Verdict::Equivalent { by: Some(by) },
        None => Verdict::Contains,
    }
}

/// Returns the verdict on a target that merges the fix: only the fix's own `tip` in its history will
/// do, since the next merge of it brings whatever else it has.
pub fn of_merge(tip: Oid, state: CommitState) -> Verdict {
    match state {
        CommitState::Original => Verdict::Contains,
        CommitState::TakenBack(by) => Verdict::Reverted { by: Some(by) },
        CommitState::Absent | CommitState::Copied(_) | CommitState::Resolved(_) => {
            Verdict::Needs { commits: vec![tip] }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::{CommitState, Verdict, decide, of_merge};
    use crate::git::oid::Oid;

    fn oid(digit: &str) -> Oid {
        digit.repeat(40).parse().expect("a name")
    }

    #[test]
    fn the_history_decides() {
        let fix = [oid("1"), oid("2")];
        let copy = CommitState::Copied(oid("a"));
        let back = CommitState::TakenBack(oid("b"));
        let resolved = CommitState::Resolved(oid("c"));
        let people = HashMap::from([(oid("c"), "Ada <ada@example.org>".to_owned())]);
        let by_ada = Verdict::Resolved { person: "Ada <ada@example.org>".to_owned(), commit: oid("c") };
        for (states, verdict) in [
            ([CommitState::Original, CommitState::Original], Verdict::Contains),
            ([CommitState::Original, copy], Verdict::Equivalent { by: Some(oid("a")) }),
            ([CommitState::Original, CommitState::Absent], Verdict::Needs { commits: vec![oid("2")] }),
            ([CommitState::Absent, CommitState::Absent], Verdict::Needs { commits: fix.to_vec() }),
            ([back, CommitState::Absent], Verdict::Reverted { by: Some(oid("b")) }),
            ([resolved, CommitState::Original], by_ada.clone()),
            ([resolved, copy], by_ada),
            ([resolved, CommitState::Absent], Verdict::Needs { commits: vec![oid("2")] }),
            ([resolved, back], Verdict::Reverted { by: Some(oid("b")) }),
        ] {
            assert_eq!(decide(&fix, &states, &people), verdict, "{states:?}");
        }
    }

    #[test]
    fn a_merge_wants_the_fix_itself() {
        let tip = oid("1");
        let needs = Verdict::Needs { commits: vec![tip] };
        for (state, verdict) in [
            (CommitState::Original, Verdict::Contains),
            (CommitState::Absent, needs.clone()),
            (CommitState::Copied(oid("a")), needs.clone()),
            (CommitState::Resolved(oid("a")), needs),
            (CommitState::TakenBack(oid("b")), Verdict::Reverted { by: Some(oid("b")) }),
        ] {
            assert_eq!(of_merge(tip, state), verdict);
        }
    }

    #[test]
    fn where_histories_meet_the_later_word_wins() {
        let (resolved, copied, back) =
            (CommitState::Resolved(oid("c")), CommitState::Copied(oid("a")), CommitState::TakenBack(oid("b")));
        let ranked = [CommitState::Absent, resolved, copied, CommitState::Original, back];
        for (at, lower) in ranked.iter().enumerate() {
            for higher in &ranked[at..] {
                assert_eq!((lower.join(*higher), higher.join(*lower)), (*higher, *higher));
            }
        }
        // Two copies: the one of the first parent stays.
        assert_eq!(copied.join(CommitState::Copied(oid("d"))), copied);
    }
}
