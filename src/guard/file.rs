//! A changed file as the checks see it: both sides, line by line, and what it is for.

use std::collections::HashSet;
use std::ops::Range;

use imara_diff::{Algorithm, Diff, InternedInput};

use super::comparison::Comparison;
use super::finding::Side;
use super::language::{self, Language};
use super::policy::Policy;
use super::syntax::Syntax;
use super::syntax::limit::Limit;
use super::text::Text;
use crate::domain::change::{FileChange, Hunk};

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Source,
    Test,
    /// Documents, lock files and the like, by the policy.
    Ignored,
    /// Written by a program.
    Generated,
}

#[derive(Debug)]
pub struct File<'a> {
    pub change: &'a FileChange,
    pub role: Role,
    pub language: Option<&'static Language>,
    pub before: Text,
    pub after: Text,
    /// Where the code differs, tests in source files included.
    pub edits: Vec<Edit>,
    /// What became of the entities, where both sides could be read.
    pub comparison: Comparison,
}

/// Rows of code that were replaced by others; white space and comments make no difference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edit {
    pub removed: Vec<usize>,
    pub added: Vec<usize>,
}

impl<'a> File<'a> {
    /// Returns what is known of a change, parsed as far as `limit` allows.
    pub fn read(change: &'a FileChange, policy: &Policy, limit: &mut Limit) -> File<'a> {
        let role = role(change, policy);
        let parsed = matches!(role, Role::Source | Role::Test) && !change.hunks.is_empty();
        let mut read = |text: &Option<Vec<u8>>, path: &str| match text {
            Some(text) if parsed => Text::read(text, path, limit),
            _ => Text::default(),
        };
        let (before, after) = (read(&change.before, change.old_path()), read(&change.after, &change.path));
        let language = language::of(&change.path);
        let edits = edits(&before, &after);
        let bytes = |side: &'a Option<Vec<u8>>| side.as_deref().unwrap_or_default();
        let nothing = Syntax::default();
        let overloads = language.is_some_and(|language| language.overloads);
        let readable = before.unread.is_none() && after.unread.is_none();
        let (old, new) = (before.syntax.as_ref().unwrap_or(&nothing), after.syntax.as_ref().unwrap_or(&nothing));
        let comparison = match readable {
            true => Comparison::of((old, bytes(&change.before)), (new, bytes(&change.after)), overloads),
            false => Comparison::default(),
        };
        File { change, role, language, before, after, edits, comparison }
    }

    pub fn side(&self, side: Side) -> &Text {
        match side {
            Side::Before => &self.before,
            Side::After => &self.after,
        }
    }

    /// The path of the file on a side.
    pub fn path(&self, side: Side) -> &str {
        match side {
            Side::Before => self.change.old_path(),
            Side::After => &self.change.path,
        }
    }

    /// The text of the file on a side, nothing where it is not there.
    pub fn bytes(&self, side: Side) -> &'a [u8] {
        let text = match side {
            Side::Before => &self.change.before,
            Side::After => &self.change.after,
        };
        text.as_deref().unwrap_or_default()
    }

    /// The names on the rows of a side of which its language makes no sense.
    pub fn unreadable_names(&self, side: Side) -> HashSet<&'a [u8]> {
        let Some(syntax) = self.side(side).syntax.as_ref().filter(|syntax| !syntax.errors.is_empty()) else {
            return HashSet::new();
        };
        let text = self.bytes(side);
        let broken = syntax.tokens.iter().filter(|token| syntax.is_broken_at(&(token.row..token.last_row + 1)));
        broken.map(|token| &text[token.bytes()]).collect()
    }

    /// The rows in hunks, on a side.
    pub fn hunk_rows(&self, side: Side) -> impl Iterator<Item = Range<usize>> + '_ {
        self.change.hunks.iter().map(move |hunk| match side {
            Side::Before => hunk.before.clone(),
            Side::After => hunk.after.clone(),
        })
    }

    /// Whether a hunk lies on one of the rows of a side, or between two of them.
    pub fn touches(&self, side: Side, rows: &Range<usize>) -> bool {
        let on = |hunk: &Hunk| if side == Side::Before { hunk.before.clone() } else { hunk.after.clone() };
        let hunks = &self.change.hunks;
        let first = hunks.partition_point(|hunk| on(hunk).end.max(on(hunk).start + 1) <= rows.start);
        hunks.get(first).is_some_and(|hunk| on(hunk).start < rows.end)
    }

    /// The rows of code that a side has and the other lacks, from the top.
    pub fn edited_rows(&self, side: Side) -> Vec<usize> {
        let rows = self.edits.iter().flat_map(|edit| match side {
            Side::Before => &edit.removed,
            Side::After => &edit.added,
        });
        rows.copied().collect()
    }

    /// Whether the row is part of a test: all of them in a test file.
    pub fn is_test(&self, side: Side, row: usize) -> bool {
        self.role == Role::Test || self.side(side).is_test(row)
    }
}

/// Whether one of the rows, which are in order, lies in a range of them.
pub fn any_within(rows: &[usize], range: &Range<usize>) -> bool {
    rows.get(rows.partition_point(|row| *row < range.start)).is_some_and(|row| *row < range.end)
}

fn role(change: &FileChange, policy: &Policy) -> Role {
    let path = &change.path;
    if policy.is_ignored(path) {
        Role::Ignored
    } else if policy.is_generated(path) || says_generated(change) {
        Role::Generated
    } else if policy.is_test(path) {
        Role::Test
    } else {
        Role::Source
    }
}

/// Whether the first lines say that a program wrote the file, as `go generate` and Meta mark them.
fn says_generated(change: &FileChange) -> bool {
    // Who writes it into a file that was not generated does not get past the guard.
    let text = change.before.as_ref().or(change.after.as_ref());
    let head = text.map(|text| String::from_utf8_lossy(&text[..text.len().min(1000)]).into_owned()).unwrap_or_default();
    head.lines()
        .take(10)
        .any(|line| (line.contains("Code generated ") && line.contains("DO NOT EDIT")) || line.contains("@generated"))
}

/// The diff that changes fewer lines: each of the two ways of finding one is long-winded for some texts.
fn shorter(input: &InternedInput<&[u8]>) -> Diff {
    let lines = |diff: &Diff| diff.count_removals() + diff.count_additions();
    let by = |algorithm| {
        let mut diff = Diff::compute(algorithm, input);
        diff.postprocess_no_heuristic(input);
        diff
    };
    let (histogram, myers) = (by(Algorithm::Histogram), by(Algorithm::Myers));
    if lines(&myers) < lines(&histogram) { myers } else { histogram }
}

/// Where the code of two texts differs, blanks, comments and white space left out.
fn edits(before: &Text, after: &Text) -> Vec<Edit> {
    let rows = |text: &Text| (0..text.rows()).filter(|row| !text.code(*row).is_empty()).collect::<Vec<_>>();
    let (old_rows, new_rows) = (rows(before), rows(after));
    let mut input = InternedInput::default();
    input.update_before(old_rows.iter().map(|row| before.code(*row)));
    input.update_after(new_rows.iter().map(|row| after.code(*row)));
    let diff = shorter(&input);
    let pick = |rows: &[usize], range: Range<u32>| rows[range.start as usize..range.end as usize].to_vec();
    diff.hunks()
        .map(|hunk| Edit { removed: pick(&old_rows, hunk.before), added: pick(&new_rows, hunk.after) })
        .collect()
}
