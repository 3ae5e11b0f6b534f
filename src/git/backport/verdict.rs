//! What a target's history says about the fix.

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
            Word::Copied(_) => 1,
            Word::Original => 2,
            Word::TakenBack(_) => 3,
        };
        if rank(other) > rank(self) { other } else { self }
    }
}

/// Returns the verdict on a target whose history says `words` of the commits of the fix.
pub fn decide(commits: &[Oid], words: &[Word]) -> Verdict {
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
    let copy = words.iter().rev().find_map(|word| match word {
        Word::Copied(by) => Some(*by),
        _ => None,
    });
    match copy {
        Some(by) => Verdict::Equivalent { by: Some(by) },
        None => Verdict::Contains,
    }
}

#[cfg(test)]
mod tests {
    use super::{Verdict, Word, decide};
    use crate::git::oid::Oid;

    fn oid(digit: &str) -> Oid {
        digit.repeat(40).parse().expect("a name")
    }

    #[test]
    fn the_history_decides() {
        let fix = [oid("1"), oid("2")];
        let copy = Word::Copied(oid("a"));
        let back = Word::TakenBack(oid("b"));
        for (words, verdict) in [
            ([Word::Original, Word::Original], Verdict::Contains),
            ([Word::Original, copy], Verdict::Equivalent { by: Some(oid("a")) }),
            ([Word::Original, Word::Absent], Verdict::Needs { commits: vec![oid("2")] }),
            ([Word::Absent, Word::Absent], Verdict::Needs { commits: fix.to_vec() }),
            ([back, Word::Absent], Verdict::Reverted { by: Some(oid("b")) }),
        ] {
            assert_eq!(decide(&fix, &words), verdict);
        }
    }
}
