//! Whether the fix takes away functions, classes and the like.

use super::Check;
use crate::guard::Subject;
use crate::guard::finding::{Finding, Level, Side};
use crate::guard::syntax::entity::Kind;

pub const CHECK: Check = Check {
    name: "removed-entity",
    level: Level::Block,
    rate: Some(0.029),
    help: "What others can use stays: taking away something exported blocks. What is used only inside, and a property of \
           an interface, only warns.",
    look,
};

fn look(subject: &Subject) -> Vec<Finding> {
    let removed = subject.only_on(Side::Before).into_iter();
    let found = removed.map(|(file, entity)| {
        let path = file.path(Side::Before);
        let exported = if entity.exported { "exported " } else { "" };
        // A property may well be one that nobody reads any more; its interface is still there.
        let blocks = entity.exported && entity.kind != Kind::Property;
        let level = if blocks { Level::Block } else { Level::Warn };
        let message = format!("{exported}{} `{}` is gone", entity.kind.word(), entity.name);
        Finding::of_file(path, message).at_rows(path, Side::Before, entity.rows.clone()).level(level)
    });
    found.collect()
}
