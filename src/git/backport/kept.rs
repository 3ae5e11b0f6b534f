//! A backport with a record: started, continued after conflicts, verified, undone.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::error::BackportError;
use super::land::{self, Landed};
use super::merge;
use super::moved::Moved;
use super::plan::{self, Plan};
use super::push::{self, Pushed};
use super::record::{Opened, Record, Records};
use super::report::Report;
use super::request::Request;
use super::resolution::Resolution;
use super::work_tree::{self, Progress};
use super::{ATTEMPTS, remote};
use crate::git::Git;
use crate::git::oid::Oid;

/// What a person has resolved so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resolved {
    pub resolutions: Vec<Resolution>,
    /// The branches that are not resolved yet, with the paths.
    pub unresolved: Vec<(String, Vec<String>)>,
}

/// Plans, merges and pushes like `backport`, and writes down what is to move before it does. What a
/// person resolved before, under the same identifier, still holds.
pub async fn start(git: &Git, records: &dyn Records, request: &Request) -> Result<Report, BackportError> {
    let started = Instant::now();
    let mut request = request.clone();
    let mut moves: Vec<Moved> = Vec::new();
    let mut work_trees = BTreeMap::new();
    let mut opened = BTreeMap::new();
    for _ in 0..ATTEMPTS {
        let mut plan = plan::plan(git, &request).await?;
        // They fitted when they were typed; until a conflict is resolved the branch may be gone.
        request.must_fit.clear();
        if let Some(earlier) = records.load(Some(&plan.id)).await? {
            let known = earlier.request.resolutions.into_iter().filter(|one| !request.resolutions.contains(one));
            request.resolutions = known.chain(request.resolutions.clone()).collect();
            plan.resolutions.clone_from(&request.resolutions);
            moves = earlier.moves;
            work_trees = earlier.work_trees;
            opened = earlier.opened;
        }
        let merged = merge::merge(git, &plan).await?;
        moves.extend(merged.moves().into_iter().filter(|moved| !moves.contains(moved)).collect::<Vec<_>>());
        let outcomes = merged.outcomes.clone();
        let mut record = Record { request: request.clone(), plan, outcomes, moves, work_trees, opened };
        records.save(&record).await?;
        let landed = land::land(git, &record.plan, &merged).await?;
        if landed.stale.is_empty() {
            let report = Report::new(&record.plan, merged, &landed, started.elapsed());
            record.outcomes = report.targets.iter().map(|row| row.outcome.clone()).collect();
            records.save(&record).await?;
            return Ok(report);
        }
        moves = record.moves;
        work_trees = record.work_trees;
        opened = record.opened;
    }
    Err(BackportError::Moving { attempts: ATTEMPTS })
}

/// Opens a work tree with the conflict of a branch, at `directory` or beside it; returns where it is,
/// or where it was opened before.
pub async fn resolve(
    git: &Git,
    records: &dyn Records,
    record: &mut Record,
    branch: &str,
    directory: &Path,
) -> Result<PathBuf, BackportError> {
    let no_conflict = || BackportError::NoConflict { branch: branch.to_owned() };
    let outcome = record.outcomes.iter().find(|outcome| outcome.branch == branch).ok_or_else(no_conflict)?;
    let conflict = Opened::of(outcome).ok_or_else(no_conflict)?;
    let known = opened(record, branch).is_some_and(|opened| opened.is_like(&conflict));
    if let Some(place) = record.work_trees.get(branch).filter(|place| known && place.exists()) {
        return Ok(place.clone());
    }
    if !work_tree::has(git, conflict.ours).await? {
        // Made on another machine, or removed by `git gc` since: the same plan makes it again.
        merge::merge(git, &record.plan).await?.quarantine.keep()?;
    }
    let place = free(directory);
    work_tree::open(git, &record.plan, outcome, &place).await?;
    record.work_trees.insert(branch.to_owned(), place.clone());
    record.opened.insert(branch.to_owned(), conflict);
    records.save(record).await?;
    Ok(place)
}

/// The conflict that the work tree of a branch was opened for. A record of an earlier version does
/// not say; there it is clear only where the fix has one commit.
fn opened(record: &Record, branch: &str) -> Option<Opened> {
    let outcome = || record.outcomes.iter().find(|outcome| outcome.branch == branch).and_then(Opened::of);
    let only = || if record.plan.fix.commits.len() == 1 { outcome() } else { None };
    record.opened.get(branch).cloned().or_else(only)
}

