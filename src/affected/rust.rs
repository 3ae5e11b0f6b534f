//! Rust: the changed crates, and all that depend on them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::Deserialize;

use super::{Question, Scope, Selection, name};
use crate::domain::proof::Confidence;
use crate::process::{self, Output, Spec, TAIL};

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
    let mut crates = BTreeSet::new();
    for path in question.changed {
        let path = question.directory.join(path);
        let owners = packages.iter().filter(|(directory, _)| path.starts_with(directory));
        let owner = owners.max_by_key(|(directory, _)| directory.as_os_str().len());
        crates.insert(owner.ok_or_else(|| format!("`{}` is of no crate", path.display()))?.0.clone());
    }
    let changed: Vec<_> = crates.iter().filter_map(|directory| Some(packages.get(directory)?.name.clone())).collect();
    // Whatever depends on one of them, until there are no more.
    loop {
        let more: Vec<_> = packages
            .iter()
            .filter(|(directory, package)| {
                let needs =
                    |dependency: &Dependency| dependency.path.as_ref().is_some_and(|path| crates.contains(path));
                !crates.contains(*directory) && package.dependencies.iter().any(needs)
            })
            .map(|(directory, _)| directory.clone())
            .collect();
        if more.is_empty() {
            break;
        }
        crates.extend(more);
    }
    let names = crates.iter().filter_map(|directory| Some(packages.get(directory)?.name.clone())).collect();
    let scope = Scope { packages: names, ..Scope::default() };
    let reason = format!("crate {} changes; these depend on it", changed.join(", "));
    Ok(Selection { scope, confidence: Confidence::High, reason })
}

/// Whether a file has a say beyond its own crate's sources: a build script, a manifest, or a file
/// that may be included.
fn widens(path: &str) -> bool {
    !path.ends_with(".rs") || name(path) == "build.rs"
}

/// The workspace's crates by their directories.
async fn packages(question: &Question<'_>) -> Result<BTreeMap<PathBuf, Package>, String> {
    let mut file = tempfile::NamedTempFile::new().map_err(|error| error.to_string())?;
    let spec = Spec {
        arguments: ["cargo", "metadata", "--no-deps", "--format-version=1"].map(str::to_owned).to_vec(),
        directory: question.directory.to_owned(),
        environment: question.environment.to_vec(),
        limit: question.limit,
    };
    let stdout = Some(file.reopen().map_err(|error| error.to_string())?);
    let ended = process::run_into(spec, Output { stdout, keep: TAIL }).await;
    if !ended.succeeded() {
        return Err(format!("`cargo metadata`: {}", ended.words()));
    }
    let metadata: Metadata = serde_json::from_reader(file.as_file_mut()).map_err(|error| error.to_string())?;
    let by_directory = metadata.packages.into_iter().filter_map(|package| {
        let directory = package.manifest_path.parent()?.to_owned();
        Some((directory, package))
    });
    Ok(by_directory.collect())
}
