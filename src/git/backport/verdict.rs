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
    /// It lacks the commit that broke production.
    NotAffected,
    /// It needs these commits of the fix, the oldest first.
    Needs { commits: Vec<Oid> },
}

/// What a history says about one commit of the fix, latest word last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Word {
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

impl Word {
    /// Returns what a merge of two histories says: what took the change back is later than what
    /// made it, so it wins.
    pub fn join(self, other: Word) -> Word {
        let rank = |word: Word| match word {
            Word::Absent => 0,
            Word::Resolved(_) => 1,
            Word::Copied(_) => 2,
            Word::Original => 3,
            Word::TakenBack(_) => 4,
        };
        if rank(other) > rank(self) { other } else { self }
    }
}

/// Returns the verdict on a target whose history says `words` of the commits of the fix. `people`
/// are those who resolved conflicts, by the commits that they made of them.
pub fn decide(commits: &[Oid], words: &[Word], people: &HashMap<Oid, String>) -> Verdict {
    let taken_back = words.iter().find_map(|word| match word {
        Word::TakenBack(by) => Some(*by),
        _ => None,
    });
    if let Some(by) = taken_back {
        return Verdict::Reverted { by: Some(by) };
    }
    let needed: Vec<Oid> =
        commits.iter().zip(words).filter(|(_, word)| **word == Word::Absent).map(|(commit, _)| *commit).collect();
    if !needed.is_empty() {
        return Verdict::Needs { commits: needed };
    }
    let resolved = words.iter().rev().find_map(|word| match word {
        Word::Resolved(commit) => Some(*commit),
        _ => None,
    });
    if let Some(commit) = resolved {
        return Verdict::Resolved { person: people.get(&commit).cloned().unwrap_or_default(), commit };
    }
    let copy = words.iter().rev().find_map(|word| match word {
        Word::Copied(by) => Some(*by),
        _ => None,
    });
    match copy {
        Some(by) => Verdict::Equivalent { by: Some(by) },
        None => Verdict::Contains,
    }
}

/// Returns the verdict on a target that merges the fix: only the fix's own `tip` in its history will
/// do, since the next merge of it brings whatever else it has.
pub fn of_merge(tip: Oid, word: Word) -> Verdict {
    match word {
        Word::Original => Verdict::Contains,
        Word::TakenBack(by) => Verdict::Reverted { by: Some(by) },
        Word::Absent | Word::Copied(_) | Word::Resolved(_) => Verdict::Needs { commits: vec![tip] },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::{Verdict, Word, decide, of_merge};
    use crate::git::oid::Oid;

    fn oid(digit: &str) -> Oid {
        digit.repeat(40).parse().expect("a name")
    }

    #[test]
    fn the_history_decides() {
        let fix = [oid("1"), oid("2")];
        let copy = Word::Copied(oid("a"));
        let back = Word::TakenBack(oid("b"));
        let resolved = Word::Resolved(oid("c"));
        let people = HashMap::from([(oid("c"), "Ada <ada@example.org>".to_owned())]);
        let by_ada = Verdict::Resolved { person: "Ada <ada@example.org>".to_owned(), commit: oid("c") };
        for (words, verdict) in [
            ([Word::Original, Word::Original], Verdict::Contains),
            ([Word::Original, copy], Verdict::Equivalent { by: Some(oid("a")) }),
            ([Word::Original, Word::Absent], Verdict::Needs { commits: vec![oid("2")] }),
            ([Word::Absent, Word::Absent], Verdict::Needs { commits: fix.to_vec() }),
            ([back, Word::Absent], Verdict::Reverted { by: Some(oid("b")) }),
            ([resolved, Word::Original], by_ada.clone()),
            ([resolved, copy], by_ada),
            ([resolved, Word::Absent], Verdict::Needs { commits: vec![oid("2")] }),
            ([resolved, back], Verdict::Reverted { by: Some(oid("b")) }),
        ] {
            assert_eq!(decide(&fix, &words, &people), verdict, "{words:?}");
        }
    }

    #[test]
    fn a_merge_wants_the_fix_itself() {
        let tip = oid("1");
        let needs = Verdict::Needs { commits: vec![tip] };
        for (word, verdict) in [
            (Word::Original, Verdict::Contains),
            (Word::Absent, needs.clone()),
            (Word::Copied(oid("a")), needs.clone()),
            (Word::Resolved(oid("a")), needs),
            (Word::TakenBack(oid("b")), Verdict::Reverted { by: Some(oid("b")) }),
        ] {
            assert_eq!(of_merge(tip, word), verdict);
        }
    }

    #[test]
    fn where_histories_meet_the_later_word_wins() {
        let (resolved, copied, back) = (Word::Resolved(oid("c")), Word::Copied(oid("a")), Word::TakenBack(oid("b")));
        let ranked = [Word::Absent, resolved, copied, Word::Original, back];
        for (at, lower) in ranked.iter().enumerate() {
            for higher in &ranked[at..] {
                assert_eq!((lower.join(*higher), higher.join(*lower)), (*higher, *higher));
            }
        }
        // Two copies: the one of the first parent stays.
        assert_eq!(copied.join(Word::Copied(oid("d"))), copied);
    }
}
