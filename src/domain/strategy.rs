use std::fmt;

use serde::{Deserialize, Serialize};

/// How the emergency is ended. Each strategy has a plan of steps of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, clap::ValueEnum)]
pub enum Strategy {
    /// Rollback: put the last verified release back.
    #[value(name = "A", alias = "a")]
    A,
    /// Quick fix: code, configuration or a feature flag.
    #[value(name = "B", alias = "b")]
    B,
    /// Workaround: route around it now, schedule the full fix.
    #[value(name = "C", alias = "c")]
    C,
    /// Emergency maintenance: stop the bleeding, then fix.
    #[value(name = "D", alias = "d")]
    D,
}

impl Strategy {
    pub fn title(self) -> &'static str {
        match self {
            Strategy::A => "rollback",
            Strategy::B => "quick fix",
            Strategy::C => "workaround",
            Strategy::D => "emergency maintenance",
        }
    }
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Strategy::A => "A",
            Strategy::B => "B",
            Strategy::C => "C",
            Strategy::D => "D",
        })
    }
}
