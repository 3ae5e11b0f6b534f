//! Whether the fix takes away functions, classes and the like.

use super::Check;
use crate::guard::Subject;
use crate::guard::finding::{Finding, Level, Side};

pub const CHECK: Check = Check {
    name: "removed-entity",
    level: Level::Block,
    rate: Some(0.029),
    help: "What others can use stays: taking away something exported blocks. What is used only inside is pointed out.",
    look,
};

fn look(subject: &Subject) -> Vec<Finding> {
    let removed = subject.only_on(Side::Before).into_iter();
    let found = removed.map(|(file, entity)| {
        let path = file.path(Side::Before);
        let (level, exported) = if entity.exported { (Level::Block, "exported ") } else { (Level::Warn, "") };
        let message = format!("{exported}{} `{}` is gone", entity.kind.word(), entity.name);
        Finding::of_file(path, message).at_rows(path, Side::Before, entity.rows.clone()).level(level)
    });
    found.collect()
}
