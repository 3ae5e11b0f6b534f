//! The attributes that rule a merge: those of the branch that is merged into.
//!
//! `git merge-tree` reads them from the work tree that it is run in. So targets are grouped by their
//! attribute files, and each group is merged in a directory that has these files and nothing else.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::class::ATTRIBUTES;
use super::old_git;
use crate::git::merge_tree::{self, Merge, Merged};
use crate::git::objects::{self, Contents};
use crate::git::oid::{Format, Oid};
use crate::git::quarantine::{Quarantine, QuarantineError, at};
use crate::git::tree;
use crate::git::{Git, GitError};

/// How many git processes merge at the same time.
const PROCESSES: usize = 2;

/// How many merges one process is given: enough to make its start cheap.
const PART: usize = 32;

/// The attribute files of a tree: their contents by their paths.
pub type Attributes = BTreeMap<Vec<u8>, Oid>;

/// Makes the merges, each under the attributes of its target, `ours`. Two processes share them.
pub async fn merge_all(
    quarantine: &Quarantine,
    options: &[String],
    merges: &[(Merge, Attributes)],
) -> Result<Vec<Merged>, QuarantineError> {
    let mut groups: BTreeMap<&Attributes, Vec<usize>> = BTreeMap::new();
    for (at, (_, attributes)) in merges.iter().enumerate() {
        groups.entry(attributes).or_default().push(at);
    }
    let files: BTreeSet<Oid> = groups.keys().flat_map(|attributes| attributes.values().copied()).collect();
    let files = objects::read(quarantine.git(), &files.into_iter().collect::<Vec<_>>()).await?;
    let mut parts = Vec::new();
    for (attributes, members) in groups {
        let git = ruled_by(quarantine, attributes, &files)?;
        parts.extend(members.chunks(PART).map(|members| (git.clone(), members.to_vec())));
    }
    // The long ones first, so that no process is left with one at the end.
    parts.sort_by_key(|(_, members)| std::cmp::Reverse(members.len()));
    let mut done = stream::iter(parts)
        .map(async |(git, members)| {
            let mut part: Vec<Merge> = members.iter().map(|at| merges[*at].0).collect();
            if quarantine.repository().version < old_git::MERGES_TREES {
                part = old_git::between_commits(quarantine, &part)?;
            }
            let answers = merge_tree::merge_all(&git, options, &part).await?;
            Ok::<_, QuarantineError>(members.into_iter().zip(answers))
        })
        .buffer_unordered(PROCESSES);
    // The parts end in any order; each answer goes back to the place of its merge.
    let mut answers = vec![None; merges.len()];
    while let Some(part) = done.try_next().await? {
        part.for_each(|(at, answer)| answers[at] = Some(answer));
    }
    Ok(answers.into_iter().map(|answer| answer.expect("every merge is in a group")).collect())
}

/// Returns the repository with a work tree that has these attribute files only.
fn ruled_by(quarantine: &Quarantine, attributes: &Attributes, files: &Contents) -> Result<Git, QuarantineError> {
    let directory = tempfile::Builder::new().prefix("attributes-").tempdir_in(quarantine.directory());
    let directory = directory.map_err(at(quarantine.directory()))?.keep();
    for (path, oid) in attributes.iter().filter(|(path, _)| is_inside(path)) {
        let path = directory.join(Path::new(std::ffi::OsStr::from_bytes(path)));
        let folder = path.parent().unwrap_or(&directory);
        fs::create_dir_all(folder).map_err(at(folder))?;
        fs::write(&path, files.get(oid).map_or(&[][..], Vec::as_slice)).map_err(at(&path))?;
    }
    let index = directory.join("no-index");
    Ok(quarantine
        .git()
        .clone()
        .within(&directory)
        .with("GIT_DIR", &quarantine.repository().common)
        .with("GIT_WORK_TREE", &directory)
        .with("GIT_INDEX_FILE", index))
}

