//! Takes a fix apart: what of it is tests, and what is the source that they test. Pure.

use std::collections::BTreeMap;
use std::ops::Range;

use super::inline::test_lines;
use crate::domain::change::{Change, Content, FileChange, Hunk};
use crate::git::entries::{Becomes, Changed, Edit};

/// A fix by its files, each with its tests apart from its source.
#[derive(Debug)]
pub struct Split<'a> {
    files: Vec<File<'a>>,
}

#[derive(Debug)]
struct File<'a> {
    changed: &'a Changed,
    path: String,
    kind: Kind,
    /// The texts, where the file is source before and after.
    texts: Option<Texts<'a>>,
}

/// What a file is, by the project's patterns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Test,
    Source,
    /// Documents, lock files and the like: part of the fix, but not of what is proven.
    Neither,
}

#[derive(Debug)]
struct Texts<'a> {
    change: &'a FileChange,
    before: Lines<'a>,
    after: Lines<'a>,
}

/// The lines of a text, each with its line break, and whether it is of a test.
#[derive(Debug)]
struct Lines<'a>(Vec<(&'a [u8], bool)>);

/// A piece of the source that can be left out of the fix alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub path: String,
    /// The first line of it, from 1; `None` for a whole file.
    pub line: Option<usize>,
    /// By its place in the lists of files and hunks.
    place: (usize, Option<usize>),
}

/// Which side's lines are taken, of a hunk's source and of its tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Before,
    After,
}

/// Returns the fix taken apart; `kind` is the kind of a path.
pub fn split<'a>(changed: &'a [Changed], change: &'a Change, kind: impl Fn(&str) -> Kind) -> Split<'a> {
    let texts: BTreeMap<&str, &FileChange> = change
        .files
        .iter()
        .filter(|file| file.content == Content::Text && file.old_path.is_none() && !file.is_new() && !file.is_deleted())
        .map(|file| (file.path.as_str(), file))
        .collect();
    let files = changed.iter().map(|changed| {
        let path = String::from_utf8_lossy(&changed.path).into_owned();
        let kind = kind(&path);
        let modes_alike = changed.before.map(|entry| entry.mode) == changed.after.map(|entry| entry.mode);
        let text = texts.get(path.as_str()).filter(|_| kind == Kind::Source && modes_alike);
        File { changed, kind, texts: text.map(|change| Texts::new(change)), path }
    });
    Split { files: files.collect() }
}

impl Split<'_> {
    /// Whether the fix adds or changes a test.
    pub fn has_tests(&self) -> bool {
        self.files.iter().any(|file| match &file.texts {
            None => file.kind == Kind::Test && file.changed.after.is_some(),
            Some(texts) => texts.hunks().any(|(_, hunk)| texts.has_test(hunk)),
        })
    }

    /// Whether the fix changes anything besides tests and documents.
    pub fn has_source(&self) -> bool {
        !self.sources().is_empty()
    }

    /// The paths of the files that have source in the fix.
    pub fn sources(&self) -> Vec<&str> {
        let has_source = |file: &&File| match &file.texts {
            None => file.kind == Kind::Source,
            Some(texts) => texts.hunks().any(|(_, hunk)| texts.has_source(hunk)),
        };
        self.files.iter().filter(has_source).map(|file| file.path.as_str()).collect()
    }

    /// The paths of the files that have tests in the fix.
    pub fn tests(&self) -> Vec<&str> {
        let has_tests = |file: &&File| match &file.texts {
            None => file.kind == Kind::Test && file.changed.after.is_some(),
            Some(texts) => texts.hunks().any(|(_, hunk)| texts.has_test(hunk)),
        };
        self.files.iter().filter(has_tests).map(|file| file.path.as_str()).collect()
    }

    /// Returns what makes of production's tree the one with the fix's tests, but not its source.
    pub fn with_tests(&self) -> Vec<Edit> {
        let edits = self.files.iter().filter_map(|file| {
            let becomes = match &file.texts {
                None if file.kind == Kind::Test => file.changed.after.map_or(Becomes::Nothing, Becomes::Entry),
                Some(texts) if texts.hunks().any(|(_, hunk)| texts.touches_tests(hunk)) => {
                    let content = texts.composed(|_| (Side::Before, Side::After));
                    Becomes::File(file.changed.before?.mode, content)
                }
                _ => return None,
            };
            Some(Edit { path: file.changed.path.clone(), becomes })
        });
        edits.collect()
    }

    /// The pieces of the source, comments and blank lines left out.
    pub fn parts(&self) -> Vec<Part> {
        let mut parts = Vec::new();
        for (index, file) in self.files.iter().enumerate().filter(|(_, file)| file.kind == Kind::Source) {
            let Some(texts) = &file.texts else {
                parts.push(Part { path: file.path.clone(), line: None, place: (index, None) });
                continue;
            };
            for (number, hunk) in texts.hunks().filter(|(_, hunk)| texts.has_code(hunk)) {
                let (path, line) = (file.path.clone(), Some(hunk.after.start + 1));
                parts.push(Part { path, line, place: (index, Some(number)) });
            }
        }
        parts
    }

    /// Returns what makes of the fix's tree the one without this piece.
    pub fn without(&self, part: &Part) -> Edit {
        let file = &self.files[part.place.0];
        let becomes = match (&file.texts, part.place.1) {
            (Some(texts), Some(dropped)) => {
                let side = |number| if number == dropped { Side::Before } else { Side::After };
                let content = texts.composed(|number| (side(number), Side::After));
                Becomes::File(file.changed.after.map_or(0o100_644, |entry| entry.mode), content)
            }
            _ => file.changed.before.map_or(Becomes::Nothing, Becomes::Entry),
        };
        Edit { path: file.changed.path.clone(), becomes }
    }
}

