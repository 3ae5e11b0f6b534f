//! Makes the merges of a plan and writes their commits, in a quarantine: nothing moves.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use super::apply;
use super::attributes;
use super::breaking;
use super::commit::{Draft, Writer};
use super::drivers;
use super::error::BackportError;
use super::fix::FixCommit;
use super::message;
use super::obstacle::Obstacle;
use super::outcome::Outcome;
use super::plan::Plan;
use super::request::Mode;
use super::settle::{self, Settled};
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
    /// The commits of the fix that changed something or that a person decided about.
    steps: Vec<Step<'a>>,
    /// Who resolved the conflict of a merge.
    merged_by: Option<&'a str>,
    obstacle: Option<Obstacle>,
}

/// One commit of the fix, picked.
#[derive(Debug)]
struct Step<'a> {
    commit: &'a FixCommit,
    /// The tree that it left.
    tree: Oid,
    /// Who resolved its conflict, where it had one.
    resolved_by: Option<&'a str>,
}

impl Progress<'_> {
    /// Who resolved conflicts, the last of them.
    fn resolved_by(&self) -> Option<String> {
        let by = self.steps.iter().rev().find_map(|step| step.resolved_by).or(self.merged_by);
        by.map(str::to_owned)
    }
}

/// Merges the fix into every target that needs it. Changes nothing outside of the quarantine.
pub async fn merge(git: &Git, plan: &Plan) -> Result<Merged, BackportError> {
    let repository = repository::read(git).await?;
    let quarantine = Quarantine::create(git, &repository)?;
    let mut all: Vec<Progress> = plan
        .targets
        .iter()
        .filter(|target| matches!(target.verdict, Verdict::Needs { .. }))
        .map(|target| Progress { target, tree: target.tree, steps: Vec::new(), merged_by: None, obstacle: None })
        .collect();
    let options = drivers::options(git, plan.drivers).await?;
    merge_branches(&quarantine, &options, plan, &mut all).await?;
    for at in 0..plan.fix.commits.len() {
        pick(&quarantine, &options, plan, at, &mut all).await?;
    }
    let mut writer = Writer { quarantine: &quarantine, pack: quarantine.pack()?, sign: plan.sign };
    let mut made: HashMap<&str, Made> = HashMap::with_capacity(all.len());
    for progress in all {
        let new = write(plan, &progress, &mut writer).await?;
        let resolved_by = progress.resolved_by();
        made.insert(&progress.target.branch, Made { new, obstacle: progress.obstacle, resolved_by });
    }
    quarantine.seal(writer.pack)?;
    let outcomes = plan.targets.iter().map(|target| outcome(target, made.remove(target.branch.as_str())));
    let mut outcomes: Vec<Outcome> = outcomes.collect();
    // What a person named was looked for before the merge.
    if plan.breaking.is_none() {
        breaking::settle(git, &plan.fix, &plan.targets, &mut outcomes).await?;
    }
    Ok(Merged { outcomes, quarantine })
}

/// What the merges made of a target that needs the fix.
#[derive(Debug, Default)]
struct Made {
    new: Option<Oid>,
    obstacle: Option<Obstacle>,
    resolved_by: Option<String>,
}

fn outcome(target: &Target, made: Option<Made>) -> Outcome {
    // Git merged all of it, and nothing came of it: the change is there. A conflict always leaves
    // an obstacle or, once a person has resolved it, a commit.
    let there = made.as_ref().is_some_and(|made| made.new.is_none() && made.obstacle.is_none());
    let verdict = if there { Verdict::Equivalent { by: None } } else { target.verdict.clone() };
    let Made { new, obstacle, resolved_by } = made.unwrap_or_default();
    Outcome { branch: target.branch.clone(), mode: target.mode, verdict, old: target.old, new, obstacle, resolved_by }
}

/// Merges the fix's tip into the targets of mode `Merge`.
async fn merge_branches<'a>(
    quarantine: &Quarantine,
    options: &[String],
    plan: &'a Plan,
    all: &mut [Progress<'a>],
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
            Ok(settled) => {
                progress.tree = settled.tree;
                progress.merged_by = settled.resolution.and_then(|resolution| resolution.by.as_deref());
            }
            Err(obstacle) => progress.obstacle = Some(*obstacle),
        }
    }
    Ok(())
}

/// Picks the commit at this place of the fix onto the targets that lack it.
async fn pick<'a>(
    quarantine: &Quarantine,
    options: &[String],
    plan: &'a Plan,
    at: usize,
    all: &mut [Progress<'a>],
) -> Result<(), BackportError> {
    let commit = &plan.fix.commits[at];
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
            Ok(Settled { tree, resolution: None }) if tree == progress.tree => {}
            // What a person decided is written down as a commit, even where it changes nothing:
            // every clone then knows that it was decided, and by whom.
            Ok(Settled { tree, resolution }) => {
                progress.tree = tree;
                let resolved_by = resolution.and_then(|resolution| resolution.by.as_deref());
                progress.steps.push(Step { commit, tree, resolved_by });
            }
            Err(obstacle) => progress.obstacle = Some(obstacle.numbered(at + 1, plan.fix.commits.len())),
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
        let message = match progress.merged_by {
            Some(person) => message::with_resolver(&message, person),
            None => message,
        };
        let parents = vec![target.old, plan.fix.tip];
        let draft = Draft { tree: progress.tree, parents, author: committer, committer, message };
        return writer.write(&draft).await.map(Some);
    }
    let mut new = None;
    for Step { commit, tree, resolved_by } in &progress.steps {
        let mut message = commit.message.clone();
        if plan.record_origin {
            message = message::with_origin(&message, &commit.oid.to_string());
        }
        if let Some(person) = resolved_by {
            message = message::with_resolver(&message, person);
        }
        let parents = vec![new.unwrap_or(target.old)];
        new = Some(writer.write(&Draft { tree: *tree, parents, author: &commit.author, committer, message }).await?);
    }
    Ok(new)
}
