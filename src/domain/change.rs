//! What a fix does to the files of a repository, with their contents.

use std::ops::Range;

use imara_diff::{Algorithm, Diff, InternedInput};

/// Every file that differs between two trees, by path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    pub files: Vec<FileChange>,
}

/// What a fix does to one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileChange {
    /// The path after the change; the path before, if the file is deleted.
    pub path: String,
    /// The path before, if it was another one.
    pub old_path: Option<String>,
    /// `None` if there was no file, or its content is not text of reasonable size (`content`).
    pub before: Option<Vec<u8>>,
    pub after: Option<Vec<u8>>,
    /// The file's modes in git, before and after; 0 if there is no file.
    pub modes: (u32, u32),
    pub content: Content,
    /// Where the texts differ, from the top; none if `content` is not text.
    pub hunks: Vec<Hunk>,
}

/// The kind of a file's content; the less readable one of the two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    Text,
    /// Has a NUL byte: git's own rule.
    Binary,
    /// More than `LARGEST` bytes; it was not read.
    Large,
    /// The commit of another repository.
    Submodule,
}

/// Lines that were replaced by others. Lines are counted from 0, ends excluded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hunk {
    pub before: Range<usize>,
    pub after: Range<usize>,
}

/// The most bytes of a file that are read: 16 MiB.
pub const LARGEST: u64 = 16 << 20;

/// How far into a file git looks for a NUL byte (buffer_is_binary in xdiff-interface.c).
const FIRST: usize = 8000;

impl FileChange {
    /// Returns the change of a file that keeps its path; `None` means that it does not exist.
    pub fn new(path: impl Into<String>, before: Option<Vec<u8>>, after: Option<Vec<u8>>) -> FileChange {
        let mode = |side: &Option<Vec<u8>>| if side.is_some() { 0o100_644 } else { 0 };
        let modes = (mode(&before), mode(&after));
        let binary =
            |side: &Option<Vec<u8>>| side.as_ref().is_some_and(|text| text[..text.len().min(FIRST)].contains(&0));
        let content = if binary(&before) || binary(&after) { Content::Binary } else { Content::Text };
        let hunks = match content {
            Content::Text => hunks(before.as_deref().unwrap_or_default(), after.as_deref().unwrap_or_default()),
            _ => Vec::new(),
        };
        FileChange { path: path.into(), old_path: None, before, after, modes, content, hunks }
    }

    /// Returns the change of a file whose content is not read.
    pub fn unread(path: impl Into<String>, content: Content) -> FileChange {
        FileChange { content, ..FileChange::new(path, None, None) }
    }

    /// The path before.
    pub fn old_path(&self) -> &str {
        self.old_path.as_deref().unwrap_or(&self.path)
    }

    pub fn is_new(&self) -> bool {
        self.modes.0 == 0
    }

    pub fn is_deleted(&self) -> bool {
        self.modes.1 == 0
    }

    /// The lines before, without their line breaks. Bytes that are not UTF-8 are kept.
    pub fn lines_before(&self) -> Vec<&[u8]> {
        lines(self.before.as_deref().unwrap_or_default())
    }

    /// The lines after.
    pub fn lines_after(&self) -> Vec<&[u8]> {
        lines(self.after.as_deref().unwrap_or_default())
    }
}

/// Returns the lines of a text, without their line breaks.
pub fn lines(text: &[u8]) -> Vec<&[u8]> {
    if text.is_empty() {
        return Vec::new();
    }
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    text.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line)).collect()
}

/// Returns where two texts differ, in lines, in time close to their length.
fn hunks(before: &[u8], after: &[u8]) -> Vec<Hunk> {
    let input = InternedInput::new(before, after);
    let mut diff = Diff::compute(Algorithm::Histogram, &input);
    diff.postprocess_lines(&input);
    let range = |lines: Range<u32>| lines.start as usize..lines.end as usize;
    diff.hunks().map(|hunk| Hunk { before: range(hunk.before), after: range(hunk.after) }).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Content, FileChange, Hunk, lines};

    #[test]
    fn hunks_are_lines() {
        let change = FileChange::new("a", Some(b"one\ntwo\nthree\n".to_vec()), Some(b"one\r\n2\nthree\nfour".to_vec()));
        assert_eq!(change.hunks, [Hunk { before: 0..2, after: 0..2 }, Hunk { before: 3..3, after: 3..4 }]);
        assert_eq!(change.lines_after(), [b"one" as &[u8], b"2", b"three", b"four"]);
        assert_eq!(FileChange::new("a", None, Some(b"\0".to_vec())).content, Content::Binary);
        assert_eq!(lines(b"\n\n").len(), 2);
        assert_eq!(lines(b"\n").len(), 1);
        assert!(lines(b"").is_empty());
    }

    proptest! {
        /// What is between the hunks is the same on both sides, and they have all that is not.
        #[test]
        fn hunks_leave_only_what_is_the_same(before in "([ab ]{0,2}\n){0,30}", after in "([ab ]{0,2}\n){0,30}") {
            let change = FileChange::new("a", Some(before.into_bytes()), Some(after.into_bytes()));
            let (before, after) = (change.lines_before(), change.lines_after());
            let (mut old, mut new) = (0, 0);
            for hunk in &change.hunks {
                prop_assert_eq!(&before[old..hunk.before.start], &after[new..hunk.after.start]);
                prop_assert!(!(hunk.before.is_empty() && hunk.after.is_empty()));
                (old, new) = (hunk.before.end, hunk.after.end);
            }
            prop_assert_eq!(&before[old..], &after[new..]);
        }
    }
}
