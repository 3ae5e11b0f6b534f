//! What is kept of a backport, so that it can be continued, verified and undone.

use std::collections::BTreeMap;
use std::path::PathBuf;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::error::RecordError;
use super::moved::Moved;
use super::obstacle::Obstacle;
use super::outcome::Outcome;
use super::plan::Plan;
use super::request::Request;
use crate::git::oid::Oid;

/// A backport: what was wanted, what was decided, and what moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// With the resolutions of conflicts that a person gave.
    pub request: Request,
    pub plan: Plan,
    pub outcomes: Vec<Outcome>,
    /// Every branch that was to move, written down before it did. The remote shows which of them
    /// did.
    pub moves: Vec<Moved>,
    /// Where conflicts are being resolved, by branch.
    pub work_trees: BTreeMap<String, PathBuf>,
    /// Which conflict each of these was opened for.
    #[serde(default)]
    pub opened: BTreeMap<String, Opened>,
}

/// The conflict that a work tree was opened for. The outcome of a later run may have another: the
/// next commit's, or one with a target that moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    pub commit: Oid,
    pub ours: Oid,
    pub class: Option<String>,
}

impl Opened {
    /// The conflict of an outcome; `None` where it has none.
    pub fn of(outcome: &Outcome) -> Option<Opened> {
        match &outcome.obstacle {
            Some(Obstacle::Conflict { commit, ours, class, .. }) => {
                Some(Opened { commit: *commit, ours: *ours, class: class.clone() })
            }
            _ => None,
        }
    }

    /// Whether what resolves this conflict resolves the other.
    pub fn is_like(&self, other: &Opened) -> bool {
        let same = self.ours == other.ours || (self.class.is_some() && self.class == other.class);
        self.commit == other.commit && same
    }
}

/// Where records are kept. A record takes the place of the one before it of the same identifier.
#[async_trait]
pub trait Records: Sync {
    async fn save(&self, record: &Record) -> Result<(), RecordError>;
    /// Returns the record of this identifier, or the one saved last.
    async fn load(&self, id: Option<&str>) -> Result<Option<Record>, RecordError>;
}
