//! A deploy or a rollback that somebody ordered without an incident.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::name;
use super::rung::Rung;

/// One change of what runs, with a journal of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Order {
    pub kind: Kind,
    pub environment: String,
    pub release: String,
    /// Empty if unknown.
    pub commit: String,
    /// What ran when it was ordered; empty if nothing did.
    pub previous: String,
    /// Empty if none was given.
    pub reason: String,
    /// How a rollback goes.
    #[serde(default)]
    pub rung: Rung,
    pub profile: String,
    /// The version of the workflow that the journal's step names belong to.
    pub workflow: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    Deploy,
    Rollback,
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Deploy => "deploy",
            Kind::Rollback => "rollback",
        }
    }

    /// The prefix of its identifiers.
    pub fn prefix(self) -> &'static str {
        match self {
            Kind::Deploy => "DEPLOY",
            Kind::Rollback => "ROLLBACK",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Order {
    /// What is to be done, on one line.
    pub fn title(&self) -> String {
        let title = match self.kind {
            Kind::Deploy => format!("deploy {} to {}", self.release, self.environment),
            Kind::Rollback if self.rung <= Rung::Release => {
                format!("roll back {} to {}", self.environment, self.release)
            }
            Kind::Rollback => format!("{} {} on {}", self.rung, self.environment, self.release),
        };
        name::line(&title, 200)
    }
}
