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
    use super::{Change, Class, of, suits};
    use crate::git::backport::folders::{Folders, sample};
    use crate::git::objects::Contents;
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

    /// The classes of trees towards a change, all written as `path=content`; `+` begins a new file.
    fn classes(base: &str, changed: &[&str], roots: &[&str]) -> Vec<Option<Class>> {
        let mut contents = Contents::new();
        let changes: Vec<Change> = changed
            .iter()
            .map(|path| {
                let old = if path.starts_with('+') { None } else { Some(sample::entry("old")) };
                Change { path: path.trim_start_matches('+').as_bytes().to_vec(), old, new: Some(sample::entry("new")) }
            })
            .collect();
        let base = sample::root(&mut contents, base);
        let roots: Vec<_> = roots.iter().map(|files| sample::root(&mut contents, files)).collect();
        let folders = Folders::of(&changes, Format::Sha1);
        let all: Vec<_> = roots.iter().copied().chain([base]).collect();
        let views = folders.seen(&contents, &all);
        roots.iter().map(|root| of(&changes, &folders, &views, base, *root)).collect()
    }

    #[test]
    fn trees_that_a_merge_sees_alike_are_of_one_class() {
        let base = "a/x=old other=1";
        for (other, same, why) in [
            ("a/x=old other=2", true, "another file differs"),
            ("a/x=old a/y=1", true, "a file beside it"),
            ("a/x=theirs other=1", false, "the file differs"),
            ("a/x=old .gitattributes=1", false, "the attributes at the root"),
            ("a/x=old a/.gitattributes=1", false, "the attributes beside it"),
            ("a/x=old b/.gitattributes=1", true, "attributes that rule another folder"),
        ] {
            let [first, second] = <[_; 2]>::try_from(classes(base, &["a/x"], &[base, other])).expect("two");
            assert!(first.is_some() && second.is_some(), "{why}");
            assert_eq!(first == second, same, "{why}");
            let digests = [first, second].map(|class| class.expect("a class").digest(sample::entry("fix").oid));
            assert_eq!(digests[0] == digests[1], same, "{why}");
        }
    }

    #[test]
    fn a_tree_is_merged_by_itself_where_all_of_it_may_matter() {
        for (base, changed, root, alone, why) in [
            ("a/x=old", "a/x", "a/x=theirs", false, "the file is there"),
            ("a/x=old", "a/x", "b/x=old", true, "the file is gone, perhaps moved"),
            ("a/x=old", "a/x", "a/x=->link", true, "a link in its place"),
            ("a/x=old", "a/x", "a/x=@module", true, "a submodule in its place"),
            ("a/x=old", "a/x", "a/x/y=1", true, "a folder in its place"),
            ("a/y=1", "+a/x", "a/y=2", false, "a new file, whose folder is there"),
            ("a/y=1", "+a/x", "a/x=theirs", true, "a new file that is there already"),
            ("a/y=1", "+a/x", "b/y=1", true, "a new file, whose folder may have been renamed"),
            ("y=1", "+a/b/x", "y=2", false, "a new folder"),
            ("y=1", "+a/b/x", "y=2 a=file", true, "a new folder, with a file in its place"),
            ("a/y=1", "+a/b/x", "a/y=1 a/b=file", true, "the same below a folder"),
            ("y=1", "+a/b/x", "y=2 a/z=1", false, "a new folder below one that only the branch has"),
        ] {
            assert_eq!(classes(base, &[changed], &[root])[0].is_none(), alone, "{why}");
        }
    }
}