impl<'a> Texts<'a> {
    fn new(change: &'a FileChange) -> Texts<'a> {
        let lines = |text: &'a Option<Vec<u8>>| Lines::of(&change.path, text.as_deref().unwrap_or_default());
        Texts { change, before: lines(&change.before), after: lines(&change.after) }
    }

    fn hunks(&self) -> impl Iterator<Item = (usize, &'a Hunk)> + use<'a> {
        self.change.hunks.iter().enumerate()
    }

    fn before(&self, hunk: &Hunk, test: bool) -> Vec<&'a [u8]> {
        self.before.picked(&hunk.before, test)
    }

    fn after(&self, hunk: &Hunk, test: bool) -> Vec<&'a [u8]> {
        self.after.picked(&hunk.after, test)
    }

    fn touches_tests(&self, hunk: &Hunk) -> bool {
        !self.before(hunk, true).is_empty() || !self.after(hunk, true).is_empty()
    }

    /// Whether the hunk has lines of tests with the fix.
    fn has_test(&self, hunk: &Hunk) -> bool {
        self.after(hunk, true).iter().any(|line| !line.trim_ascii().is_empty())
    }

    fn has_source(&self, hunk: &Hunk) -> bool {
        let lines = [self.before(hunk, false), self.after(hunk, false)].concat();
        lines.iter().any(|line| !line.trim_ascii().is_empty())
    }

    fn has_code(&self, hunk: &Hunk) -> bool {
        let lines = [self.before(hunk, false), self.after(hunk, false)].concat();
        lines.iter().any(|line| !line.trim_ascii().is_empty() && !is_comment(&self.change.path, line.trim_ascii()))
    }

    /// The text with, of each hunk's source and tests, the lines of the side that `sides` has for it.
    /// Where the two differ in that, the source comes first, as tests end a file.
    fn composed(&self, sides: impl Fn(usize) -> (Side, Side)) -> Vec<u8> {
        let mut text = Vec::new();
        let mut at = 0;
        for (number, hunk) in self.hunks() {
            push(&mut text, self.before.all(at..hunk.before.start));
            at = hunk.before.end;
            match sides(number) {
                (Side::Before, Side::Before) => push(&mut text, self.before.all(hunk.before.clone())),
                (Side::After, Side::After) => push(&mut text, self.after.all(hunk.after.clone())),
                (Side::Before, Side::After) => {
                    push(&mut text, self.before(hunk, false).into_iter().chain(self.after(hunk, true)));
                }
                (Side::After, Side::Before) => {
                    push(&mut text, self.after(hunk, false).into_iter().chain(self.before(hunk, true)));
                }
            }
        }
        push(&mut text, self.before.all(at..self.before.0.len()));
        text
    }
}

/// Appends lines; one that ended its file without a line break gets one, if another follows it.
fn push<'a>(text: &mut Vec<u8>, lines: impl Iterator<Item = &'a [u8]>) {
    for line in lines {
        if text.last().is_some_and(|last| *last != b'\n') {
            text.push(b'\n');
        }
        text.extend_from_slice(line);
    }
}

impl<'a> Lines<'a> {
    fn of(path: &str, text: &'a [u8]) -> Lines<'a> {
        let mut lines: Vec<_> = text.split_inclusive(|byte| *byte == b'\n').map(|line| (line, false)).collect();
        for tests in test_lines(path, text) {
            let end = tests.end.min(lines.len());
            lines[tests.start.min(end)..end].iter_mut().for_each(|line| line.1 = true);
        }
        Lines(lines)
    }

    fn all(&self, range: Range<usize>) -> impl Iterator<Item = &'a [u8]> {
        self.0[range].iter().map(|(line, _)| *line)
    }

