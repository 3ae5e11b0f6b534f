//! Puts changed entries into a tree and writes the trees above them.

use std::collections::HashMap;
use std::io;

use super::folders::{Folders, Views};
use crate::git::oid::Oid;
use crate::git::pack::{Kind, PackWriter, name};
use crate::git::tree::{self, Edits, Entry};

/// The tree that was last written for each folder: the next is written as a difference from it.
#[derive(Debug, Default)]
pub struct Last {
    trees: HashMap<usize, (Oid, Vec<u8>)>,
}

/// Returns the root with the edits made, its new trees added to the pack.
pub fn splice(
    folders: &Folders,
    views: &Views,
    root: Oid,
    edits: &[(Vec<u8>, Option<Entry>)],
    pack: &mut PackWriter,
    last: &mut Last,
) -> io::Result<Oid> {
    let mut edited: Vec<Edits> = vec![Edits::new(); folders.paths().len()];
    for (path, entry) in edits {
        let (folder, name) = folders.split(path);
        edited[folder].insert(name.to_vec(), *entry);
    }
    // A folder comes after the one that it is in, so the innermost are done first.
    for at in (1..edited.len()).rev() {
        if edited[at].is_empty() {
            continue;
        }
        let edits = std::mem::take(&mut edited[at]);
        let tree = write(folders, views.content(views.trees(root)[at]), at, &edits, pack, last)?;
        let (above, name) = folders.split(&folders.paths()[at]);
        edited[above].insert(name.to_vec(), tree.map(|oid| Entry { mode: 0o040_000, oid }));
    }
    let edits = std::mem::take(&mut edited[0]);
    if edits.is_empty() {
        return Ok(root);
    }
    let written = write(folders, views.content(Some(root)), 0, &edits, pack, last)?;
    match written {
        Some(oid) => Ok(oid),
        None => pack.add(Kind::Tree, &[]),
    }
}

/// Writes one folder's tree; `None` where nothing is left in it.
fn write(
    folders: &Folders,
    content: &[u8],
    at: usize,
    edits: &Edits,
    pack: &mut PackWriter,
    last: &mut Last,
) -> io::Result<Option<Oid>> {
    let new = tree::edited(content, edits, folders.format());
    if new.is_empty() {
        return Ok(None);
    }
    if new == content {
        return Ok(Some(name(folders.format(), Kind::Tree, &new)));
    }
    let base = last.trees.get(&at).map(|(oid, content)| (*oid, content.as_slice()));
    let oid = pack.add_tree_like(&new, base)?;
    last.trees.insert(at, (oid, new));
    Ok(Some(oid))
}

#[cfg(test)]
mod tests {
    use super::{Last, splice};
    use crate::git::backport::change::Change;
    use crate::git::backport::folders::{Folders, sample};
    use crate::git::objects::Contents;
    use crate::git::oid::Format;
    use crate::git::pack::PackWriter;

    #[test]
    fn a_spliced_tree_is_the_one_with_the_paths_changed() {
        let directory = tempfile::tempdir().expect("a directory");
        for (before, edits, after) in [
            ("a/b/x=1 a/y=2 z=3", "a/b/x=9", "a/b/x=9 a/y=2 z=3"),
            ("a/b/x=1 z=3", "a/b/x=1", "a/b/x=1 z=3"),
            ("a/b/x=1 z=3", "a/c/new=4 top=5", "a/b/x=1 a/c/new=4 top=5 z=3"),
            ("a/b/x=1 a/y=2", "a/b/x=", "a/y=2"),
            ("a/b/x=1 z=3", "a/b/x=", "z=3"),
            ("a/b/x=1", "a/b/x=", ""),
            ("a-b=1 a/x=2 a.b=3", "a/x=4 a0=5", "a-b=1 a/x=4 a.b=3 a0=5"),
            ("a/x=1", "a/x=->target", "a/x=->target"),
            ("z=1", "a/b/x=", "z=1"),
        ] {
            let mut contents = Contents::new();
            let [root, expected] = [before, after].map(|files| sample::root(&mut contents, files));
            let edits: Vec<_> = edits
                .split_whitespace()
                .map(|edit| edit.split_once('=').expect("path=content"))
                .map(|(path, text)| (path.as_bytes().to_vec(), (!text.is_empty()).then(|| sample::entry(text))))
                .collect();
            let changes: Vec<_> =
                edits.iter().map(|(path, new)| Change { path: path.clone(), old: None, new: *new }).collect();
            let folders = Folders::of(&changes, Format::Sha1);
            let views = folders.seen(&contents, &[root]);
            let mut pack = PackWriter::create(directory.path(), Format::Sha1).expect("a pack");
            let spliced = splice(&folders, &views, root, &edits, &mut pack, &mut Last::default()).expect("written");
            assert_eq!(spliced, expected, "{before} with {edits:?}");
            assert_eq!(pack.is_empty(), before == after, "nothing is written where nothing changes: {before}");
        }
    }
}
