//! Merges of trees for a git before 2.45, which merges commits only.

use crate::git::merge_tree::Merge;
use crate::git::oid::Oid;
use crate::git::pack::{Kind, PackWriter};
use crate::git::quarantine::{Quarantine, QuarantineError};

/// The first version whose `merge-tree` takes trees.
pub const MERGES_TREES: (u32, u32) = (2, 45);

/// Returns the same merges between commits made up for them: the base is the only ancestor that
/// both sides share, so git finds it by itself.
pub fn between_commits(quarantine: &Quarantine, merges: &[Merge]) -> Result<Vec<Merge>, QuarantineError> {
    let mut pack = quarantine.pack()?;
    let mut made = Vec::with_capacity(merges.len());
    for merge in merges {
        let made_up = made_up(&mut pack, merge);
        made.push(made_up.map_err(crate::git::quarantine::at(quarantine.directory()))?);
    }
    quarantine.seal(pack)?;
    Ok(made)
}

fn made_up(pack: &mut PackWriter, merge: &Merge) -> std::io::Result<Merge> {
    let Some(base) = merge.base else { return Ok(*merge) };
    let mut commit = |tree: Oid, parent: Option<Oid>| {
        let parent = parent.map(|parent| format!("parent {parent}\n")).unwrap_or_default();
        let nobody = "hotfix <hotfix@localhost> 0 +0000";
        let content = format!("tree {tree}\n{parent}author {nobody}\ncommitter {nobody}\n\n");
        pack.add(Kind::Commit, content.as_bytes())
    };
    let base = commit(base, None)?;
    Ok(Merge { base: None, ours: commit(merge.ours, Some(base))?, theirs: commit(merge.theirs, Some(base))? })
}
