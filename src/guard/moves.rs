//! What was moved or renamed, and otherwise left as it was.

use std::collections::HashMap;

use super::comparison::last_part;
use super::file::{File, Role};
use super::syntax::entity::{Entity, Kind};

/// The fewest tokens of a body that is told from others by what is in it.
const SMALLEST: usize = 12;

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

    pub fn taken<'a>(self, files: &'a [File]) -> Option<&'a Entity> {
        files[self.from.0].before.syntax.as_ref()?.entities.get(self.from.1)
    }

    pub fn put<'a>(self, files: &'a [File]) -> Option<&'a Entity> {
        files[self.to.0].after.syntax.as_ref()?.entities.get(self.to.1)
    }
}

/// Returns the moves among the sources, each body once, in the order of where they went.
pub fn find(files: &[File]) -> Vec<Move> {
    let mut gone: HashMap<(Kind, u64), Vec<Address>> = HashMap::new();
    for (at, file) in files.iter().enumerate().rev().filter(|(_, file)| file.role == Role::Source) {
        for index in file.comparison.removed.iter().rev() {
            let (Some(syntax), digest) = (&file.before.syntax, file.comparison.before[*index]) else { continue };
            let entity = &syntax.entities[*index];
            if digest.size >= SMALLEST && !entity.test {
                gone.entry((entity.kind, digest.body)).or_default().push((at, *index));
            }
        }
    }
    let mut moves = Vec::new();
    for (at, file) in files.iter().enumerate().filter(|(_, file)| file.role == Role::Source) {
        let Some(syntax) = &file.after.syntax else { continue };
        for index in &file.comparison.added {
            let key = (syntax.entities[*index].kind, file.comparison.after[*index].body);
            if let Some(from) = gone.get_mut(&key).and_then(Vec::pop) {
                moves.push(Move { from, to: (at, *index) });
            }
        }
    }
    moves
}
