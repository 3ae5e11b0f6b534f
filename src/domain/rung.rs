//! The ladder: what to try, one after the other, if a bad release does not go away.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A way to put production back, the mildest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Rung {
    #[default]
    Undo,
    Release,
    Restart,
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

    /// What it does, for the person who chooses.
    pub fn meaning(self) -> &'static str {
        match self {
            Rung::Undo => "Put back what ran before",
            Rung::Release => "Put back another release",
            Rung::Restart => "Take every instance away, put the release back, bring the instances back",
            Rung::Recreate => "Delete it, and create it again from the record",
        }
    }
}

impl fmt::Display for Rung {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Rung {
    type Err = String;

    fn from_str(text: &str) -> Result<Rung, String> {
        let found = Rung::ALL.into_iter().find(|rung| rung.as_str() == text);
        found.ok_or_else(|| format!("`{text}` is not a way to put production back: undo, release, restart or recreate"))
    }
}

/// The way of a rollback.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Back {
    /// Empty for nothing.
    pub from: String,
    pub to: String,
    pub rung: Rung,
}
