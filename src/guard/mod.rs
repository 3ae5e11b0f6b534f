//! The guard: is the fix minimal? Pure: what a diff changes and the policy, to violations.

use serde::Deserialize;

use crate::config::value::Pattern;
use crate::domain::step::Violation;

/// What the guard allows.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    pub lines_warn: usize,
    pub lines_block: usize,
    pub files_warn: usize,
    pub marker: String,
    pub regression_test: bool,
    pub tests: Vec<Pattern>,
    pub ignore: Vec<Pattern>,
}

/// What a fix does to one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileChange {
    pub path: String,
    /// The lines added, without their line breaks.
    pub added: Vec<String>,
    /// The lines taken away.
    pub removed: Vec<String>,
    pub binary: bool,
}

impl Policy {
    fn is_ignored(&self, path: &str) -> bool {
        self.ignore.iter().any(|pattern| pattern.matches(path))
    }

    /// Whether the change is to a test: by its path, or because what it adds is one (`#[test]` and
    /// the like stand in the source file in some languages).
    fn is_test(&self, change: &FileChange) -> bool {
        self.tests.iter().any(|pattern| pattern.matches(&change.path))
    }
}

/// Returns the rules of `policy` that `changes` break.
pub fn violations(policy: &Policy, changes: &[FileChange]) -> Vec<Violation> {
    let (tests, sources): (Vec<_>, Vec<_>) =
        changes.iter().filter(|change| !policy.is_ignored(&change.path)).partition(|change| policy.is_test(change));
    let mut violations = Vec::new();
    let mut add = |check: &str, blocks: bool, message: String| {
        violations.push(Violation { check: check.to_owned(), message, blocks, waived: false });
    };
    let lines: usize = sources.iter().map(|change| size(change)).sum();
    if lines > policy.lines_block {
        add("size", true, format!("{lines} lines changed besides tests; more than {} block", policy.lines_block));
    } else if lines > policy.lines_warn {
        add("size", false, format!("{lines} lines changed besides tests; {} or fewer are wanted", policy.lines_warn));
    }
    if sources.len() > policy.files_warn {
        add(
            "files",
            false,
            format!("{} source files changed; {} or fewer are wanted", sources.len(), policy.files_warn),
        );
    }
    if !policy.marker.is_empty() {
        for change in sources.iter().filter(|change| !change.binary && !change.added.is_empty()) {
            if !change.added.iter().any(|line| has_reason(line, &policy.marker)) {
                add(
                    "marker",
                    true,
                    format!("no added line of `{}` has a comment `{} reason`", change.path, policy.marker),
                );
            }
        }
    }
    let in_source = sources.iter().flat_map(|change| &change.added).any(|line| begins_test(line));
    if policy.regression_test && tests.is_empty() && !in_source && !sources.is_empty() {
        add("regression-test", true, "no test is added or changed".to_owned());
    }
    violations
}

/// The lines that count: the larger of added and removed, blank ones and tests inside left out.
fn size(change: &FileChange) -> usize {
    let count = |lines: &[String]| {
        let until_tests = lines.iter().take_while(|line| !begins_test(line));
        until_tests.filter(|line| !line.trim().is_empty()).count()
    };
    count(&change.added).max(count(&change.removed))
}

/// Whether a line begins a test that stands in its source file, as in Rust.
fn begins_test(line: &str) -> bool {
    matches!(line.trim(), "#[test]" | "#[cfg(test)]" | "#[tokio::test]")
}

fn has_reason(line: &str, marker: &str) -> bool {
    line.find(marker).is_some_and(|at| line[at + marker.len()..].chars().any(char::is_alphanumeric))
}