/// Returns the directory, or one beside it where something is there: perhaps what a person made of
/// an earlier conflict.
fn free(directory: &Path) -> PathBuf {
    let beside = (2..).map(|number| {
        let mut name = directory.as_os_str().to_owned();
        name.push(format!("-{number}"));
        PathBuf::from(name)
    });
    std::iter::once(directory.to_owned()).chain(beside).find(|place| !place.exists()).expect("names don't run out")
}

/// Reads what a person made of the conflicts that were opened.
pub async fn resolved(git: &Git, record: &Record) -> Result<Resolved, BackportError> {
    let mut resolved = Resolved::default();
    for (branch, place) in &record.work_trees {
        let Some(opened) = opened(record, branch).filter(|_| place.exists()) else { continue };
        match work_tree::read(git, branch, &opened, place).await? {
            Progress::Resolved(resolution) => resolved.resolutions.push(resolution),
            Progress::Unresolved { files } => resolved.unresolved.push((branch.clone(), files)),
        }
    }
    Ok(resolved)
}

/// The other branches that have the conflict which the resolution resolves.
pub fn same_class(record: &Record, resolution: &Resolution) -> Vec<String> {
    let same = record.outcomes.iter().filter(|outcome| {
        let conflict = Opened::of(outcome).filter(|conflict| conflict.class.is_some());
        conflict.is_some_and(|conflict| conflict.commit == resolution.commit && conflict.class == resolution.class)
    });
    same.map(|outcome| outcome.branch.clone()).filter(|branch| !resolution.branches.contains(branch)).collect()
}

/// Continues with the resolutions, as approved: plans and pushes again, and removes the work trees
/// whose conflict is no longer in the way. The fix's next commit may have another one.
pub async fn go_on(
    git: &Git,
    records: &dyn Records,
    mut record: Record,
    resolutions: Vec<Resolution>,
) -> Result<Report, BackportError> {
    let taken: HashSet<String> = resolutions.iter().flat_map(|one| one.branches.iter().cloned()).collect();
    record.request.resolutions.extend(resolutions);
    let report = start(git, records, &record.request).await?;
    if let Some(mut record) = records.load(Some(&record.plan.id)).await? {
        for row in &report.targets {
            let branch = &row.outcome.branch;
            let another = Opened::of(&row.outcome) != opened(&record, branch);
            if row.outcome.holds() || (another && taken.contains(branch)) {
                close(git, &mut record, branch).await?;
            }
        }
        records.save(&record).await?;
    }
    Ok(report)
}

/// Removes the work tree of a branch, where there is one.
async fn close(git: &Git, record: &mut Record, branch: &str) -> Result<(), BackportError> {
    record.opened.remove(branch);
    if let Some(place) = record.work_trees.remove(branch).filter(|place| place.exists()) {
        work_tree::remove(git, &place).await?;
    }
    Ok(())
}

/// Reports of every target, those created since included, whether it has the fix. Moves nothing.
pub async fn verify(git: &Git, request: &Request) -> Result<Report, BackportError> {
    let plan = plan::plan(git, request).await?;
    let mut report = preview(git, &plan).await?;
    for row in &mut report.targets {
        row.outcome.new = None;
    }
    Ok(report)
}

/// Reports what a plan would do, conflicts included. Moves nothing.
pub async fn preview(git: &Git, plan: &Plan) -> Result<Report, BackportError> {
    let started = Instant::now();
    let merged = merge::merge(git, plan).await?;
    Ok(Report::new(plan, merged, &Landed::default(), started.elapsed()))
}

/// What became of undoing a backport.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Undone {
    pub back: Vec<Moved>,
    /// Branches that somebody moved since, and so stay as they are.
    pub went_on: Vec<String>,
    pub refused: Vec<push::Refusal>,
}

