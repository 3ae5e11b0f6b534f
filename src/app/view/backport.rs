//! Backports outside an incident. The result for each target is the unchanged report of `git::backport`.

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use crate::git::backport::kept::Undone;
use crate::git::backport::moved::Moved;
use crate::git::backport::push::Refusal;

/// A work tree with the conflict of a branch.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct OpenedConflict {
    pub branch: String,
    pub work_tree: String,
    /// The paths in conflict.
    pub files: Vec<String>,
}

/// The result of undoing a backport.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct UndoneView {
    /// The branches that were put back.
    pub back: Vec<Moved>,
    /// Branches that moved since, and are left unchanged.
    pub went_on: Vec<String>,
    /// Branches that the remote refused to put back.
    pub refused: Vec<Refusal>,
}

impl OpenedConflict {
    pub fn new(branch: &str, work_tree: &Path, files: &[String]) -> OpenedConflict {
        let work_tree = work_tree.to_string_lossy().into_owned();
        OpenedConflict { branch: branch.to_owned(), work_tree, files: files.to_vec() }
    }
}

impl From<Undone> for UndoneView {
    fn from(undone: Undone) -> UndoneView {
        UndoneView { back: undone.back, went_on: undone.went_on, refused: undone.refused }
    }
}
