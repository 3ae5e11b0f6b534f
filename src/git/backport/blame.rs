//! Which commit wrote what a fix changes.

use std::collections::{BTreeMap, HashSet};

use super::error::BackportError;
use super::fix::Fix;
use crate::git::Git;
use crate::git::oid::Oid;

/// The most lines and files that are looked at; more are no small fix.
const LINES: usize = 500;
const FILES: usize = 20;

/// A hunk of a diff without context.
#[derive(Debug, PartialEq, Eq)]
struct Hunk {
    /// The path before, and after; empty where there is none.
    old: String,
    new: String,
    /// The first line that is gone; where none is, the line before what is new.
    first: usize,
    /// The lines that are gone and not blank, by their number before.
    removed: Vec<usize>,
    /// How many lines are gone, blank ones included.
    gone: usize,
}

/// Who wrote a line, and in which file.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Written {
    commit: Oid,
    path: String,
}

/// Returns the one commit that wrote every line which the fix removes or changes, and those around what it
/// only adds; moved lines are followed to where they come from. Tests and documents are not looked at, nor are
/// new files.
///
/// `None` if there are several, or if the commit replaced others in the same file: what it replaced may have
/// had the same fault.
pub async fn origin(git: &Git, fix: &Fix) -> Result<Option<Oid>, BackportError> {
    let Some((base, tip)) = ends(fix) else { return Ok(None) };
    let mut wanted: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let Some(changed) = hunks(&diff(git, base, tip, "--no-renames").await?) else { return Ok(None) };
    for hunk in changed {
        if hunk.old.is_empty() || is_beside(&hunk.old) {
            continue;
        }
        let around = if hunk.gone == 0 { vec![hunk.first, hunk.first + 1] } else { hunk.removed };
        wanted.entry(hunk.old).or_default().extend(around);
    }
    wanted.retain(|_, lines| !lines.is_empty());
    if wanted.is_empty() || wanted.len() > FILES || wanted.values().map(Vec::len).sum::<usize>() > LINES {
        return Ok(None);
    }
    let mut written = HashSet::new();
    for (path, lines) in &wanted {
        let Some(found) = blame(git, base, path, lines).await? else { return Ok(None) };
        written.extend(found);
    }
    let commits: HashSet<Oid> = written.iter().map(|line| line.commit).collect();
    let [commit] = commits.into_iter().collect::<Vec<_>>()[..] else { return Ok(None) };
    let parents = git.run(["rev-parse", &format!("{commit}^@")]).await?;
    let [parent] = super::fix::oids(&parents)?[..] else { return Ok(None) };
    let Some(change) = hunks(&diff(git, parent, commit, "--find-copies").await?) else { return Ok(None) };
    let only_added = |line: &Written| {
        let mut here = change.iter().filter(|hunk| hunk.new == line.path).peekable();
        here.peek().is_some() && here.all(|hunk| hunk.gone == 0)
    };
    Ok(written.iter().all(only_added).then_some(commit))
}

/// Whether a path is that of a test or a document: what is changed there mends nothing.
fn is_beside(path: &str) -> bool {
    const WORDS: [&str; 10] =
        ["test", "tests", "testdata", "spec", "specs", "doc", "docs", "changelog", "readme", "md"];
    let lower = path.to_lowercase();
    let mut words = lower.split(|c: char| !c.is_ascii_alphanumeric());
    let name = path.rsplit('/').next().unwrap_or_default();
    let stem = name.split('.').next().unwrap_or_default();
    words.any(|word| WORDS.contains(&word)) || ["Test", "Tests", "Spec"].iter().any(|end| stem.ends_with(end))
}

/// The commits between which the fix is; `None` unless it is a line of commits.
fn ends(fix: &Fix) -> Option<(Oid, Oid)> {
    let first = fix.commits.first()?;
    let mainline = usize::try_from(first.mainline.unwrap_or(1)).ok()?.checked_sub(1)?;
    let is_line = fix.commits.windows(2).all(|pair| pair[1].parents == [pair[0].oid]);
    is_line.then_some(())?;
    Some((*first.parents.get(mainline)?, fix.commits.last()?.oid))
}

