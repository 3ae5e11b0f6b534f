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
        // A folder's tree is named in the one above it, so each level needs the contents of the last.
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

    /// Returns the view of roots whose trees are these.
    #[cfg(test)]
    pub fn seen(&self, contents: &Contents, roots: &[Oid]) -> Views {
        let mut views = self.absent(roots);
        views.contents.clone_from(contents);
        for (root, trees) in &mut views.roots {
            for at in 0..self.paths.len() {
                trees[at] = self.tree(contents, *root, trees, at);
            }
        }
        views
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

/// Trees made of lists of paths.
#[cfg(test)]
pub mod sample {
    use std::collections::BTreeMap;

    use crate::git::objects::Contents;
    use crate::git::oid::{Format, Oid};
    use crate::git::pack::{Kind, name};
    use crate::git::tree::{Edits, Entry, edited};

    /// A file with this content, or a link where its text begins with `->`, or a submodule with `@`.
    pub fn entry(text: &str) -> Entry {
        let mode = match text.as_bytes() {
            [b'-', b'>', ..] => 0o120_000,
            [b'@', ..] => 0o160_000,
            _ => 0o100_644,
        };
        Entry { mode, oid: Format::Sha1.hash(&[text.as_bytes()]) }
    }

    /// Returns the root of a tree with these files, written `path=content`, its trees added to `contents`.
    pub fn root(contents: &mut Contents, files: &str) -> Oid {
        let files = files.split_whitespace().map(|file| file.split_once('=').expect("path=content"));
        write(contents, &files.map(|(path, text)| (path, entry(text))).collect())
    }

    fn write(contents: &mut Contents, files: &BTreeMap<&str, Entry>) -> Oid {
        let mut entries = Edits::new();
        let mut below: BTreeMap<&str, BTreeMap<&str, Entry>> = BTreeMap::new();
        for (path, entry) in files {
            match path.split_once('/') {
                Some((folder, rest)) => drop(below.entry(folder).or_default().insert(rest, *entry)),
                None => drop(entries.insert(path.as_bytes().to_vec(), Some(*entry))),
            }
        }
        for (folder, files) in &below {
            let oid = write(contents, files);
            entries.insert(folder.as_bytes().to_vec(), Some(Entry { mode: 0o040_000, oid }));
        }
        let content = edited(&[], &entries, Format::Sha1);
        let oid = name(Format::Sha1, Kind::Tree, &content);
        contents.insert(oid, content);
        oid
    }
}

#[cfg(test)]
mod tests {
    use super::sample::{entry, root};
    use super::{Folders, split};
    use crate::git::backport::change::Change;
    use crate::git::objects::Contents;
    use crate::git::oid::Format;

    #[test]
    fn every_folder_above_a_changed_path_is_seen_as_the_root_has_it() {
        let change = |path: &str| Change { path: path.as_bytes().to_vec(), old: None, new: None };
        let folders = Folders::of(&[change("a/b/c.txt"), change("a.txt"), change("a/d.txt")], Format::Sha1);
        assert_eq!(folders.paths(), [&b""[..], b"a", b"a/b"]);
        let mut contents = Contents::new();
        let all = root(&mut contents, "a/b/c.txt=1 a.txt=2");
        let less = root(&mut contents, "a=file other=3");
        let views = folders.seen(&contents, &[all, less]);
        for (root, path, expected) in [
            (all, "a/b/c.txt", Some("1")),
            (all, "a.txt", Some("2")),
            (all, "a/d.txt", None),
            (less, "a/b/c.txt", None),
            (less, "a", Some("file")),
        ] {
            assert_eq!(views.entry(&folders, root, path.as_bytes()), expected.map(entry), "{path}");
        }
        // A file in the place of a folder is no folder.
        assert_eq!(views.trees(less)[1..], [None, None]);
        assert_eq!(views.content(None), b"");
    }

    #[test]
    fn a_path_is_split_at_its_last_slash() {
        assert_eq!(split(b"a/b/c"), (&b"a/b"[..], &b"c"[..]));
        assert_eq!(split(b"c"), (&b""[..], &b"c"[..]));
    }
}
