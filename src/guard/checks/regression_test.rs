//! Whether the fix comes with a test.

use super::Check;
use crate::guard::Subject;
use crate::guard::file::File;
use crate::guard::finding::{Finding, Level, Side};

pub const CHECK: Check = Check {
    name: "regression-test",
    level: Level::Block,
    rate: None,
    help: "A fix adds or changes a test, so that the bug does not come back.",
    look,
};

fn look(subject: &Subject) -> Vec<Finding> {
    let Some(first) = subject.sources().next().filter(|_| subject.policy.regression_test) else { return Vec::new() };
    let tested = subject.tests().any(brings) || subject.sources().any(brings_within);
    if tested { Vec::new() } else { vec![Finding::of_file(&first.change.path, "no test is added or changed")] }
}

/// Whether a test file has something that was not there before, or is where it was not.
fn brings(file: &File) -> bool {
    let adds = file.hunk_rows(Side::After).any(|rows| !rows.is_empty());
    !file.change.is_deleted() && (adds || file.change.hunks.is_empty() || file.change.old_path.is_some())
}

/// Whether a source file has a test, or a part of one, that was not there before.
fn brings_within(file: &File) -> bool {
    file.edits.iter().flat_map(|edit| &edit.added).any(|row| file.is_test(Side::After, *row))
}
