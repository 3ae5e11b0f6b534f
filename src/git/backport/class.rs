//! Trees to which a change does the same: pure.
//!
//! A three-way merge of a change that only modifies, only adds or only deletes files looks, in each
//! tree, at nothing but the entries of the changed paths, the attributes that rule them and whether
//! the folders of new files are still there. Trees that agree in these form a class: git merges one
//! of them, and the result is put into the others.

use super::change::Change;
use super::folders::{Folders, Views, split};
use crate::git::oid::{Format, Oid};
use crate::git::tree::{self, Entry};

/// What the trees of a class agree in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Class {
    entries: Vec<Option<Entry>>,
    attributes: Vec<Option<Entry>>,
}

impl Class {
    /// A name for what the class agrees in, towards one commit of a fix.
    pub fn digest(&self, commit: Oid) -> String {
        let mut hasher = Format::Sha256.hasher();
        hasher.update(commit.as_bytes());
        for entry in self.entries.iter().chain(&self.attributes) {
            let (mode, oid) = entry.map_or((0, None), |entry| (entry.mode, Some(entry.oid)));
            hasher.update(&mode.to_be_bytes());
            hasher.update(oid.as_ref().map_or(&[], Oid::as_bytes));
        }
        hasher.finish().to_string()
    }
}

/// The name of the files that rule how paths are merged.
pub const ATTRIBUTES: &[u8] = b".gitattributes";

/// Whether a change may be merged by classes at all: it must leave no room for a rename (which
/// needs both a file gone and a file come), a change of type or a submodule.
pub fn suits(changes: &[Change]) -> bool {
    let plain = |entry: Option<Entry>| entry.is_none_or(|entry| entry.is_file() || entry.is_link());
    let adds = changes.iter().any(|change| change.old.is_none());
    let deletes = changes.iter().any(|change| change.new.is_none());
    !(adds && deletes)
        && changes.iter().all(|change| {
            let alone = change.old.is_none() || change.new.is_none();
            plain(change.old) && plain(change.new) && (alone || change.modifies())
        })
}

/// Returns the class of a root; `None` where the whole tree matters, because a changed path was
/// moved, removed or turned into something else there.
pub fn of(changes: &[Change], folders: &Folders, views: &Views, base: Oid, root: Oid) -> Option<Class> {
    let mut entries = Vec::with_capacity(changes.len());
    for change in changes {
        let entry = views.entry(folders, root, &change.path);
        let fits = match change.old {
            Some(old) => {
                entry.is_some_and(|entry| entry.is_file() == old.is_file() && entry.is_link() == old.is_link())
            }
            None => entry.is_none() && has_folder(change, folders, views, base, root),
        };
        if !fits {
            return None;
        }
        entries.push(entry);
    }
    let trees = views.trees(root).iter();
    let attributes = trees.map(|tree| tree::find(views.content(*tree), ATTRIBUTES, folders.format())).collect();
    Some(Class { entries, attributes })
}

/// Whether the root still has the innermost folder around a new file that the base has (or else the
/// folder may have been renamed, and the file goes where it went), with nothing in the way below.
fn has_folder(change: &Change, folders: &Folders, views: &Views, base: Oid, root: Oid) -> bool {
    let mut path = split(&change.path).0;
    loop {
        let at = folders.number(path);
        if views.trees(root)[at].is_some() {
            return true;
        }
        if views.trees(base)[at].is_some() || views.entry(folders, root, path).is_some() {
            return false;
        }
        path = split(path).0;
    }
}

#[cfg(test)]
mod tests {
    use super::{Change, suits};
    use crate::git::oid::Format;
    use crate::git::tree::Entry;

    fn entry(mode: u32) -> Option<Entry> {
        Some(Entry { mode, oid: Format::Sha1.hash(&[b"x"]) })
    }

    #[test]
    fn room_for_a_rename_does_not_suit() {
        let change = |old, new| Change { path: b"x".to_vec(), old, new };
        let modified = change(entry(0o100_644), entry(0o100_755));
        let added = change(None, entry(0o100_644));
        let deleted = change(entry(0o100_644), None);
        for (changes, expected) in [
            (vec![modified.clone(), added.clone()], true),
            (vec![modified, deleted.clone()], true),
            (vec![added, deleted], false),
            (vec![change(entry(0o100_644), entry(0o120_000))], false),
            (vec![change(entry(0o160_000), entry(0o160_000))], false),
        ] {
            assert_eq!(suits(&changes), expected, "{changes:?}");
        }
    }
}
