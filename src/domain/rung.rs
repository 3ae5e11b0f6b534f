//! The ladder: what there is to try, one after the other, where a release has to go and does not.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A way to put production back, the mildest first.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "kebab-case")]
pub enum Rung {
    /// Put back what ran before
    #[default]
    Undo,
    /// Put back another release
    Release,
    /// Take every instance away, put the release back, bring the instances back
    Restart,
    /// Delete it, and make it anew from what was recorded
    Recreate,
}

impl Rung {
    pub const ALL: [Rung; 4] = [Rung::Undo, Rung::Release, Rung::Restart, Rung::Recreate];

    pub fn as_str(self) -> &'static str {
        match self {
            Rung::Undo => "undo",
            Rung::Release => "release",
            Rung::Restart => "restart",
            Rung::Recreate => "recreate",
        }
    }
}

impl fmt::Display for Rung {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The way that a rollback is to go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Back {
    /// Empty for nothing.
    pub from: String,
    pub to: String,
    pub rung: Rung,
}
