//! Whether each changed file gives the reason, in a comment with the marker.

use super::Check;
use crate::guard::Subject;
use crate::guard::file::File;
use crate::guard::finding::{Finding, Level, Side};
use crate::guard::manifest::format_of;

pub const CHECK: Check = Check {
    name: "marker",
    level: Level::Block,
    rate: None,
    help: "Each changed source file has a comment `HOTFIX: reason` in a changed place or at most three lines above \
           it, so that whoever reads the code later knows that it was written in an emergency, and why. A comment \
           `SECURITY HOTFIX` has its fields.",
    look,
};

/// How far above a changed place the comment may stand, in lines.
const ABOVE: usize = 3;

/// Endings of files that can't have comments.
const WITHOUT_COMMENTS: &[&str] = &[".json", ".csv", ".tsv", ".txt", ".svg", ".ipynb"];

const SECURITY: &str = "SECURITY HOTFIX";

fn look(subject: &Subject) -> Vec<Finding> {
    let marker = &subject.policy.marker;
    let lacking = subject.sources().filter(|file| !marker.is_empty() && lacks(file, marker));
    let without = lacking.map(|file| {
        let message = format!("no comment `{marker} reason` stands where `{}` is changed", file.change.path);
        let first = file.edits.iter().find_map(|edit| edit.added.first()).copied();
        Finding::of_file(&file.change.path, message).at_rows(&file.change.path, Side::After, first)
    });
    let incomplete = subject.sources().filter_map(|file| incomplete(file, &subject.policy.security_fields));
    without.chain(incomplete).collect()
}

/// Whether code was added to a file without the comment.
fn lacks(file: &File, marker: &str) -> bool {
    let adds = || file.edits.iter().flat_map(|edit| &edit.added).any(|row| !file.is_test(Side::After, *row));
    let able = !WITHOUT_COMMENTS.iter().any(|ending| file.change.path.ends_with(ending));
    // Changes of a manifest have a check of their own.
    let able = able && format_of(&file.change.path).is_none();
    able && adds() && !near(file).any(|row| has_reason(file.after.comment(row), marker))
}

/// The rows in which the comment may stand.
fn near<'a>(file: &'a File) -> impl Iterator<Item = usize> + 'a {
    file.hunk_rows(Side::After).flat_map(|rows| rows.start.saturating_sub(ABOVE)..rows.end)
}

fn has_reason(line: &str, marker: &str) -> bool {
    line.find(marker).is_some_and(|at| line[at + marker.len()..].chars().any(char::is_alphanumeric))
}

/// A security comment in the file that lacks some of its fields.
fn incomplete(file: &File, fields: &[String]) -> Option<Finding> {
    let comment_of = |row: usize| file.after.comment(row);
    let row = near(file).find(|row| comment_of(*row).contains(SECURITY))?;
    let comment: Vec<&str> =
        (row..file.after.rows()).map(comment_of).take_while(|line| !line.is_empty()).take(20).collect();
    let has = |field: &str| comment.iter().any(|line| has_reason(line, &format!("{field}:")));
    let mut lacking: Vec<&str> = fields.iter().map(String::as_str).filter(|field| !has(field)).collect();
    if !has(SECURITY) {
        lacking.insert(0, "its identifier");
    }
    if lacking.is_empty() {
        return None;
    }
    let message = format!("the comment `{SECURITY}` lacks {}", lacking.join(", "));
    Some(Finding::of_file(&file.change.path, message).at_rows(&file.change.path, Side::After, [row]))
}
