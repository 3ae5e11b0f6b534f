//! Gets as many branches moved as the remote allows, and proposes the others.
//!
//! All go in one atomic push where the remote takes it. Where it refuses some by name, the rest go
//! without them; where it refuses all (a hook that names none, a cap on the branches of a push),
//! halves are tried, and halves of these. What is refused in the end gets a branch
//! `backport/{id}/{target}`, ready for a change request.

use std::collections::HashSet;

use super::error::BackportError;
use super::merge::Merged;
use super::moved::Moved;
use super::plan::Plan;
use super::push::{Pushed, Refusal, send};
use super::remote;
use super::targets::PROPOSALS;
use super::tracking;
use crate::git::Git;
use crate::git::push::{self, Move};

/// How many refusals in a row mean that the remote takes nothing: more than it takes to get from
/// all to one, by halves, for 100,000 branches.
const PATIENCE: u32 = 24;

/// How far the branches got.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Landed {
    pub moved: Vec<Moved>,
    pub refused: Vec<Refusal>,
    /// Branches that were not where they were read: plan again. What moved stays moved, and the
    /// next plan knows it.
    pub stale: Vec<String>,
}

/// Pushes what the remote takes.
pub async fn land(git: &Git, plan: &Plan, merged: &Merged) -> Result<Landed, BackportError> {
    let mut landed = Landed::default();
    let mut refusals_in_a_row = 0;
    let mut waiting = vec![merged.moves()];
    while let Some(moves) = waiting.pop() {
        match send(git, &merged.quarantine, plan, &moves).await? {
            Pushed::All => {
                refusals_in_a_row = 0;
                landed.moved.extend(moves);
            }
            Pushed::Stale { branches } => {
                landed.stale = branches;
                break;
            }
            Pushed::Refused { refusals } => {
                refusals_in_a_row += 1;
                let patient = refusals_in_a_row < PATIENCE;
                match next(moves, &refusals, patient) {
                    Next::Without(rest) => {
                        landed.refused.extend(refusals);
                        waiting.push(rest);
                    }
                    // The first half is on top, so it is tried first.
                    Next::Halves(first, second) => waiting.extend([second, first]),
                    Next::Nothing => landed.refused.extend(refusals),
                }
            }
        }
    }
    if !landed.refused.is_empty() {
        propose(git, plan, merged, &mut landed.refused).await?;
    }
    merged.quarantine.keep()?;
    tracking::follow(git, &plan.remote, &landed.moved).await?;
    Ok(landed)
}

/// What is tried after a refusal.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    /// Those that were not refused.
    Without(Vec<Moved>),
    /// All of them were refused, perhaps for one of them or for their number: both halves.
    Halves(Vec<Moved>, Vec<Moved>),
    Nothing,
}

/// Decides what is tried after the remote refused some of the moves; where it has no `patience` left
/// for what was refused as a whole, nothing.
fn next(moves: Vec<Moved>, refusals: &[Refusal], patience: bool) -> Next {
    let named: HashSet<&str> = refusals.iter().map(|refusal| refusal.branch.as_str()).collect();
    let (mut refused, rest): (Vec<Moved>, Vec<Moved>) =
        moves.into_iter().partition(|moved| named.contains(moved.branch.as_str()));
    if !rest.is_empty() {
        return Next::Without(rest);
    }
    if refused.len() < 2 || !patience {
        return Next::Nothing;
    }
    let second = refused.split_off(refused.len() / 2);
    Next::Halves(refused, second)
}

/// Pushes the commit of each refused branch to a branch of its own. One that is there already stays
/// as it is: somebody may have worked on it.
async fn propose(git: &Git, plan: &Plan, merged: &Merged, refused: &mut [Refusal]) -> Result<(), BackportError> {
    let there = remote::branches(git, &plan.remote, plan.limit).await?;
    let there: HashSet<String> = there.branches.into_iter().map(|branch| branch.name).collect();
    for refusal in refused {
        let proposal = format!("{PROPOSALS}{}/{}", plan.id, refusal.branch);
        let new = merged.outcomes.iter().find(|one| one.branch == refusal.branch).and_then(|outcome| outcome.new);
        let Some(new) = new.filter(|_| !there.contains(&proposal)) else {
            refusal.proposal = there.contains(&proposal).then_some(proposal);
            continue;
        };
        let one = [Move { branch: proposal.clone(), old: None, new }];
        if push::push(git, &merged.quarantine, &plan.remote, &one, plan.limit).await? == push::Pushed::All {
            refusal.proposal = Some(proposal);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Moved, Next, PATIENCE, Refusal, next};

    fn moves(branches: &str) -> Vec<Moved> {
        let oid = "1".repeat(40).parse().expect("a name");
        branches.chars().map(|branch| Moved { branch: branch.to_string(), old: oid, new: oid }).collect()
    }

    fn refusals(branches: &str) -> Vec<Refusal> {
        let refusal = |branch: char| Refusal { branch: branch.to_string(), reason: "no".to_owned(), proposal: None };
        branches.chars().map(refusal).collect()
    }

    #[test]
    fn what_is_tried_after_a_refusal() {
        for (tried, refused, patience, expected) in [
            ("abc", "b", true, Next::Without(moves("ac"))),
            ("abc", "b", false, Next::Without(moves("ac"))),
            ("abc", "abc", true, Next::Halves(moves("a"), moves("bc"))),
            ("ab", "ab", true, Next::Halves(moves("a"), moves("b"))),
            ("ab", "ab", false, Next::Nothing),
            ("a", "a", true, Next::Nothing),
            // A refusal of something else names none of these.
            ("ab", "x", true, Next::Without(moves("ab"))),
        ] {
            assert_eq!(next(moves(tried), &refusals(refused), patience), expected, "{tried} without {refused}");
        }
    }

    #[test]
    fn halves_find_the_one_that_is_refused_with_patience_to_spare() {
        let (mut waiting, mut landed, mut refused, mut row, mut longest) = (vec![moves("abcdefghijklm")], 0, 0, 0, 0);
        while let Some(tried) = waiting.pop() {
            if !tried.iter().any(|moved| moved.branch == "m") {
                (landed, row) = (landed + tried.len(), 0);
                continue;
            }
            row += 1;
            longest = longest.max(row);
            let names: String = tried.iter().map(|moved| moved.branch.as_str()).collect();
            match next(tried, &refusals(&names), row < PATIENCE) {
                Next::Halves(first, second) => waiting.extend([second, first]),
                Next::Nothing => refused += 1,
                Next::Without(_) => panic!("all were refused"),
            }
        }
        assert_eq!((landed, refused), (12, 1));
        assert!(longest < PATIENCE, "{longest}");
    }
}