/// Puts every branch that the backport moved back where it was, unless somebody moved it since.
pub async fn undo(git: &Git, record: &Record) -> Result<Undone, BackportError> {
    for _ in 0..ATTEMPTS {
        let there = remote::branches(git, &record.plan.remote, record.plan.limit).await?;
        let there: HashMap<String, _> = there.branches.into_iter().map(|branch| (branch.name, branch.tip)).collect();
        let undone = way_back(&record.moves, &there);
        match push::undo(git, &record.plan, &undone.back).await? {
            Pushed::All => return Ok(undone),
            Pushed::Refused { refusals } => {
                return Ok(Undone { back: Vec::new(), refused: refusals, ..undone });
            }
            Pushed::Stale { .. } => {}
        }
    }
    Err(BackportError::Moving { attempts: ATTEMPTS })
}

/// Finds where each branch is to go back to. Moves were recorded before they were pushed, so not all
/// of them happened: those that did form a chain that ends at the branch's tip.
fn way_back(moves: &[Moved], there: &HashMap<String, Oid>) -> Undone {
    let mut undone = Undone::default();
    let mut by_branch: BTreeMap<&str, Vec<&Moved>> = BTreeMap::new();
    for moved in moves {
        by_branch.entry(&moved.branch).or_default().push(moved);
    }
    for (branch, moves) in by_branch {
        let Some(tip) = there.get(branch) else {
            undone.went_on.push(branch.to_owned());
            continue;
        };
        // The newest first: each move that ends where the chain has got to leads one step back.
        let mut old = *tip;
        for moved in moves.iter().rev().filter(|moved| moved.new != moved.old) {
            old = if moved.new == old { moved.old } else { old };
        }
        if old != *tip {
            undone.back.push(Moved { branch: branch.to_owned(), old, new: *tip });
        } else if moves.iter().all(|moved| moved.old != *tip) {
            undone.went_on.push(branch.to_owned());
        }
    }
    undone
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::fs;

    use super::{Moved, Undone, free, way_back};
    use crate::git::oid::Oid;

    fn oid(digit: char) -> Oid {
        digit.to_string().repeat(40).parse().expect("a name")
    }

    /// Moves of the branch `x`, each written `old>new`.
    fn moves(text: &str) -> Vec<Moved> {
        let moves = text.split_whitespace().map(|moved| moved.chars().collect::<Vec<_>>());
        moves.map(|one| Moved { branch: "x".to_owned(), old: oid(one[0]), new: oid(one[2]) }).collect()
    }

    #[test]
    fn the_way_back_leads_past_all_that_the_backport_did() {
        for (moved, tip, back, why) in [
            ("1>2", Some('2'), Some('1'), "moved once"),
            ("1>2 2>3", Some('3'), Some('1'), "moved twice"),
            ("1>2 1>3", Some('3'), Some('1'), "the first move did not happen"),
            ("1>2 1>3", Some('2'), Some('1'), "the second did not"),
            ("1>2 4>5", Some('5'), Some('4'), "somebody pushed between the two"),
            ("1>2", Some('1'), None, "it never moved"),
        ] {
            let there = tip.map(|tip| ("x".to_owned(), oid(tip))).into_iter().collect();
            let undone = way_back(&moves(moved), &there);
            let tip = tip.expect("it is there");
            let expected = back.map(|old| Moved { branch: "x".to_owned(), old: oid(old), new: oid(tip) });
            assert_eq!((undone.back, undone.went_on), (expected.into_iter().collect(), Vec::new()), "{why}");
        }
    }

    #[test]
    fn what_went_on_stays() {
        let went_on = Undone { went_on: vec!["x".to_owned()], ..Undone::default() };
        let elsewhere = HashMap::from([("x".to_owned(), oid('9'))]);
        assert_eq!(way_back(&moves("1>2"), &elsewhere), went_on);
        assert_eq!(way_back(&moves("1>2"), &HashMap::new()), went_on, "the branch is gone");
        assert_eq!(way_back(&[], &elsewhere), Undone::default());
    }

    #[test]
    fn a_directory_that_is_there_is_left_alone() {
        let directory = tempfile::tempdir().expect("a directory");
        let place = directory.path().join("feature-a");
        assert_eq!(free(&place), place);
        for name in ["feature-a", "feature-a-2"] {
            fs::create_dir(directory.path().join(name)).expect("a directory");
        }
        assert_eq!(free(&place), directory.path().join("feature-a-3"));
    }
}
