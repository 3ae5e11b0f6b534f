use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the emergency is ended. Each strategy has a plan of steps of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Strategy {
    A,
    B,
    C,
    D,
}

impl Strategy {
    pub const ALL: [Strategy; 4] = [Strategy::A, Strategy::B, Strategy::C, Strategy::D];

    pub fn as_str(self) -> &'static str {
        match self {
            Strategy::A => "A",
            Strategy::B => "B",
            Strategy::C => "C",
            Strategy::D => "D",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Strategy::A => "rollback",
            Strategy::B => "quick fix",
            Strategy::C => "workaround",
            Strategy::D => "emergency maintenance",
        }
    }

    /// What it does, for the person who chooses.
    pub fn meaning(self) -> &'static str {
        match self {
            Strategy::A => "Rollback: put the last verified release back",
            Strategy::B => "Quick fix: code, configuration or a feature flag",
            Strategy::C => "Workaround: avoid the problem now, schedule the full fix",
            Strategy::D => "Emergency maintenance: stop the damage, then fix",
        }
    }
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Strategy {
    type Err = String;

    fn from_str(text: &str) -> Result<Strategy, String> {
        Strategy::ALL
            .into_iter()
            .find(|strategy| strategy.as_str().eq_ignore_ascii_case(text))
            .ok_or_else(|| format!("`{text}` is not a strategy: A, B, C or D"))
    }
}
