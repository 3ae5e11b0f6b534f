//! Whether a source file was added.

use super::Check;
use crate::guard::Subject;
use crate::guard::finding::{Finding, Level, Side};
use crate::guard::language;

pub const CHECK: Check = Check {
    name: "new-file",
    level: Level::Block,
    rate: Some(0.006),
    help: "A hotfix changes existing code. A new source file is a new part of the program, which can wait \
           for the full fix.",
    look,
};

fn look(subject: &Subject) -> Vec<Finding> {
    let new = subject.sources().filter(|file| file.change.is_new() && language::is_source(&file.change.path));
    let finding = |path: &String| Finding::of_file(path, "a new source file").at_rows(path, Side::After, [0]);
    new.map(|file| finding(&file.change.path)).collect()
}