async fn diff(git: &Git, from: Oid, to: Oid, renames: &str) -> Result<String, BackportError> {
    let (from, to) = (from.to_string(), to.to_string());
    let forms = ["--no-ext-diff", "--no-textconv", "--no-color", "--unified=0", "--src-prefix=a/", "--dst-prefix=b/"];
    let args = ["diff-tree", "-r", "-p", renames].into_iter().chain(forms).chain([from.as_str(), to.as_str()]);
    let bytes = git.call(args).bytes().await?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Reads a diff without context; `None` where it has binary files, or names that git quotes.
fn hunks(diff: &str) -> Option<Vec<Hunk>> {
    let (mut old, mut new) = (String::new(), String::new());
    let mut found = Vec::new();
    let mut lines = diff.lines();
    while let Some(line) = lines.next() {
        if line.starts_with("Binary files ") || line.starts_with("--- \"") || line.starts_with("+++ \"") {
            return None;
        } else if let Some(path) = line.strip_prefix("--- a/") {
            old = path.trim_end_matches('\t').to_owned();
        } else if line.starts_with("--- ") {
            old.clear();
        } else if let Some(path) = line.strip_prefix("+++ b/") {
            new = path.trim_end_matches('\t').to_owned();
        } else if line.starts_with("+++ ") {
            new.clear();
        } else if let Some((first, gone, added)) = header(line) {
            // The lines of the hunk follow, as many as its header says: they may look like anything.
            let mut removed = Vec::new();
            for number in first..first + gone {
                let text = lines.next().unwrap_or_default();
                if !text.get(1..).unwrap_or_default().trim().is_empty() {
                    removed.push(number);
                }
            }
            let mut left = added;
            while left > 0 {
                match lines.next() {
                    Some(text) if text.starts_with('+') => left -= 1,
                    Some(_) => {}
                    None => break,
                }
            }
            found.push(Hunk { old: old.clone(), new: new.clone(), first, removed, gone });
        }
    }
    Some(found)
}

/// Reads `@@ -first,gone +N,added @@`: the first line that is gone, how many are, and how many are new.
fn header(line: &str) -> Option<(usize, usize, usize)> {
    let (before, after) = line.strip_prefix("@@ -")?.split_once(" @@")?.0.split_once(" +")?;
    let range = |text: &str| match text.split_once(',') {
        Some((first, count)) => Some((first.parse().ok()?, count.parse().ok()?)),
        None => Some((text.parse().ok()?, 1)),
    };
    let (first, gone) = range(before)?;
    Some((first, gone, range(after)?.1))
}

/// Returns who wrote these lines of a file; `None` where git can't say.
async fn blame(git: &Git, at: Oid, path: &str, lines: &[usize]) -> Result<Option<Vec<Written>>, BackportError> {
    let at = at.to_string();
    let ranges: Vec<String> = lines.iter().map(|line| format!("-L{line},{line}")).collect();
    let how = ["-c", "blame.ignoreRevsFile=", "blame", "--line-porcelain", "-w", "-M", "-C", "-C"];
    let args = how.into_iter().chain(ranges.iter().map(String::as_str)).chain([at.as_str(), "--", path]);
    let output = git.call(args).output().await?;
    if output.status != Some(0) {
        return Ok(None);
    }
    let found = written(&String::from_utf8_lossy(&output.stdout));
    Ok(Some(found).filter(|found| found.len() == lines.len()))
}

/// Reads `git blame --line-porcelain`: for each line its commit, facts, and the line after a tab.
fn written(porcelain: &str) -> Vec<Written> {
    let mut found = Vec::new();
    let mut commit: Option<Oid> = None;
    for line in porcelain.lines() {
        if line.starts_with('\t') {
            commit = None;
        } else if let Some(path) = line.strip_prefix("filename ") {
            found.extend(commit.map(|commit| Written { commit, path: path.to_owned() }));
        } else if commit.is_none() {
            commit = line.split(' ').next().and_then(|name| name.parse().ok());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hunk_is_as_long_as_its_header_says() {
        let diff = "diff --git a/x.py b/y.py\n--- a/x.py\n+++ b/y.py\n@@ -2,3 +2 @@ def f():\n--- a/not-a-header\n-\n-b\n+++ c\n\
                    @@ -9,0 +8,2 @@\n+d\n+e\n\\ No newline at end of file\ndiff --git a/z b/z\n--- a/z\n+++ /dev/null\n@@ -1 +0,0 @@\n-f\n";
        let read: Vec<_> =
            hunks(diff).unwrap().into_iter().map(|one| (one.old, one.new, one.first, one.removed, one.gone)).collect();
        let hunk = |old: &str, new: &str, first, removed: &[usize], gone| {
            (old.to_owned(), new.to_owned(), first, removed.to_vec(), gone)
        };
        assert_eq!(
            read,
            [hunk("x.py", "y.py", 2, &[2, 4], 3), hunk("x.py", "y.py", 9, &[], 0), hunk("z", "", 1, &[1], 1)]
        );
        assert!(hunks("diff --git a/x b/x\nBinary files a/x and b/x differ\n").is_none());
        assert!(hunks("--- \"a/\\t\"\n+++ \"b/\\t\"\n").is_none());
    }

    #[test]
    fn tests_and_documents_mend_nothing() {
        for (path, expected) in [
            ("tests/test_app.py", true),
            ("src/app.test.ts", true),
            ("src/PaymentTest.java", true),
            ("CHANGELOG.md", true),
            ("src/latest.rs", false),
            ("src/contest.py", false),
            ("src/Latest.java", false),
        ] {
            assert_eq!(is_beside(path), expected, "{path}");
        }
    }
}
