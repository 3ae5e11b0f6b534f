//! Rust: the changed crates, and all that depend on them. A crate is named by its directory and its own name, as
//! `./crates/money#money`: another one in the graph may have the name too.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::ask::ask;
use super::graph::{Dependents, owner, reached};
use super::{Question, Scope, Selection, name};
use crate::domain::proof::Confidence;

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: PathBuf,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    path: Option<PathBuf>,
}

pub async fn select(question: &Question<'_>) -> Result<Selection, String> {
    if let Some(path) = question.changed.iter().find(|path| widens(path)) {
        return Ok(Selection::everything(format!("`{path}` may change what any crate is built of")));
    }
    let packages = packages(question).await?;
    if packages.len() == 1 {
        return Ok(Selection::everything("there is one crate"));
    }
    let (mut crates, mut tested) = (BTreeSet::new(), BTreeSet::new());
    for path in question.changed {
        let owner = owner(path, packages.keys()).ok_or_else(|| format!("`{path}` is of no crate"))?.clone();
        // What a crate's tests read, such as a snapshot, is nothing to those that depend on it.
        let is_read_by_tests = !path.ends_with(".rs") && (question.is_test)(path);
        if is_read_by_tests {
            tested.insert(owner)
        } else {
            crates.insert(owner)
        };
    }
    let name = |directory: &String| packages.get(directory).map(|package| package.name.clone());
    let named = |directory: &String| Some(format!("./{directory}#{}", name(directory)?));
    let changed: Vec<_> = crates.union(&tested).filter_map(name).collect();
    let mut dependents = Dependents::new();
    for (directory, package) in &packages {
        for path in package.dependencies.iter().filter_map(|dependency| dependency.path.as_ref()) {
            dependents.entry(below(question, path)).or_default().insert(directory.clone());
        }
    }
    let names = reached(crates, &dependents).union(&tested).filter_map(named).collect();
    let scope = Scope { packages: names, ..Scope::default() };
    let reason = format!("crate {} changes; these depend on it", changed.join(", "));
    // Sources of any crate may include another file.
    let all_sources = question.changed.iter().all(|path| path.ends_with(".rs"));
    let confidence = if all_sources { Confidence::High } else { Confidence::Medium };
    Ok(Selection { scope, confidence, reason })
}

/// Whether a file may change what crates are built of that do not depend on its own: a build script, a manifest, or
/// a setting of cargo's.
fn widens(path: &str) -> bool {
    let is_build =
        matches!(name(path), "build.rs" | "Cargo.toml" | "Cargo.lock" | "rust-toolchain" | "rust-toolchain.toml");
    is_build || path.split('/').any(|part| part == ".cargo")
}

/// The workspace's crates by their directories.
async fn packages(question: &Question<'_>) -> Result<BTreeMap<String, Package>, String> {
    let answer = ask(question, &["cargo", "metadata", "--no-deps", "--format-version=1"], &[]).await?;
    let metadata: Metadata = serde_json::from_str(&answer).map_err(|error| error.to_string())?;
    let by_directory = metadata.packages.into_iter().filter_map(|package| {
        let directory = below(question, package.manifest_path.parent()?);
        Some((directory, package))
    });
    Ok(by_directory.collect())
}

/// The directory relative to the project's own; unchanged where it is elsewhere.
fn below(question: &Question<'_>, directory: &Path) -> String {
    directory.strip_prefix(question.directory).unwrap_or(directory).display().to_string()
}