/// Returns what a patch changes, from `git diff --no-color --no-ext-diff --no-renames -U0 -z`'s
/// plain form without `-z`. Bytes that are no UTF-8 are replaced.
pub fn changes(patch: &[u8]) -> Vec<FileChange> {
    let mut changes: Vec<FileChange> = Vec::new();
    let mut hunk = (0usize, 0usize);
    for line in patch.split(|byte| *byte == b'\n') {
        let text = || String::from_utf8_lossy(&line[1..]).trim_end_matches('\r').to_owned();
        match (hunk, line.first(), changes.last_mut()) {
            ((removed @ 1.., added), Some(b'-'), Some(change)) => {
                hunk = (removed - 1, added);
                change.removed.push(text());
            }
            ((removed, added @ 1..), Some(b'+'), Some(change)) => {
                hunk = (removed, added - 1);
                change.added.push(text());
            }
            _ if line.starts_with(b"diff --git ") => {
                changes.push(FileChange { path: path_of(&line[11..]), ..FileChange::default() });
            }
            (_, Some(b'@'), Some(_)) => hunk = counts(line),
            (_, _, Some(change)) if line.starts_with(b"Binary files ") => change.binary = true,
            _ => {}
        }
    }
    changes
}

/// The path in `a/PATH b/PATH`, both the same as renames are not looked for.
fn path_of(names: &[u8]) -> String {
    let names = String::from_utf8_lossy(names);
    let names = names.trim_end_matches('\r').replace('"', "");
    names[..names.len() / 2].trim_start_matches("a/").to_owned()
}

/// The numbers of removed and added lines in `@@ -START,REMOVED +START,ADDED @@`.
fn counts(line: &[u8]) -> (usize, usize) {
    let line = String::from_utf8_lossy(line);
    let mut parts = line
        .split(' ')
        .skip(1)
        .take(2)
        .map(|part| part.split_once(',').map_or(1, |(_, count)| count.parse().unwrap_or(0)));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> Policy {
        Policy {
            lines_warn: 3,
            lines_block: 5,
            files_warn: 1,
            marker: "HOTFIX:".to_owned(),
            regression_test: true,
            tests: vec![Pattern::new("tests/**").unwrap()],
            ignore: vec![Pattern::new("*.md").unwrap()],
        }
    }

    fn change(path: &str, added: &[&str]) -> FileChange {
        let added = added.iter().map(|line| line.to_string()).collect();
        FileChange { path: path.to_owned(), added, ..FileChange::default() }
    }

    fn checks(changes: &[FileChange]) -> Vec<String> {
        let found = violations(&policy(), changes);
        found.iter().map(|found| format!("{} {}", found.check, if found.blocks { "blocks" } else { "warns" })).collect()
    }

    #[test]
    fn each_rule_alone() {
        let test = change("tests/a.rs", &["x"; 100]);
        let good = change("src/a.rs", &["// HOTFIX: because", "b", ""]);
        assert_eq!(checks(&[good.clone(), test.clone()]), [""; 0]);
        assert_eq!(checks(std::slice::from_ref(&good)), ["regression-test blocks"]);
        assert_eq!(checks(&[change("src/a.rs", &["// HOTFIX: x", "#[test]", "a", "b", "c", "d"])]), [""; 0]);
        assert_eq!(checks(&[change("src/a.rs", &["// HOTFIX:  "]), test.clone()]), ["marker blocks"]);
        assert_eq!(checks(&[change("src/a.rs", &["// HOTFIX: x", "a", "b", "c"]), test.clone()]), ["size warns"]);
        assert_eq!(checks(&[change("src/a.rs", &["// HOTFIX: x"; 6]), test.clone()]), ["size blocks"]);
        assert_eq!(checks(&[good.clone(), change("src/b.rs", &["// HOTFIX: x"]), test]), ["files warns"]);
        assert_eq!(checks(&[change("README.md", &["x"])]), [""; 0]);
    }

    #[test]
    fn a_patch_is_read_by_its_counts_not_by_its_looks() {
        let patch = "diff --git a/a b.txt b/a b.txt\nindex 1..2 100644\n--- a/a b.txt\n+++ b/a b.txt\n\
                     @@ -1,2 +1,3 @@ fn\n-+++ b/evil\n---\n+diff --git a/x b/x\n+@@ -1 +1 @@\n+\u{fffd}\r\n\
                     diff --git a/x.png b/x.png\nBinary files a/x.png and b/x.png differ\n";
        let changes = changes(patch.as_bytes());
        assert_eq!(changes.len(), 2);
        assert_eq!(changes[0].path, "a b.txt");
        assert_eq!(changes[0].removed, ["+++ b/evil", "--"]);
        assert_eq!(changes[0].added, ["diff --git a/x b/x", "@@ -1 +1 @@", "\u{fffd}"]);
        assert!(changes[1].binary);
    }
}
