//! The labels: what a careful reviewer finds, by the definitions of docs/guard.md.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use hotfix::domain::change::{Change, FileChange};
use hotfix::git::{Git, change};
use serde::Deserialize;

/// Commits of public repositories, by name only.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Commits {
    /// The repositories whose commits nobody tunes on.
    held_back: BTreeSet<String>,
    commit: Vec<Commit>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Commit {
    repository: String,
    commit: String,
    finds: BTreeSet<String>,
    /// Checks about which two reviewers could differ; they are not counted.
    #[serde(default)]
    unsure: BTreeSet<String>,
}

/// Changes of our own, in full.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Patches {
    patch: Vec<Patch>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Patch {
    name: String,
    finds: BTreeSet<String>,
    file: Vec<Text>,
}

/// A file before and after; an empty text stands for "is not there".
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    path: String,
    before: String,
    after: String,
}

/// Where a labelled change comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Group {
    Own,
    Tuned,
    HeldBack,
}

/// A change, and what is to be found in it.
pub struct Labelled {
    pub name: String,
    pub group: Group,
    pub change: Change,
    pub finds: BTreeSet<String>,
    pub unsure: BTreeSet<String>,
}

/// Returns the changes of our own.
pub fn own() -> Vec<Labelled> {
    let patches: Patches = toml::from_str(include_str!("patches.toml")).expect("patches.toml is read");
    let labelled = |patch: Patch| Labelled {
        name: patch.name,
        group: Group::Own,
        change: Change { files: patch.file.into_iter().map(file).collect() },
        finds: patch.finds,
        unsure: BTreeSet::new(),
    };
    patches.patch.into_iter().map(labelled).collect()
}

fn file(text: Text) -> FileChange {
    let content = |text: String| (!text.is_empty()).then(|| text.trim_start().replace("@@", "").into_bytes());
    FileChange::new(text.path, content(text.before), content(text.after))
}

/// Returns the commits whose repositories are in `folder`, and the names of those that are not.
pub fn commits(folder: &Path) -> (Vec<Labelled>, BTreeSet<String>) {
    let commits: Commits = toml::from_str(include_str!("labelled.toml")).expect("labelled.toml is read");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (mut found, mut missing) = (Vec::new(), BTreeSet::new());
    for commit in commits.commit {
        let read = place(folder, &commit.repository).and_then(|place| {
            let base = format!("{}^", commit.commit);
            runtime.block_on(change::read(&Git::at(place), &base, &commit.commit)).ok()
        });
        let Some(change) = read else {
            missing.insert(commit.repository);
            continue;
        };
        let group = if commits.held_back.contains(&commit.repository) { Group::HeldBack } else { Group::Tuned };
        let name = format!("{} {}", commit.repository, &commit.commit[..10]);
        found.push(Labelled { name, group, change, finds: commit.finds, unsure: commit.unsure });
    }
    (found, missing)
}

/// Where a repository lies, in any of the usual ways.
fn place(folder: &Path, repository: &str) -> Option<PathBuf> {
    let (_, name) = repository.split_once('/')?;
    let names = [repository.replace('/', "+"), repository.to_owned(), name.to_owned()];
    let places = names.iter().flat_map(|name| ["", "repo", ".git"].map(|inner| folder.join(name).join(inner)));
    places.into_iter().find(|place| place.join("HEAD").exists() || place.join(".git").exists())
}
