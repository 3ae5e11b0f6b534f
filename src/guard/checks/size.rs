//! How many lines the fix changes.

use super::Check;
use crate::domain::change::FileChange;
use crate::guard::Subject;
use crate::guard::finding::{Finding, Level, Side};

pub const CHECK: Check = Check {
    name: "size",
    level: Level::Warn,
    rate: None,
    help: "A hotfix changes as few lines as it can: what is small is reviewed, understood and taken back quickly. \
           In each hunk the larger of the lines added and removed counts; blank lines and tests do not.",
    look,
};

/// The share of honest fixes that change this many lines or more (1,600 labelled fixes).
const RATES: [(usize, f64); 2] = [(10, 0.24), (50, 0.04)];

fn look(subject: &Subject) -> Vec<Finding> {
    let policy = subject.policy;
    let mut found = Finding::new("");
    let mut total = 0;
    for file in &subject.sources {
        for lines in counted(file) {
            total += lines.len();
            found.lines.extend(lines);
        }
    }
    let (limit, level, words) = match total {
        _ if total > policy.lines_block => (policy.lines_block, Level::Block, "more than LIMIT block"),
        _ if total > policy.lines_warn => (policy.lines_warn, Level::Warn, "LIMIT or fewer are wanted"),
        _ => return Vec::new(),
    };
    let words = words.replace("LIMIT", &limit.to_string());
    found.message = format!("{total} lines changed besides tests; {words}");
    found.rate = Some(RATES.iter().find(|(lines, _)| limit.abs_diff(*lines) <= 1).map(|(_, rate)| *rate));
    vec![found.level(level)]
}

/// The lines of each hunk that count: the added or the removed ones, whichever are more.
fn counted(file: &FileChange) -> Vec<Vec<(String, Side, usize)>> {
    let (before, after) = (file.lines_before(), file.lines_after());
    let pick = |side: Side, path: &str, lines: &[&[u8]], first: usize| -> Vec<(String, Side, usize)> {
        let until_tests = lines.iter().take_while(|line| !begins_test(line)).enumerate();
        let solid = until_tests.filter(|(_, line)| !line.trim_ascii().is_empty());
        solid.map(|(index, _)| (path.to_owned(), side, first + index + 1)).collect()
    };
    let hunks = file.hunks.iter().map(|hunk| {
        let removed = pick(Side::Before, file.old_path(), &before[hunk.before.clone()], hunk.before.start);
        let added = pick(Side::After, &file.path, &after[hunk.after.clone()], hunk.after.start);
        if removed.len() > added.len() { removed } else { added }
    });
    hunks.collect()
}

/// Whether a line begins a test that stands in its source file, as in Rust.
pub fn begins_test(line: &[u8]) -> bool {
    matches!(line.trim_ascii(), b"#[test]" | b"#[cfg(test)]" | b"#[tokio::test]")
}
