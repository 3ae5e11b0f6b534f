//! The folders that a fix touches, as each of many trees has them.

use std::collections::{BTreeSet, HashMap};

use super::change::Change;
use crate::git::objects::{self, Contents};
use crate::git::oid::{Format, Oid};
use crate::git::tree::{self, Entry};
use crate::git::{Git, GitError};

/// The folders of the changed paths and those above them, each after the one that it is in.
#[derive(Debug)]
pub struct Folders {
    paths: Vec<Vec<u8>>,
    format: Format,
}

/// The trees of one root, in the order of `Folders`: `None` where the root has no such folder.
pub type Trees = Vec<Option<Oid>>;

/// The folders of many roots, with the contents of their trees.
#[derive(Debug)]
pub struct Views {
    roots: HashMap<Oid, Trees>,
    contents: Contents,
}

impl Folders {
    pub fn of(changes: &[Change], format: Format) -> Folders {
        let mut paths = BTreeSet::from([Vec::new()]);
        for change in changes {
            let slashes = change.path.iter().enumerate().filter(|(_, byte)| **byte == b'/');
            paths.extend(slashes.map(|(at, _)| change.path[..at].to_vec()));
        }
        Folders { paths: paths.into_iter().collect(), format }
    }

    pub fn paths(&self) -> &[Vec<u8>] {
        &self.paths
    }

    pub fn format(&self) -> Format {
        self.format
    }

    /// Returns the folder (by its number) and the name that make up a path.
    pub fn split<'a>(&self, path: &'a [u8]) -> (usize, &'a [u8]) {
        let (folder, name) = split(path);
        (self.number(folder), name)
    }

    /// Returns the number of a folder of a changed path.
    pub fn number(&self, folder: &[u8]) -> usize {
        let at = self.paths.binary_search_by(|known| known.as_slice().cmp(folder));
        at.expect("the folders of every changed path are known")
    }

    /// Reads the folders of these roots: one round of git for each level.
    pub async fn read(&self, git: &Git, roots: &[Oid]) -> Result<Views, GitError> {
        let mut views = self.absent(roots);
        let depth =
            |path: &[u8]| if path.is_empty() { 0 } else { 1 + path.iter().filter(|byte| **byte == b'/').count() };
        let deepest = self.paths.iter().map(|path| depth(path)).max().unwrap_or(0);
        for level in 0..=deepest {
            let mut wanted = BTreeSet::new();
            for (root, trees) in &mut views.roots {
                for at in (0..self.paths.len()).filter(|at| depth(&self.paths[*at]) == level) {
                    trees[at] = self.tree(&views.contents, *root, trees, at);
                    wanted.extend(trees[at].filter(|oid| !views.contents.contains_key(oid)));
                }
            }
            let wanted: Vec<Oid> = wanted.into_iter().collect();
            views.contents.extend(objects::read(git, &wanted).await?);
        }
        Ok(views)
    }

    /// Returns the view of roots that have none of the folders.
    pub fn absent(&self, roots: &[Oid]) -> Views {
        let absent = |root: &Oid| (*root, vec![None; self.paths.len()]);
        Views { roots: roots.iter().map(absent).collect(), contents: Contents::new() }
    }

    fn tree(&self, contents: &Contents, root: Oid, trees: &Trees, at: usize) -> Option<Oid> {
        if at == 0 {
            return Some(root);
        }
        let (above, name) = self.split(&self.paths[at]);
        let content = contents.get(&trees[above]?)?;
        tree::find(content, name, self.format).filter(|entry| entry.is_tree()).map(|entry| entry.oid)
    }
}

impl Views {
    pub fn trees(&self, root: Oid) -> &Trees {
        &self.roots[&root]
    }

    /// The content of a folder's tree; empty where the root has no such folder.
    pub fn content(&self, tree: Option<Oid>) -> &[u8] {
        tree.and_then(|oid| self.contents.get(&oid)).map_or(&[], Vec::as_slice)
    }

    /// What a root has at a path.
    pub fn entry(&self, folders: &Folders, root: Oid, path: &[u8]) -> Option<Entry> {
        let (folder, name) = folders.split(path);
        tree::find(self.content(self.trees(root)[folder]), name, folders.format)
    }
}

/// Splits a path at its last slash; the folder of a name without one is the root, an empty path.
pub fn split(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|byte| *byte == b'/') {
        Some(slash) => (&path[..slash], &path[slash + 1..]),
        None => (&[], path),
    }
}
