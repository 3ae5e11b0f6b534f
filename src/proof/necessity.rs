//! Is each part of the fix needed? Each is left out alone; where all tests pass without it, it is
//! not needed, or not tested.

use tokio::sync::Semaphore;

use super::judge::Judgement;
use super::run::{Mark, Tested};
use super::split::{Part, Split};
use super::trees::{Ground, lanes, name};
use super::{Progress, ProofError};
use crate::affected::Scope;
use crate::domain::proof::Tree;
use crate::git::entries;

impl Ground<'_> {
    /// Returns the parts of the fix that no test misses, and how many were tried. A fix of one part
    /// needs it: without it there is only what the tests failed on.
    pub async fn necessity(
        &self,
        split: &Split<'_>,
        judgement: &Judgement,
        scope: &Scope,
        progress: Progress<'_>,
    ) -> Result<(Vec<Part>, usize), ProofError> {
        let mut parts = split.parts();
        if parts.len() < 2 {
            return Ok((Vec::new(), 0));
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
                let mut unneeded = Vec::new();
                for number in (lane..parts.len()).step_by(slots.len()) {
                    let _permit = at_once.acquire().await;
                    let tested = self.without(*tree, &trees[number], scope).await?;
                    if tested.is_some_and(|tested| is_green(&tested, judgement)) {
                        unneeded.push(number);
                    }
                }
                Ok::<_, ProofError>(unneeded)
            }
        });
        let mut unneeded: Vec<usize> = futures_util::future::try_join_all(lanes).await?.concat();
        unneeded.sort_unstable();
        Ok((unneeded.into_iter().map(|number| parts[number].clone()).collect(), parts.len()))
    }

    /// One run without a part; `None` where that does not even build.
    async fn without(&self, slot: Tree, tree: &str, scope: &Scope) -> Result<Option<Tested>, ProofError> {
        let slot = self.slots.slot(name(slot))?;
        match self.ready(&slot, tree, scope).await? {
            Ok(()) => self.once(&slot, tree, scope).await.map(Some),
            Err(_) => Ok(None),
        }
    }
}

/// Whether every test passed that is to pass with the fix.
fn is_green(tested: &Tested, judgement: &Judgement) -> bool {
    let mut wanted = judgement.fail_to_pass.iter().chain(&judgement.pass_to_pass);
    tested.trouble.is_none() && wanted.all(|name| tested.marks.get(name) == Some(&Mark::Passed))
}
