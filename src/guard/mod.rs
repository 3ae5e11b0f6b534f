//! The guard: is the fix minimal? Pure: a change and the policy, to violations.

pub mod checks;
mod comparison;
mod file;
pub mod finding;
pub mod judging;
pub mod language;
pub mod manifest;
mod moves;
pub mod policy;
mod renaming;
pub mod sarif;
pub mod secret;
pub mod syntax;
mod text;

use std::collections::HashSet;

use crate::domain::change::Change;
use crate::domain::check::Violation;
use comparison::last_part;
use file::{File, Role};
use finding::{Finding, Side};
use moves::{Address, Move};
use policy::Policy;
use syntax::entity::{Entity, Kind};
use syntax::limit::Limit;

/// What the checks look at.
#[derive(Debug)]
pub struct Subject<'a> {
    pub policy: &'a Policy,
    pub change: &'a Change,
    files: Vec<File<'a>>,
    moves: Vec<Move>,
    /// Where `moves` put something.
    put: HashSet<Address>,
    /// Where `moves` put something that has the name that it had before.
    brought: HashSet<Address>,
}

/// The most findings of one check.
const FINDINGS: usize = 25;

/// Returns the rules of `policy` that `change` breaks, in the order of the checks.
///
/// The time it takes grows with the size of the changed files, up to the limits of `syntax::limit`;
/// what is beyond them is a violation too.
pub fn look(policy: &Policy, change: &Change) -> Vec<Violation> {
    let subject = Subject::read(policy, change);
    let found = checks::ALL.iter().flat_map(|check| {
        let found = capped((check.look)(&subject));
        found.into_iter().map(move |finding| finding.of(check))
    });
    found.collect()
}

impl<'a> Subject<'a> {
    fn read(policy: &'a Policy, change: &'a Change) -> Subject<'a> {
        let mut limit = Limit::default();
        let files: Vec<File> = change.files.iter().map(|file| File::read(file, policy, &mut limit)).collect();
        let moves = moves::find(&files);
        let put = moves.iter().map(|moved| moved.to).collect();
        let same_name = moves.iter().filter(|moved| {
            let name = |entity: Option<&Entity>| entity.map(|entity| entity.name.clone());
            name(moved.taken(&files)) == name(moved.put(&files))
        });
        let brought = same_name.map(|moved| moved.to).collect();
        Subject { policy, change, files, moves, put, brought }
    }

    fn sources(&self) -> impl Iterator<Item = &File<'a>> {
        self.files.iter().filter(|file| file.role == Role::Source)
    }

    fn tests(&self) -> impl Iterator<Item = &File<'a>> {
        self.files.iter().filter(|file| file.role == Role::Test)
    }

    /// The entities that only one side of the sources has: no tests, nothing that lies in another one
    /// of them, nothing that could not be read for certain, nothing that is in another file now.
    fn only_on(&self, side: Side) -> Vec<(&File<'a>, &Entity)> {
        let mut found = Vec::new();
        for (at, file) in self.files.iter().enumerate().filter(|(_, file)| file.role == Role::Source) {
            let Some(syntax) = &file.side(side).syntax else { continue };
            let indices = match side {
                Side::Before => &file.comparison.removed,
                Side::After => &file.comparison.added,
            };
            // What is of another kind now is still there for those who use it by its name.
            let is_one = |index: &&usize| match side {
                Side::Before => !file.comparison.replaced.contains(index),
                Side::After => !self.brought.contains(&(at, **index)),
            };
            let unreadable = file.unreadable_names(side.other());
            for index in indices.iter().filter(is_one) {
                let entity = &syntax.entities[*index];
                // It may be on the other side too, in a place that makes no sense there.
                let uncertain =
                    syntax.is_broken_at(&entity.rows) || unreadable.contains(last_part(&entity.own).as_bytes());
                let within = syntax
                    .around(entity)
                    .any(|(around, of)| of.kind != Kind::Scope && indices.binary_search(&around).is_ok());
                if entity.kind != Kind::Scope && !entity.test && !uncertain && !within {
                    found.push((file, entity));
                }
            }
        }
        found
    }
}

/// The first findings, and one that counts the others.
fn capped(mut findings: Vec<Finding>) -> Vec<Finding> {
    if findings.len() > FINDINGS {
        let more = findings.len() - FINDINGS;
        let rest = findings.split_off(FINDINGS);
        // One without a level of its own has the check's, which is its highest.
        let level = rest.iter().map(|finding| finding.level).reduce(|a, b| a.zip(b).map(|(a, b)| a.max(b))).flatten();
        findings.push(Finding { level, ..Finding::new(format!("{more} more of the kind")) });
    }
    findings
}

#[cfg(test)]
mod tests;
