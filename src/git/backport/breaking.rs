//! Which targets never had the commit that broke it.
//!
//! Two things have to agree: neither the commit nor a copy of it is in the target's history, and taking it back
//! there changes nothing, by git's own merge. So a copy that was squashed or edited is not overlooked.

use super::attributes;
use super::blame;
use super::drivers;
use super::error::BackportError;
use super::fix::{self, Fix};
use super::history::{self, Sought};
use super::obstacle::Obstacle;
use super::outcome::Outcome;
use super::target::Target;
use super::verdict::{CommitState, Verdict};
use crate::git::Git;
use crate::git::merge_tree::{Merge, Merged as Answer};
use crate::git::oid::Oid;
use crate::git::quarantine::Quarantine;
use crate::git::repository;

/// The tip of a target, and its tree.
#[derive(Clone, Copy, Debug)]
pub struct Tip {
    pub commit: Oid,
    pub tree: Oid,
}

/// Returns for each target whether it surely never had the commit `breaking`. False where that is not clear.
pub async fn lacking(git: &Git, breaking: Oid, tips: &[Tip]) -> Result<Vec<bool>, BackportError> {
    let parents = fix::oids(&git.run(["rev-parse", &format!("{breaking}^@")]).await?)?;
    let Some(before) = parents.first().copied().filter(|_| !tips.is_empty()) else {
        return Ok(vec![false; tips.len()]);
    };
    let commits: Vec<Oid> = tips.iter().map(|tip| tip.commit).collect();
    let states = history::read(git, &[Sought { oid: breaking, parents }], &commits).await?.states;
    let unnamed = |at: usize| matches!(states[at][0], CommitState::Absent | CommitState::TakenBack(_));
    let asked: Vec<usize> = (0..tips.len()).filter(|at| unnamed(*at)).collect();
    let quarantine = Quarantine::create(git, &repository::read(git).await?)?;
    let trees: Vec<Oid> = asked.iter().map(|at| tips[*at].tree).collect();
    let attributes = attributes::of_trees(quarantine.git(), &trees, quarantine.repository().format).await?;
    let taken_back =
        |tree: &Oid| (Merge { base: Some(breaking), ours: *tree, theirs: before }, attributes[tree].clone());
    let merges: Vec<_> = trees.iter().map(taken_back).collect();
    let answers = attributes::merge_all(&quarantine, &drivers::options(git, false).await?, &merges).await?;
    let mut lacking = vec![false; tips.len()];
    for ((at, tree), answer) in asked.into_iter().zip(&trees).zip(answers) {
        lacking[at] = matches!(answer, Answer::Clean { tree: result } if result == *tree);
    }
    Ok(lacking)
}

/// Finds, among `outcomes`, each of the target at the same place, those in conflict that never had what the fix
/// mends: they lack the one commit that added all the lines which the fix changes, where there is one.
pub async fn settle(git: &Git, fix: &Fix, targets: &[Target], outcomes: &mut [Outcome]) -> Result<(), BackportError> {
    let conflict = |outcome: &Outcome| matches!(outcome.obstacle, Some(Obstacle::Conflict { .. }));
    let open: Vec<usize> = (0..outcomes.len()).filter(|at| conflict(&outcomes[*at])).collect();
    if open.is_empty() {
        return Ok(());
    }
    let Some(breaking) = blame::origin(git, fix).await? else { return Ok(()) };
    let tips: Vec<Tip> = open.iter().map(|at| Tip { commit: targets[*at].old, tree: targets[*at].tree }).collect();
    for (at, lacks) in open.into_iter().zip(lacking(git, breaking, &tips).await?) {
        if lacks {
            outcomes[at].verdict = Verdict::NotAffected { breaking: Some(breaking) };
            outcomes[at].obstacle = None;
        }
    }
    Ok(())
}
