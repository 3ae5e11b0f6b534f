//! What was moved or renamed, and otherwise left as it was.

use std::collections::HashMap;

use super::comparison::{Digest, last_part};
use super::file::{File, Role};
use super::syntax::Syntax;
use super::syntax::entity::{Entity, Kind};

/// The fewest tokens of a body that can be told apart by its content alone.
const SMALLEST: usize = 12;

/// The fewest tokens of a body that can be told apart by its content, its signature and its name together.
const SMALLEST_SIGNED: usize = 4;

/// An entity, by the place of its file among the files and its own among the entities in there.
pub type Address = (usize, usize);

/// An entity whose body was removed in one place and added in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    pub from: Address,
    pub to: Address,
}

impl Move {
    /// Whether only the place changed, not the name.
    pub fn keeps_name(self, files: &[File]) -> bool {
        let own = |entity: Option<&Entity>| entity.map(|entity| last_part(&entity.own).to_owned());
        own(self.taken(files)) == own(self.put(files))
    }

    /// Whether what it lay in is gone and what it lies in is new: two things may well have a small part
    /// that is the same.
    fn is_between_others(self, files: &[File]) -> bool {
        let (from, to) = (&files[self.from.0], &files[self.to.0]);
        let is_gone = match self.taken(files).and_then(|entity| entity.container) {
            Some(container) => from.comparison.removed.binary_search(&container).is_ok(),
            None => from.change.is_deleted(),
        };
        let is_new = match self.put(files).and_then(|entity| entity.container) {
            Some(container) => to.comparison.added.binary_search(&container).is_ok(),
            None => to.change.is_new(),
        };
        is_gone && is_new
    }

    pub fn taken<'a>(self, files: &'a [File]) -> Option<&'a Entity> {
        files[self.from.0].before.syntax.as_ref()?.entities.get(self.from.1)
    }

    pub fn put<'a>(self, files: &'a [File]) -> Option<&'a Entity> {
        files[self.to.0].after.syntax.as_ref()?.entities.get(self.to.1)
    }
}

/// What an entity that was moved still has: its kind, its body, and its signature where the body alone
/// says too little.
type Trace = (Kind, u64, Option<u64>);

/// Returns the moves among the sources, each body once, in the order of where they went.
pub fn find(files: &[File]) -> Vec<Move> {
    let mut gone: HashMap<Trace, Vec<Address>> = HashMap::new();
    for (at, file) in files.iter().enumerate().rev().filter(|(_, file)| file.role == Role::Source) {
        let Some(syntax) = &file.before.syntax else { continue };
        for index in file.comparison.removed.iter().rev() {
            if let Some(trace) = trace(syntax, *index, file.comparison.before[*index]) {
                gone.entry(trace).or_default().push((at, *index));
            }
        }
    }
    let mut moves = Vec::new();
    for (at, file) in files.iter().enumerate().filter(|(_, file)| file.role == Role::Source) {
        let Some(syntax) = &file.after.syntax else { continue };
        for index in &file.comparison.added {
            let Some(trace) = trace(syntax, *index, file.comparison.after[*index]) else { continue };
            let from = gone.get_mut(&trace).and_then(|gone| {
                gone.pop_if(|from| {
                    let moved = Move { from: *from, to: (at, *index) };
                    trace.2.is_none() || !moved.is_between_others(files)
                })
            });
            moves.extend(from.map(|from| Move { from, to: (at, *index) }));
        }
    }
    moves
}

/// What would identify the entity elsewhere; `None` where it is a test, can't be read, or has too little in it.
fn trace(syntax: &Syntax, index: usize, digest: Digest) -> Option<Trace> {
    let entity = &syntax.entities[index];
    if entity.test || syntax.is_broken_at(&entity.rows) {
        return None;
    }
    match digest.size {
        SMALLEST.. => Some((entity.kind, digest.body, None)),
        SMALLEST_SIGNED.. => Some((entity.kind, digest.body, Some(digest.signature))),
        _ => None,
    }
}
