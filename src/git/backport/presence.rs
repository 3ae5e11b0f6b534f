//! Whether a fix that a history has is still in the files.

use std::collections::HashSet;

use super::change;
use super::error::BackportError;
use super::fix::Fix;
use super::folders::Folders;
use crate::git::Git;
use crate::git::oid::Oid;

/// How many trees are held in memory at once.
const CHUNK: usize = 512;

/// Returns those of the trees in which every file that the fix changes is exactly as it was before
/// the fix. Only a fix of one commit is looked for.
pub async fn absent(git: &Git, fix: &Fix, trees: &[Oid]) -> Result<HashSet<Oid>, BackportError> {
    let [commit] = fix.commits.as_slice() else { return Ok(HashSet::new()) };
    let Some(base) = commit.base.filter(|_| !trees.is_empty()) else { return Ok(HashSet::new()) };
    let changes = change::between(git, base, commit.tree).await?;
    if changes.is_empty() {
        return Ok(HashSet::new());
    }
    let folders = Folders::of(&changes, commit.tree.format());
    let mut absent = HashSet::new();
    for chunk in trees.chunks(CHUNK) {
        let views = folders.read(git, chunk).await?;
        // All, not any: where one file still has the change, the fix may have been worked on since.
        let as_before = |tree: &Oid| changes.iter().all(|one| views.entry(&folders, *tree, &one.path) == one.old);
        absent.extend(chunk.iter().copied().filter(as_before));
    }
    Ok(absent)
}
