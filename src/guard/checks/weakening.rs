//! Whether the fix weakens what would have caught the bug.

mod pattern;
mod skip;

use std::collections::{HashMap, HashSet};

use super::Check;
use crate::guard::Subject;
use crate::guard::file::{Edit, File, Role, any_within};
use crate::guard::finding::{Finding, Level, Side};
use pattern::{IMPORT, Pattern, SILENCED_IN_CODE, SILENCED_IN_COMMENT, SKIP, SLEEP, SLEEP_DEFINED};
use pattern::{about, asserts, may_assert};
use skip::is_part_of_new_test;

pub const CHECK: Check = Check {
    name: "weakening",
    level: Level::Block,
    rate: None,
    help: "A fix removes no assertion, skips no test, hides no error, silences no linter, and waits for nothing by \
           sleeping.",
    look,
};

fn look(subject: &Subject) -> Vec<Finding> {
    let files = || subject.sources().chain(subject.tests());
    let kept = assertions_added(subject);
    let deleted = subject
        .tests()
        .filter(|file| file.change.is_deleted())
        .map(|file| Finding::of_file(&file.change.path, "the test file is deleted"));
    let edited = subject.tests().chain(subject.sources()).filter(|file| !file.change.is_deleted());
    let removed = edited.filter_map(|file| assertions_removed(file, &kept));
    deleted.chain(removed).chain(files().flat_map(added)).collect()
}

/// How often each assertion is added anywhere, so that one that moved is not missed.
fn assertions_added<'a>(subject: &'a Subject) -> HashMap<&'a [u8], usize> {
    let mut added: HashMap<&[u8], usize> = HashMap::new();
    for file in subject.sources().chain(subject.tests()) {
        for row in file.edits.iter().flat_map(|edit| &edit.added) {
            *added.entry(file.after.code(*row)).or_default() += 1;
        }
    }
    added
}

/// The assertions of tests that are gone, where fewer came in their place.
fn assertions_removed(file: &File, kept: &HashMap<&[u8], usize>) -> Option<Finding> {
    let is_import = |row: usize| {
        let import = file.before.syntax.as_ref().is_some_and(|syntax| syntax.is_import(row));
        import || IMPORT.is_match(file.before.bare(row))
    };
    // What is no longer brought in is not asserted with; whether it was is told by the other lines.
    let asserts = |row: &usize| {
        let test = file.is_test(Side::Before, *row) && !is_import(*row);
        test && asserts(file.language, file.before.bare(*row))
    };
    let may_assert =
        |row: &&usize| file.is_test(Side::After, **row) && may_assert(file.language, file.after.bare(**row));
    let added = file.edits.iter().flat_map(|edit| &edit.added).filter(may_assert);
    let now: HashSet<Vec<&str>> = added.filter_map(|row| about(file.after.bare(*row))).collect();
    let is_kept = |row: &usize| {
        let as_it_was = kept.contains_key(file.before.code(*row));
        as_it_was || about(file.before.bare(*row)).is_some_and(|about| now.contains(&about))
    };
    let mut rows = Vec::new();
    for edit in clusters(&file.edits) {
        let gone: Vec<usize> = edit.removed.iter().copied().filter(|row| asserts(row) && !is_kept(row)).collect();
        let new = edit.added.iter().filter(may_assert).count();
        if gone.len() > new {
            rows.extend(gone);
        }
    }
    let message = "an assertion is removed from a test, and none is in its place";
    let path = file.path(Side::Before);
    (!rows.is_empty()).then(|| Finding::of_file(path, message).at_rows(path, Side::Before, rows))
}

/// Edits close to each other as one: what goes in one may come back in the next. Edits that only
/// add stay alone, so that a new test makes up for nothing.
fn clusters(edits: &[Edit]) -> Vec<Edit> {
    const CLOSE: usize = 5;
    let mut clusters: Vec<Edit> = Vec::new();
    for edit in edits.iter().filter(|edit| !edit.removed.is_empty()) {
        match clusters.last_mut() {
            Some(last) if last.removed.last().is_some_and(|row| row + CLOSE >= edit.removed[0]) => {
                last.removed.extend(&edit.removed);
                last.added.extend(&edit.added);
            }
            _ => clusters.push(edit.clone()),
        }
    }
    clusters
}

/// Where a pattern means something.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Tests,
    Sources,
    Everything,
}

impl Within {
    fn has(self, test: bool) -> bool {
        self == Within::Everything || (self == Within::Tests) == test
    }
}

/// What weakens by being added to a file.
fn added(file: &File) -> Vec<Finding> {
    let code = |pattern: &'static Pattern, within: Within, excused: &dyn Fn(&Edit, usize) -> bool| -> Vec<usize> {
        let counts = |side: Side, row: usize| {
            within.has(file.is_test(side, row))
                && pattern.is_match(file.side(side).bare(row))
                && !SLEEP_DEFINED.is_match(file.side(side).bare(row))
        };
        let edits = file.edits.iter().flat_map(|edit| {
            let old = edit.removed.iter().filter(|row| counts(Side::Before, **row)).count();
            let new = edit.added.iter().copied().filter(|row| counts(Side::After, *row) && !excused(edit, *row));
            let new: Vec<usize> = new.collect();
            if new.len() > old { new } else { Vec::new() }
        });
        edits.collect()
    };
    let comments = || -> Vec<usize> {
        let silences = |side: Side, row: &usize| {
            Within::Sources.has(file.is_test(side, *row)) && SILENCED_IN_COMMENT.is_match(file.side(side).comment(*row))
        };
        let hunks = file.change.hunks.iter().flat_map(|hunk| {
            let old = hunk.before.clone().filter(|row| silences(Side::Before, row)).count();
            let new: Vec<usize> = hunk.after.clone().filter(|row| silences(Side::After, row)).collect();
            if new.len() > old { new } else { Vec::new() }
        });
        hunks.collect()
    };
    let never = |_: &Edit, _: usize| false;
    let mut silenced = code(&SILENCED_IN_CODE, Within::Sources, &never);
    silenced.extend(comments());
    silenced.sort_unstable();
    silenced.dedup();
    let found = [
        (
            "a test is skipped, or others are",
            code(&SKIP, Within::Tests, &|edit, row| is_part_of_new_test(file, edit, row)),
        ),
        ("an error is caught and nothing is done about it", swallowed(file)),
        ("a linter is silenced", silenced),
        ("a new sleep waits for something that it can't know", code(&SLEEP, Within::Everything, &never)),
    ];
    let some = found.into_iter().filter(|(_, rows)| !rows.is_empty());
    let path = &file.change.path;
    some.map(|(message, rows)| Finding::of_file(path, message).at_rows(path, Side::After, rows)).collect()
}

/// The rows of new code that catches errors and does nothing.
fn swallowed(file: &File) -> Vec<usize> {
    let rows = |side: Side| -> Vec<usize> {
        let Some(syntax) = &file.side(side).syntax else { return Vec::new() };
        let edited = file.edited_rows(side);
        let touched = syntax.swallows.iter().filter(|rows| any_within(&edited, rows));
        touched.map(|rows| rows.start).collect()
    };
    let new = rows(Side::After);
    if file.role != Role::Source || new.len() <= rows(Side::Before).len() { Vec::new() } else { new }
}
