//! Bazel: the test targets that depend on the changed files, as the build itself knows them.

use super::ask::ask;
use super::{Question, Scope, Selection, name};
use crate::domain::proof::Confidence;

/// Files that define how targets are built: no target depends on them.
const BUILD: &[&str] = &["BUILD", "BUILD.bazel", "WORKSPACE", "WORKSPACE.bazel", "WORKSPACE.bzlmod", "MODULE.bazel"];

pub async fn select(question: &Question<'_>) -> Result<Selection, String> {
    if let Some(path) = question.changed.iter().find(|path| widens(path)) {
        return Ok(Selection::everything(format!("`{path}` may change how any target is built")));
    }
    let Some(query) = query(question.changed) else {
        return Ok(Selection::everything("a changed file has a name that a query can't have"));
    };
    // The query is longer than a command line may be.
    let file = tempfile::NamedTempFile::new().map_err(|error| error.to_string())?;
    std::fs::write(file.path(), query).map_err(|error| error.to_string())?;
    let file = format!("--query_file={}", file.path().display());
    let answer = ask(question, &["bazel", "query", &file, "--output=label", "--noshow_progress"], &[]).await?;
    let scope = Scope { packages: labels(&answer), ..Scope::default() };
    let reason = "the test targets that depend on the changed files, by `bazel query`".to_owned();
    Ok(Selection { scope, confidence: Confidence::High, reason })
}

/// Whether a file matters beyond the targets that name it: how targets are built, versions of external
/// dependencies, Bazel's own options.
fn widens(path: &str) -> bool {
    let name = name(path);
    BUILD.contains(&name) || name.ends_with(".bzl") || name.starts_with(".bazel") || name.contains("lock")
}

/// The query for the tests that depend on the files (the Bazel query reference). Nothing in quotes has a
/// meaning of its own there but the quote.
fn query(changed: &[String]) -> Option<String> {
    if changed.iter().any(|path| path.contains(['"', '\n', '\\'])) {
        return None;
    }
    let files: Vec<String> = changed.iter().map(|path| format!("\"{path}\"")).collect();
    Some(format!("tests(rdeps(//..., set({})))", files.join(" ")))
}

fn labels(answer: &str) -> std::collections::BTreeSet<String> {
    answer
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("//") || line.starts_with('@'))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_has_every_changed_file() {
        let paths = |paths: &[&str]| paths.iter().map(|path| (*path).to_owned()).collect::<Vec<_>>();
        let asked = query(&paths(&["money/cents.sh", "cart/a b.sh"]));
        assert_eq!(asked.as_deref(), Some("tests(rdeps(//..., set(\"money/cents.sh\" \"cart/a b.sh\")))"));
        assert_eq!(query(&paths(&["a\") + //...("])), None);
        for path in ["BUILD", "a/BUILD.bazel", "MODULE.bazel.lock", "maven_install.lock.json", "x/defs.bzl", ".bazelrc"]
        {
            assert!(widens(path), "{path}");
        }
        assert!(!widens("money/cents.sh"));
    }

    #[test]
    fn labels_are_all_that_is_read() {
        let answer = "//money:cents_test\nLoading: 0 packages loaded\n//cart:cart_test\n";
        assert_eq!(labels(answer).into_iter().collect::<Vec<_>>(), ["//cart:cart_test", "//money:cents_test"]);
    }
}
