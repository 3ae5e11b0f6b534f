//! Replaces a conflict by what a person made of it.

use super::change;
use super::error::BackportError;
use super::folders::Folders;
use super::obstacle::Obstacle;
use super::resolution::Resolution;
use super::splice;
use super::target::Target;
use crate::git::oid::Oid;
use crate::git::quarantine::{self, Quarantine};

/// The tree of a merge, and the resolution that it took, where it was a conflict.
#[derive(Clone, Copy, Debug)]
pub struct Settled<'a> {
    pub tree: Oid,
    pub resolution: Option<&'a Resolution>,
}

/// Returns the result of a merge, with a conflict replaced by its resolution where a person gave
/// one for this target.
pub async fn settle<'a>(
    quarantine: &Quarantine,
    resolutions: &'a [Resolution],
    target: &Target,
    result: Result<Oid, Box<Obstacle>>,
) -> Result<Result<Settled<'a>, Box<Obstacle>>, BackportError> {
    let obstacle = match result {
        Ok(tree) => return Ok(Ok(Settled { tree, resolution: None })),
        Err(obstacle) => obstacle,
    };
    let Some(resolution) = resolutions.iter().rev().find(|one| one.is_for(&target.branch, &obstacle)) else {
        return Ok(Err(obstacle));
    };
    let Obstacle::Conflict { ours, .. } = &*obstacle else { return Ok(Err(obstacle)) };
    let carried = carry(quarantine, resolution, *ours).await?;
    Ok(carried.map(|tree| Settled { tree, resolution: Some(resolution) }).ok_or(obstacle))
}

/// Returns `tree` with what the resolution changed; `None` where the resolution changed something
/// that is different there.
async fn carry(quarantine: &Quarantine, resolution: &Resolution, tree: Oid) -> Result<Option<Oid>, BackportError> {
    if tree == resolution.ours {
        return Ok(Some(resolution.tree));
    }
    let git = quarantine.git();
    let changes = change::between(git, resolution.ours, resolution.tree).await?;
    let folders = Folders::of(&changes, tree.format());
    let views = folders.read(git, &[tree]).await?;
    if changes.iter().any(|change| views.entry(&folders, tree, &change.path) != change.old) {
        return Ok(None);
    }
    let mut pack = quarantine.pack()?;
    let edits: Vec<_> = changes.into_iter().map(|change| (change.path, change.new)).collect();
    let spliced = splice::splice(&folders, &views, tree, &edits, &mut pack, &mut splice::Last::default());
    let spliced = spliced.map_err(quarantine::at(quarantine.directory()))?;
    quarantine.seal(pack)?;
    Ok(Some(spliced))
}