    /// The lines of `range` that are of tests, or those that are not.
    fn picked(&self, range: &Range<usize>, test: bool) -> Vec<&'a [u8]> {
        self.0[range.clone()].iter().filter(|line| line.1 == test).map(|(line, _)| *line).collect()
    }
}

/// Whether a line, trimmed, starts as a comment.
fn is_comment(path: &str, line: &[u8]) -> bool {
    let ending = path.rsplit('.').next().unwrap_or_default();
    let marks: &[&[u8]] = match ending {
        "py" | "rb" | "sh" | "yml" | "yaml" | "toml" | "tf" => &[b"#"],
        "sql" | "lua" | "hs" => &[b"--"],
        _ => &[b"//", b"/*", b"*/", b"* "],
    };
    marks.iter().any(|mark| line.starts_with(mark))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::oid::Format;
    use crate::git::tree::Entry;

    fn entry(text: &str) -> Entry {
        Entry { mode: 0o100_644, oid: Format::Sha1.hash(&[text.as_bytes()]) }
    }

    fn files(files: &[(&str, &str, &str)]) -> (Vec<Changed>, Change) {
        let side = |text: &str| (!text.is_empty()).then(|| text.as_bytes().to_vec());
        let changed = files.iter().map(|(path, before, after)| Changed {
            path: path.as_bytes().to_vec(),
            before: side(before).map(|_| entry(before)),
            after: side(after).map(|_| entry(after)),
        });
        let change = files.iter().map(|(path, before, after)| FileChange::new(*path, side(before), side(after)));
        (changed.collect(), Change { files: change.collect() })
    }

    fn kind(path: &str) -> Kind {
        match path {
            _ if path.starts_with("tests/") => Kind::Test,
            _ if path.ends_with(".md") => Kind::Neither,
            _ => Kind::Source,
        }
    }

    fn text(edit: &Edit) -> String {
        match &edit.becomes {
            Becomes::File(_, text) => String::from_utf8_lossy(text).into_owned(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn files_are_told_apart_by_their_paths() {
        let (changed, change) = files(&[
            ("README.md", "a\n", "b\n"),
            ("src/a.py", "a\nx\nb\n", "A\nx\n# why\nB\n"),
            ("tests/new.py", "", "t\n"),
            ("tests/old.py", "t\n", ""),
        ]);
        let split = split(&changed, &change, kind);
        assert!(split.has_tests() && split.has_source());
        assert_eq!((split.sources(), split.tests()), (vec!["src/a.py"], vec!["tests/new.py"]));
        let edits = split.with_tests();
        assert_eq!(
            edits.iter().map(|edit| &edit.becomes).collect::<Vec<_>>(),
            [&Becomes::Entry(entry("t\n")), &Becomes::Nothing]
        );
        let parts = split.parts();
        assert_eq!(parts.iter().map(|part| part.line).collect::<Vec<_>>(), [Some(1), Some(3)]);
        assert_eq!(text(&split.without(&parts[0])), "a\nx\n# why\nB\n");
        assert_eq!(text(&split.without(&parts[1])), "A\nx\nb\n");
    }

    #[test]
    fn tests_inside_a_source_are_told_from_it() {
        let before = "fn a() { 1 }\n\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn old() {}\n}\n";
        let after = "// HOTFIX: two\nfn a() { 2 }\n\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn old() {}\n    #[test]\n    fn new() {}\n}\n";
        let (changed, change) = files(&[("src/a.rs", before, after)]);
        let split = split(&changed, &change, kind);
        let with_tests = after.replace("// HOTFIX: two\nfn a() { 2 }", "fn a() { 1 }");
        assert_eq!(text(&split.with_tests()[0]), with_tests);
        let parts = split.parts();
        assert_eq!(parts.len(), 1);
        assert_eq!(text(&split.without(&parts[0])), with_tests);
    }

    #[test]
    fn source_and_tests_in_one_hunk_are_parted() {
        let (changed, change) = files(&[("src/a.rs", "fn a() {}", "fn b() {}\n#[test]\nfn t() {}\n")]);
        let split = split(&changed, &change, kind);
        assert_eq!(text(&split.with_tests()[0]), "fn a() {}\n#[test]\nfn t() {}\n");
    }

    #[test]
    fn a_whole_file_is_one_part() {
        let (changed, change) = files(&[("src/new.py", "", "a\n"), ("src/gone.py", "a\n", "")]);
        let split = split(&changed, &change, kind);
        assert!(!split.has_tests());
        let without: Vec<_> = split.parts().iter().map(|part| split.without(part).becomes).collect();
        assert_eq!(without, [Becomes::Nothing, Becomes::Entry(entry("a\n"))]);
    }
}
