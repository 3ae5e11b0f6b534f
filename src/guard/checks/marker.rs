//! Whether each changed file says why, in a comment with the marker.

use super::Check;
use crate::domain::change::FileChange;
use crate::guard::Subject;
use crate::guard::finding::{Finding, Level, Side};

pub const CHECK: Check = Check {
    name: "marker",
    level: Level::Block,
    rate: None,
    help: "Each changed source file has a comment `HOTFIX: reason` where it is changed, so that whoever reads the \
           code later knows that it was written in an emergency, and why.",
    look,
};

fn look(subject: &Subject) -> Vec<Finding> {
    let marker = &subject.policy.marker;
    if marker.is_empty() {
        return Vec::new();
    }
    let adds = |file: &&&FileChange| file.hunks.iter().any(|hunk| !hunk.after.is_empty());
    let lacking = subject.sources.iter().filter(adds).filter(|file| !has_marker(file, marker));
    let say = |file: &&FileChange| {
        let message = format!("no added line of `{}` has a comment `{marker} reason`", file.path);
        let first = file.hunks.iter().find(|hunk| !hunk.after.is_empty()).map(|hunk| hunk.after.start + 1);
        Finding::of_file(&file.path, message).at(&file.path, Side::After, first)
    };
    lacking.map(say).collect()
}

fn has_marker(file: &FileChange, marker: &str) -> bool {
    let after = file.lines_after();
    let mut added = file.hunks.iter().flat_map(|hunk| &after[hunk.after.clone()]);
    added.any(|line| has_reason(&String::from_utf8_lossy(line), marker))
}

fn has_reason(line: &str, marker: &str) -> bool {
    line.find(marker).is_some_and(|at| line[at + marker.len()..].chars().any(char::is_alphanumeric))
}
