//! Makes the merges of a plan and writes their commits, in a quarantine: nothing moves.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use super::apply;
use super::attributes;
use super::commit::{Draft, Writer};
use super::drivers;
use super::error::BackportError;
use super::fix::FixCommit;
use super::message;
use super::obstacle::Obstacle;
use super::outcome::Outcome;
use super::plan::Plan;
use super::request::Mode;
use super::settle;
use super::target::Target;
use super::verdict::Verdict;
use crate::git::merge_tree::Merge;
use crate::git::oid::Oid;
use crate::git::quarantine::Quarantine;
use crate::git::{Git, repository};

/// A plan whose merges are made and whose commits are written, in a quarantine.
#[derive(Debug)]
pub struct Merged {
    pub outcomes: Vec<Outcome>,
    pub(super) quarantine: Quarantine,
}

impl Merged {
    /// The directory of the new objects.
    pub fn objects(&self) -> PathBuf {
        self.quarantine.directory().join("objects")
    }
}

/// The steps from a target's tree towards its new one.
#[derive(Debug)]
struct Progress<'a> {
    target: &'a Target,
    tree: Oid,
    /// The commits of the fix that changed something, with the tree that each left.
    steps: Vec<(&'a FixCommit, Oid)>,
    obstacle: Option<Obstacle>,
}

/// Merges the fix into every target that needs it. Changes nothing outside of the quarantine.
pub async fn merge(git: &Git, plan: &Plan) -> Result<Merged, BackportError> {
    let repository = repository::read(git).await?;
    let quarantine = Quarantine::create(git, &repository)?;
    let mut all: Vec<Progress> = plan
        .targets
        .iter()
        .filter(|target| matches!(target.verdict, Verdict::Needs { .. }))
        .map(|target| Progress { target, tree: target.tree, steps: Vec::new(), obstacle: None })
        .collect();
    let options = drivers::options(git, plan.drivers).await?;
    merge_branches(&quarantine, &options, plan, &mut all).await?;
    for commit in &plan.fix.commits {
        pick(&quarantine, &options, plan, commit, &mut all).await?;
    }
    let mut writer = Writer { quarantine: &quarantine, pack: quarantine.pack()?, sign: plan.sign };
    let mut made: HashMap<&str, (Option<Oid>, Option<Obstacle>)> = HashMap::with_capacity(all.len());
    for progress in all {
        let new = write(plan, &progress, &mut writer).await?;
        made.insert(&progress.target.branch, (new, progress.obstacle));
    }
    quarantine.seal(writer.pack)?;
    let outcomes = plan.targets.iter().map(|target| outcome(target, made.remove(target.branch.as_str()))).collect();
    Ok(Merged { outcomes, quarantine })
}

fn outcome(target: &Target, made: Option<(Option<Oid>, Option<Obstacle>)>) -> Outcome {
    let (verdict, new, obstacle) = match made {
        None => (target.verdict.clone(), None, None),
        Some((None, None)) => (Verdict::Equivalent { by: None }, None, None),
        Some((new, obstacle)) => (target.verdict.clone(), new, obstacle),
    };
    Outcome { branch: target.branch.clone(), mode: target.mode, verdict, old: target.old, new, obstacle }
}

/// Merges the fix's tip into the targets of mode `Merge`.
async fn merge_branches(
    quarantine: &Quarantine,
    options: &[String],
    plan: &Plan,
    all: &mut [Progress<'_>],
) -> Result<(), BackportError> {
    let mut chosen: Vec<&mut Progress> = all.iter_mut().filter(|one| one.target.mode == Mode::Merge).collect();
    let trees: Vec<Oid> = chosen.iter().map(|one| one.tree).collect();
    let attributes = attributes::of_trees(quarantine.git(), &trees, quarantine.repository().format).await?;
    let merge = |one: &Progress| Merge { base: None, ours: one.target.old, theirs: plan.fix.tip };
    let merges: Vec<_> = chosen.iter().map(|one| (merge(one), attributes[&one.tree].clone())).collect();
    let answers = attributes::merge_all(quarantine, options, &merges).await?;
    for (progress, answer) in chosen.iter_mut().zip(answers) {
        let result = apply::taken(plan.fix.tip, progress.tree, None, answer);
        match settle::settle(quarantine, &plan.resolutions, progress.target, result).await? {
            Ok(tree) => progress.tree = tree,
            Err(obstacle) => progress.obstacle = Some(*obstacle),
        }
    }
    Ok(())
}

/// Picks one commit of the fix onto the targets that lack it.
async fn pick<'a>(
    quarantine: &Quarantine,
    options: &[String],
    plan: &'a Plan,
    commit: &'a FixCommit,
    all: &mut [Progress<'a>],
) -> Result<(), BackportError> {
    let mut chosen: Vec<&mut Progress> = all
        .iter_mut()
        .filter(|one| one.target.mode == Mode::Pick && one.obstacle.is_none())
        .filter(|one| matches!(&one.target.verdict, Verdict::Needs { commits } if commits.contains(&commit.oid)))
        .collect();
    let mut trees: Vec<Oid> = chosen.iter().map(|one| one.tree).collect();
    let mut seen = HashSet::with_capacity(trees.len());
    trees.retain(|tree| seen.insert(*tree));
    let applied = apply::apply(quarantine, options, commit, &trees).await?;
    for progress in &mut chosen {
        let result = applied[&progress.tree].clone();
        match settle::settle(quarantine, &plan.resolutions, progress.target, result).await? {
            Ok(tree) if tree == progress.tree => {}
            Ok(tree) => {
                progress.tree = tree;
                progress.steps.push((commit, tree));
            }
            Err(obstacle) => progress.obstacle = Some(*obstacle),
        }
    }
    Ok(())
}

/// Writes the commits of a target; `None` where there is nothing to commit.
async fn write(plan: &Plan, progress: &Progress<'_>, writer: &mut Writer<'_>) -> Result<Option<Oid>, BackportError> {
    let target = progress.target;
    if progress.obstacle.is_some() {
        return Ok(None);
    }
    let committer = plan.committer.as_str();
    if target.mode == Mode::Merge {
        let message = message::of_merge(&plan.fix.merged_as, &target.branch);
        let parents = vec![target.old, plan.fix.tip];
        let draft = Draft { tree: progress.tree, parents, author: committer, committer, message };
        return writer.write(&draft).await.map(Some);
    }
    let mut new = None;
    for (commit, tree) in &progress.steps {
        let message = match plan.record_origin {
            true => message::with_origin(&commit.message, &commit.oid.to_string()),
            false => commit.message.clone(),
        };
        let parents = vec![new.unwrap_or(target.old)];
        new = Some(writer.write(&Draft { tree: *tree, parents, author: &commit.author, committer, message }).await?);
    }
    Ok(new)
}
