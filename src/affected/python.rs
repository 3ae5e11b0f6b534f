//! Python: the tests that import the changed modules, directly or through others. Ruff knows the
//! imports best; without it they are read from the sources.

use std::collections::{BTreeMap, BTreeSet};

use super::ask::ask;
use super::graph::{Dependents, reached};
use super::{Question, Scope, Selection, files, name};
use crate::domain::proof::Confidence;

pub async fn select(question: &Question<'_>) -> Result<Selection, String> {
    if let Some(path) = question.changed.iter().find(|path| widens(path)) {
        return Ok(Selection::everything(format!("imports do not lead from `{path}` to its tests")));
    }
    let (importers, confidence, how) = match by_ruff(question).await {
        Ok(importers) => (importers, Confidence::Medium, "by `ruff analyze graph`"),
        Err(_) => (by_reading(question), Confidence::Low, "read from the sources, as ruff is not installed"),
    };
    let reached = reached(question.changed.iter().cloned(), &importers);
    let tests = reached.into_iter().filter(|file| is_test_file(question, file)).collect();
    let scope = Scope { files: tests, ..Scope::default() };
    Ok(Selection { scope, confidence, reason: format!("the tests that import the changed files, {how}") })
}

fn is_test_file(question: &Question<'_>, file: &str) -> bool {
    // What pytest collects by default; support files of tests are no tests.
    let name = name(file);
    (question.is_test)(file) && (name.starts_with("test_") || name.ends_with("_test.py"))
}

/// A plugin, or a file that is no module: no import leads from it to tests.
fn widens(path: &str) -> bool {
    !path.ends_with(".py") || matches!(name(path), "conftest.py" | "setup.py" | "noxfile.py")
}

async fn by_ruff(question: &Question<'_>) -> Result<Dependents, String> {
    let answer = ask(question, &["ruff", "analyze", "graph", "--direction", "dependents", "."], &[]).await?;
    serde_json::from_str(&answer).map_err(|error| error.to_string())
}

/// Who imports whom, by the import statements: a module is found by the end of its path, so that a
/// source directory may have any name. Too many is safe, too few is not.
fn by_reading(question: &Question<'_>) -> Dependents {
    let all = files(question.directory, &[".py"]);
    let mut by_name: BTreeMap<&str, Vec<&String>> = BTreeMap::new();
    for file in &all {
        by_name.entry(module_name(file)).or_default().push(file);
    }
    let mut importers = Dependents::new();
    for file in &all {
        let text = std::fs::read(question.directory.join(file)).unwrap_or_default();
        for name in imported(&String::from_utf8_lossy(&text)) {
            for module in by_name.get(name.as_str()).into_iter().flatten() {
                importers.entry((*module).clone()).or_default().insert(file.clone());
            }
        }
    }
    importers
}

/// The last part of a module's name: `b` of a/b.py and of a/b/__init__.py.
fn module_name(file: &str) -> &str {
    let stem = file.trim_end_matches(".py").trim_end_matches("/__init__");
    name(stem)
}

/// Every name that an import statement of the text mentions, dots taken apart.
fn imported(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut in_brackets = false;
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or_default().trim();
        let begins = line.starts_with("import ") || line.starts_with("from ");
        if begins || in_brackets {
            let words = line.split(|c: char| !(c.is_alphanumeric() || c == '_'));
            names.extend(words.filter(|word| !word.is_empty()).map(str::to_owned));
            in_brackets = (in_brackets || line.contains('(')) && !line.contains(')');
        }
    }
    names
}
