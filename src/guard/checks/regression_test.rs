//! Whether the fix comes with a test.

use super::Check;
use super::size::begins_test;
use crate::domain::change::FileChange;
use crate::guard::Subject;
use crate::guard::finding::{Finding, Level};

pub const CHECK: Check = Check {
    name: "regression-test",
    level: Level::Block,
    rate: None,
    help: "A fix adds or changes a test, so that the bug does not come back.",
    look,
};

fn look(subject: &Subject) -> Vec<Finding> {
    let in_source = || subject.sources.iter().any(|file| adds_test(file));
    if !subject.policy.regression_test || subject.sources.is_empty() || !subject.tests.is_empty() || in_source() {
        return Vec::new();
    }
    vec![Finding::new("no test is added or changed")]
}

fn adds_test(file: &FileChange) -> bool {
    let after = file.lines_after();
    file.hunks.iter().flat_map(|hunk| &after[hunk.after.clone()]).any(|line| begins_test(line))
}
