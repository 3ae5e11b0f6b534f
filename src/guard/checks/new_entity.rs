//! Whether the fix adds functions, classes and the like.

use super::Check;
use crate::guard::Subject;
use crate::guard::finding::{Finding, Level, Side};
use crate::guard::syntax::entity::{Entity, Kind};

pub const CHECK: Check = Check {
    name: "new-entity",
    level: Level::Block,
    rate: Some(0.07),
    help: "A hotfix adds no abstraction: a new class (in some languages a struct), trait or interface blocks; a new \
           function, constant or other entity only warns.",
    look,
};

fn look(subject: &Subject) -> Vec<Finding> {
    // A property more is a line of its interface more, no entity.
    let added = subject.only_on(Side::After).into_iter().filter(|(_, entity)| entity.kind != Kind::Property);
    let finding = |path: &str, entity: &Entity| {
        let level = if entity.kind.is_abstraction() { Level::Block } else { Level::Warn };
        let message = format!("{} `{}` is new", entity.kind.word(), entity.name);
        Finding::of_file(path, message).at_rows(path, Side::After, entity.rows.clone()).level(level)
    };
    added.map(|(file, entity)| finding(&file.change.path, entity)).collect()
}
