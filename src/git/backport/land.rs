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
                let named: HashSet<&str> = refusals.iter().map(|refusal| refusal.branch.as_str()).collect();
                let (refused, rest): (Vec<Moved>, Vec<Moved>) =
                    moves.into_iter().partition(|moved| named.contains(moved.branch.as_str()));
                if !rest.is_empty() {
                    landed.refused.extend(refusals);
                    waiting.push(rest);
                } else if refused.len() == 1 || refusals_in_a_row >= PATIENCE {
                    landed.refused.extend(refusals);
                } else {
                    let (first, second) = refused.split_at(refused.len() / 2);
                    waiting.extend([second.to_vec(), first.to_vec()]);
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