/// Whether a path stays inside the directory that it is put in: the trees come from anyone who may
/// push.
fn is_inside(path: &[u8]) -> bool {
    path.split(|byte| *byte == b'/').all(|name| !matches!(name, b"" | b"." | b".."))
}

/// Returns the attribute files of each tree, wherever in it they are. Trees that many share are
/// read once.
pub async fn of_trees(git: &Git, roots: &[Oid], format: Format) -> Result<HashMap<Oid, Attributes>, GitError> {
    let mut known: HashMap<Oid, Folder> = HashMap::new();
    let mut wanted: Vec<Oid> = roots.to_vec();
    while !wanted.is_empty() {
        wanted.sort();
        wanted.dedup();
        let mut below = Vec::new();
        for part in wanted.chunks(1024) {
            let contents: Contents = objects::read(git, part).await?;
            for oid in part {
                let folder = Folder::read(contents.get(oid).map_or(&[][..], Vec::as_slice), format);
                below.extend(folder.folders.iter().map(|(_, oid)| *oid));
                known.insert(*oid, folder);
            }
        }
        below.retain(|oid| !known.contains_key(oid));
        wanted = below;
    }
    let mut found: HashMap<Oid, Attributes> = HashMap::new();
    Ok(roots.iter().map(|root| (*root, collect(&known, *root, &mut found))).collect())
}

/// What matters of a tree: its attribute file and the trees in it.
#[derive(Debug)]
struct Folder {
    attributes: Option<Oid>,
    folders: Vec<(Vec<u8>, Oid)>,
}

impl Folder {
    fn read(content: &[u8], format: Format) -> Folder {
        let mut folder = Folder { attributes: None, folders: Vec::new() };
        for (name, entry) in tree::entries(content, format) {
            if entry.is_tree() {
                folder.folders.push((name.to_vec(), entry.oid));
            } else if name == ATTRIBUTES && entry.is_file() {
                folder.attributes = Some(entry.oid);
            }
        }
        folder
    }
}

fn collect(known: &HashMap<Oid, Folder>, root: Oid, found: &mut HashMap<Oid, Attributes>) -> Attributes {
    if let Some(attributes) = found.get(&root) {
        return attributes.clone();
    }
    let mut attributes = Attributes::new();
    if let Some(folder) = known.get(&root) {
        attributes.extend(folder.attributes.map(|oid| (ATTRIBUTES.to_vec(), oid)));
        for (name, tree) in &folder.folders {
            for (path, oid) in collect(known, *tree, found) {
                attributes.insert([name, &b"/"[..], &path].concat(), oid);
            }
        }
    }
    found.insert(root, attributes.clone());
    attributes
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::{ATTRIBUTES, Folder, collect, is_inside};
    use crate::git::backport::folders::sample;
    use crate::git::objects::Contents;
    use crate::git::oid::Format;

    #[test]
    fn attribute_files_are_found_wherever_they_are() {
        let mut contents = Contents::new();
        let root = sample::root(
            &mut contents,
            ".gitattributes=1 a/.gitattributes=2 a/b/c/.gitattributes=3 d/x=4 e/.gitattributes/x=5 f/.gitattributes=->6",
        );
        let known = contents.iter().map(|(oid, content)| (*oid, Folder::read(content, Format::Sha1))).collect();
        let found = collect(&known, root, &mut HashMap::new());
        let expected = [(".gitattributes", "1"), ("a/.gitattributes", "2"), ("a/b/c/.gitattributes", "3")];
        let expected = expected.map(|(path, text)| (path.as_bytes().to_vec(), sample::entry(text).oid));
        assert_eq!(found.into_iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_path_of_somebody_elses_tree_stays_inside() {
        let below = |folder: &str| [folder.as_bytes(), ATTRIBUTES].concat();
        for (folder, expected) in [
            ("", true),
            ("a/b/", true),
            ("..a/", true),
            ("../", false),
            ("a/../../", false),
            ("./", false),
            ("/", false),
            ("a//", false),
        ] {
            assert_eq!(is_inside(&below(folder)), expected, "{folder}");
        }
    }
}
