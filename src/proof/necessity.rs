//! Is each part of the fix needed? Each is left out alone; where all tests pass without it, it is
//! not needed, or not tested.

use std::collections::BTreeSet;

use tokio::sync::Semaphore;

use super::judge::Judgement;
use super::run::{Mark, Tested};
use super::split::{Part, Split};
use super::trees::{Ground, lanes, name};
use super::{Progress, ProofError};
use crate::affected::Scope;
use crate::domain::proof::Tree;
use crate::git::entries;

/// What leaving out parts has shown.
#[derive(Debug, Default)]
pub struct Necessity {
    /// The parts of the fix that no test misses.
    pub unneeded: Vec<Part>,
    /// How many parts were left out in turn.
    pub dropped: usize,
    /// What was not tried within the budget, in words.
    pub undone: Option<String>,
}

impl Ground<'_> {
    /// Leaves out each part of the fix in turn. A fix of one part needs it: without it there is only what the
    /// tests failed on.
    pub async fn necessity(
        &self,
        split: &Split<'_>,
        judgement: &Judgement,
        scope: &Scope,
        progress: Progress<'_>,
    ) -> Result<Necessity, ProofError> {
        let mut parts = split.parts();
        if parts.len() < 2 {
            return Ok(Necessity::default());
        }
        if parts.len() > self.subject.policy.parts {
            progress(&format!("proof: of {} parts, {} are tried", parts.len(), self.subject.policy.parts));
            parts.truncate(self.subject.policy.parts);
        }
        let mut trees = Vec::new();
        for part in &parts {
            let edit = [split.without(part)];
            trees.push(entries::write(self.subject.git, self.slots.scratch(), &self.trees.fix, &edit).await?);
        }
        let at_once = Semaphore::new(lanes());
        // The trees of the proof are no longer needed: each of the three slots takes every third part.
        let slots = [Tree::Base, Tree::Tests, Tree::Fix];
        let lanes = slots.iter().enumerate().map(|(lane, tree)| {
            let (parts, trees, at_once) = (&parts, &trees, &at_once);
            async move {
                let mut needed = Vec::new();
                for number in (lane..parts.len()).step_by(slots.len()) {
                    let _permit = at_once.acquire().await;
                    if self.is_over() {
                        break;
                    }
                    needed.push((number, self.is_needed(*tree, &trees[number], judgement, scope).await?));
                }
                Ok::<_, ProofError>(needed)
            }
        });
        let mut tried = futures_util::future::try_join_all(lanes).await?.concat();
        tried.sort_unstable();
        let untried = parts.len() - tried.len();
        Ok(Necessity {
            unneeded: tried.iter().filter(|(_, needed)| !needed).map(|(number, _)| parts[*number].clone()).collect(),
            dropped: tried.len(),
            undone: (untried > 0).then(|| format!("{untried} of {} parts were not left out in turn", parts.len())),
        })
    }

    /// Whether a test fails on this tree, which lacks a part of the fix, or it does not even build. The tests that
    /// the fix makes pass most likely do, so the others are only run where these pass.
    async fn is_needed(
        &self,
        slot: Tree,
        tree: &str,
        judgement: &Judgement,
        scope: &Scope,
    ) -> Result<bool, ProofError> {
        let slot = self.slots.slot(name(slot))?;
        if self.ready(&slot, tree, scope).await?.is_err() {
            return Ok(true);
        }
        let proving: BTreeSet<String> = judgement.fail_to_pass.iter().cloned().collect();
        if let Some(some) = self.only(scope, &proving, &self.place(&slot)) {
            let tested = self.once(&slot, tree, &some).await?;
            if !passed(&tested, &judgement.fail_to_pass) {
                return Ok(true);
            }
        }
        let tested = self.once(&slot, tree, scope).await?;
        Ok(!(passed(&tested, &judgement.fail_to_pass) && passed(&tested, &judgement.pass_to_pass)))
    }
}

/// Whether every one of these tests passed.
fn passed(tested: &Tested, tests: &[String]) -> bool {
    tested.trouble.is_none() && tests.iter().all(|name| tested.marks.get(name) == Some(&Mark::Passed))
}
