//! How many lines of code the fix changes.

use super::Check;
use crate::guard::Subject;
use crate::guard::file::{Edit, File};
use crate::guard::finding::{Finding, Level, Side};

pub const CHECK: Check = Check {
    name: "size",
    level: Level::Block,
    rate: None,
    help: "A hotfix changes as few lines as it can: what is small is reviewed, understood and taken back quickly. \
           Of each place the larger of the lines added and removed counts. White space, blank lines, comments, \
           tests, generated files and lock files do not.",
    look,
};

/// The share of honest fixes that change this many lines or more (1,600 labelled fixes).
const RATES: [(usize, f64); 2] = [(10, 0.24), (50, 0.04)];

fn look(subject: &Subject) -> Vec<Finding> {
    let policy = subject.policy;
    let mut found = Finding::new("");
    for file in subject.sources() {
        for edit in &file.edits {
            let (side, rows) = larger(file, edit);
            found = found.at_rows(file.path(side), side, rows);
        }
    }
    let total = found.lines.len();
    let (limit, level, words) = match total {
        _ if total > policy.lines_block => (policy.lines_block, Level::Block, "more than LIMIT block"),
        _ if total > policy.lines_warn => (policy.lines_warn, Level::Warn, "LIMIT or fewer are wanted"),
        _ => return Vec::new(),
    };
    found.message = format!("{total} lines changed besides tests; {}", words.replace("LIMIT", &limit.to_string()));
    found.rate = Some(RATES.iter().find(|(lines, _)| limit.abs_diff(*lines) <= 1).map(|(_, rate)| *rate));
    vec![found.level(level)]
}

/// The rows of an edit that count, those of tests left out.
fn larger(file: &File, edit: &Edit) -> (Side, Vec<usize>) {
    let rows = |side: Side, rows: &[usize]| -> Vec<usize> {
        rows.iter().copied().filter(|row| !file.is_test(side, *row)).collect()
    };
    let (removed, added) = (rows(Side::Before, &edit.removed), rows(Side::After, &edit.added));
    if removed.len() > added.len() { (Side::Before, removed) } else { (Side::After, added) }
}
