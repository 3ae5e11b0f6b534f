//! How many source files the fix touches.

use super::Check;
use crate::guard::Subject;
use crate::guard::finding::{Finding, Level, Side};

pub const CHECK: Check = Check {
    name: "files",
    level: Level::Warn,
    rate: Some(0.21),
    help: "A hotfix touches one source file if it can. Tests, documents, generated files and lock files do not count.",
    look,
};

fn look(subject: &Subject) -> Vec<Finding> {
    let (files, wanted) = (subject.sources().count(), subject.policy.files_warn);
    if files <= wanted {
        return Vec::new();
    }
    let mut found = Finding::new(format!("{files} source files changed; {wanted} or fewer are wanted"));
    for file in subject.sources() {
        let first = file.change.hunks.first().map(|hunk| hunk.after.start);
        found = found.at_rows(&file.change.path, Side::After, [first.unwrap_or_default()]);
    }
    found.rate = (wanted != 1).then_some(None);
    vec![found]
}
