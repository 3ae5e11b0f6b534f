//! Which tests a change can break: an adapter for each way to know. An empty or failed selection
//! widens to all tests; it never passes for "nothing to run".

pub mod ask;
pub mod bazel;
pub mod go;
pub mod graph;
pub mod javascript;
pub mod jvm;
pub mod named;
pub mod nx;
pub mod python;
pub mod rust;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use crate::domain::proof::{Confidence, Selected};
use crate::process::sandbox::Confinement;
use crate::value::{CommandLine, Length, Pattern};

/// How tests are selected: the [affected] part of the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// What knows the project better than the runner of its tests.
    pub by: Option<By>,
    pub smoke: Vec<String>,
    pub map: Vec<Mapping>,
    pub full: Option<CommandLine>,
    pub limit: Length,
}

/// A build system that knows what depends on what, in any language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    Bazel,
    Nx,
}

/// Tests that belong to paths.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    pub paths: Vec<Pattern>,
    pub tests: Vec<String>,
}

/// Tests to run, in the terms of their runner.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    pub everything: bool,
    /// Crates, as `./path#name` or by a name that the project gives; Go packages as `./path`; modules, Bazel's
    /// labels, Nx's projects.
    pub packages: BTreeSet<String>,
    /// Files of tests.
    pub files: BTreeSet<String>,
    /// Sources whose tests the runner finds by itself.
    pub related: BTreeSet<String>,
    /// Of all these tests only those with these names, for a runner that takes names; all where there are none.
    pub names: BTreeSet<String>,
}

/// What was selected, and how sure that is.
#[derive(Clone, Debug, PartialEq)]
pub struct Selection {
    pub scope: Scope,
    pub confidence: Confidence,
    pub reason: String,
}

/// How the tests of a change are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Cargo,
    Python,
    JavaScript,
    Go,
    Jvm,
    Bazel,
    Nx,
    /// By names alone.
    Names,
    /// Not at all: all tests are run.
    Everything,
}

/// The change whose tests are looked for.
pub struct Question<'a> {
    /// The project, in a clean tree with the whole fix.
    pub directory: &'a Path,
    /// The changed files below it, tests included.
    pub changed: &'a [String],
    /// Those of them that have tests.
    pub tests: &'a [String],
    pub is_test: &'a (dyn Fn(&str) -> bool + Sync),
    pub environment: &'a [(String, String)],
    /// For commands that are asked.
    pub limit: Duration,
    /// What holds them.
    pub confinement: Option<&'a Confinement>,
}

impl Selection {
    pub fn everything(reason: impl Into<String>) -> Selection {
        let scope = Scope { everything: true, ..Scope::default() };
        Selection { scope, confidence: Confidence::High, reason: reason.into() }
    }

    /// What the journal keeps of it.
    pub fn selected(&self) -> Selected {
        Selected { what: self.scope.words(), confidence: self.confidence, reason: self.reason.clone() }
    }
}

impl Scope {
    pub fn is_empty(&self) -> bool {
        !self.everything && self.packages.is_empty() && self.files.is_empty() && self.related.is_empty()
    }

    /// The part of it that exists in a directory: a tree before the fix has no new files.
    #[must_use]
    pub fn within(&self, directory: &Path) -> Scope {
        let is_there = |path: &&String| directory.join(path.split('#').next().unwrap_or(path)).exists();
        Scope {
            everything: self.everything,
            packages: self.packages.iter().filter(|name| !name.starts_with("./") || is_there(name)).cloned().collect(),
            files: self.files.iter().filter(is_there).cloned().collect(),
            related: self.related.iter().filter(is_there).cloned().collect(),
            names: self.names.clone(),
        }
    }

    /// Whether a test of this name is wanted, as far as names decide.
    pub fn has_test(&self, name: &str) -> bool {
        self.names.is_empty() || self.names.contains(name)
    }

    /// The scope in words.
    pub fn words(&self) -> String {
        let count = |number: usize, thing: &str| match number {
            0 => None,
            1 => Some(format!("1 {thing}")),
            _ => Some(format!("{number} {thing}s")),
        };
        let parts = [
            count(self.packages.len(), "package"),
            count(self.files.len(), "test file"),
            count(self.related.len(), "source").map(|sources| format!("the tests of {sources}")),
        ];
        match self.everything {
            true => "all tests".to_owned(),
            false => parts.into_iter().flatten().collect::<Vec<_>>().join(", "),
        }
    }
}

/// hotfix's own settings, which no test reads.
const SETTINGS: &str = "hotfix.toml";

/// Returns the tests that the change can break, with the changed tests, those that the project maps
/// to the changed paths, and its smoke set.
pub async fn select(method: Method, question: &Question<'_>, policy: &Policy) -> Selection {
    let changed: Vec<String> = question.changed.iter().filter(|path| *path != SETTINGS).cloned().collect();
    let question = &Question { changed: &changed, ..*question };
    let method = match policy.by {
        Some(By::Bazel) => Method::Bazel,
        Some(By::Nx) => Method::Nx,
        None => method,
    };
    let found = match method {
        Method::Cargo => rust::select(question).await,
        Method::Python => python::select(question).await,
        Method::JavaScript => Ok(javascript::select(question)),
        Method::Go => go::select(question).await,
        Method::Jvm => Ok(jvm::select(question)),
        Method::Bazel => bazel::select(question).await,
        Method::Nx => nx::select(question).await,
        Method::Names => Ok(named::select(question)),
        Method::Everything => Ok(Selection::everything("this runner always runs all of them")),
    };
    let mut selection = match found {
        Ok(selection) if selection.scope.is_empty() => {
            Selection::everything(format!("{}; no test was found, so all are run", selection.reason))
        }
        Ok(selection) => selection,
        Err(reason) => Selection::everything(format!("the selection failed, so all are run: {reason}")),
    };
    let mapped = policy.map.iter().filter(|mapping| mapping.fits(question.changed)).flat_map(|mapping| &mapping.tests);
    for test in policy.smoke.iter().chain(mapped) {
        // Crates and modules are packages, anything else is a file.
        match method {
            Method::Cargo | Method::Go | Method::Jvm | Method::Bazel | Method::Nx => {
                selection.scope.packages.insert(test.clone())
            }
            _ => selection.scope.files.insert(test.clone()),
        };
    }
    if matches!(method, Method::Python | Method::JavaScript | Method::Names) {
        selection.scope.files.extend(question.tests.iter().cloned());
    }
    if selection.scope.everything {
        selection.scope = Scope { everything: true, ..Scope::default() };
    }
    selection
}

impl Mapping {
    fn fits(&self, changed: &[String]) -> bool {
        changed.iter().any(|path| self.paths.iter().any(|pattern| pattern.matches(path)))
    }
}

/// The last part of a path.
fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Every file below a directory whose name has one of these endings, as paths relative to it, for
/// small selections of a project's own files; hidden and installed ones are left out.
fn files(directory: &Path, endings: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![directory.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            let kind = entry.file_type();
            let is_own = !name.starts_with('.') && !INSTALLED.contains(&name.as_str());
            if is_own && kind.as_ref().is_ok_and(std::fs::FileType::is_dir) {
                folders.push(path);
            } else if is_own
                && kind.is_ok_and(|kind| kind.is_file())
                && endings.iter().any(|end| name.ends_with(end))
                && let Ok(path) = path.strip_prefix(directory)
            {
                found.push(path.to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    found
}

const INSTALLED: &[&str] = &["node_modules", "venv", "vendor", "target", "__pycache__", "site-packages"];

#[cfg(test)]
mod tests;
