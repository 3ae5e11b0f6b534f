//! How a person resolved a conflict, and for which targets that holds.

use serde::{Deserialize, Serialize};

use super::change;
use super::error::BackportError;
use super::folders::Folders;
use super::merge::Obstacle;
use super::plan::Target;
use super::splice;
use crate::git::oid::Oid;
use crate::git::quarantine::{self, Quarantine};

/// The tree that a person made of a conflict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolution {
    /// The commit of the fix that did not apply.
    pub commit: Oid,
    /// The tree that it did not apply to.
    pub ours: Oid,
    /// The class of the conflict, where it has one.
    pub class: Option<String>,
    /// What the tree is to become.
    pub tree: Oid,
    /// The targets that a person wants resolved like this.
    pub branches: Vec<String>,
}

impl Resolution {
    fn is_for(&self, target: &Target, obstacle: &Obstacle) -> bool {
        let Obstacle::Conflict { commit, ours, class, .. } = obstacle else { return false };
        let same = self.ours == *ours || (self.class.is_some() && self.class == *class);
        self.commit == *commit && same && self.branches.contains(&target.branch)
    }
}

/// Returns the result of a merge, with a conflict replaced by its resolution where a person gave
/// one for this target.
pub async fn settle(
    quarantine: &Quarantine,
    resolutions: &[Resolution],
    target: &Target,
    result: Result<Oid, Box<Obstacle>>,
) -> Result<Result<Oid, Box<Obstacle>>, BackportError> {
    let Err(obstacle) = result else { return Ok(result) };
    let Some(resolution) = resolutions.iter().rev().find(|one| one.is_for(target, &obstacle)) else {
        return Ok(Err(obstacle));
    };
    let Obstacle::Conflict { ours, .. } = &*obstacle else { return Ok(Err(obstacle)) };
    Ok(carry(quarantine, resolution, *ours).await?.ok_or(obstacle))
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
