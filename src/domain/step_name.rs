//! The steps of the job, by their names in the journal, which never change.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A step. Its name is added to the list, never renamed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StepName {
    Investigate,
    Decide,
    MaintenanceOn,
    Branch,
    Fix,
    Check,
    Review,
    Release,
    Image,
    Prepare,
    Deploy,
    Watch,
    MaintenanceOff,
    Merge,
    Backport,
    FollowUp,
    Close,
    CleanUp,
    FullSuite,
    PostMortem,
    RollBack,
    Confirm,
}

/// A name without a step in this version of hotfix.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no step `{0}`")]
pub struct UnknownStep(pub String);

impl StepName {
    pub const ALL: [StepName; 22] = [
        StepName::Investigate,
        StepName::Decide,
        StepName::MaintenanceOn,
        StepName::Branch,
        StepName::Fix,
        StepName::Check,
        StepName::Review,
        StepName::Release,
        StepName::Image,
        StepName::Prepare,
        StepName::Deploy,
        StepName::Watch,
        StepName::MaintenanceOff,
        StepName::Merge,
        StepName::Backport,
        StepName::FollowUp,
        StepName::Close,
        StepName::CleanUp,
        StepName::FullSuite,
        StepName::PostMortem,
        StepName::RollBack,
        StepName::Confirm,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            StepName::Investigate => "investigate",
            StepName::Decide => "decide",
            StepName::MaintenanceOn => "maintenance-on",
            StepName::Branch => "branch",
            StepName::Fix => "fix",
            StepName::Check => "check",
            StepName::Review => "review",
            StepName::Release => "release",
            StepName::Image => "image",
            StepName::Prepare => "prepare",
            StepName::Deploy => "deploy",
            StepName::Watch => "watch",
            StepName::MaintenanceOff => "maintenance-off",
            StepName::Merge => "merge",
            StepName::Backport => "backport",
            StepName::FollowUp => "follow-up",
            StepName::Close => "close",
            StepName::CleanUp => "clean-up",
            StepName::FullSuite => "full-suite",
            StepName::PostMortem => "post-mortem",
            StepName::RollBack => "roll-back",
            StepName::Confirm => "confirm",
        }
    }
}

impl fmt::Display for StepName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for StepName {
    type Err = UnknownStep;

    fn from_str(text: &str) -> Result<StepName, UnknownStep> {
        let found = StepName::ALL.into_iter().find(|name| name.as_str() == text);
        found.ok_or_else(|| UnknownStep(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_read_as_it_is_written() {
        for name in StepName::ALL {
            assert_eq!(name.as_str().parse(), Ok(name));
            let text = serde_json::to_string(&name).unwrap();
            assert_eq!(text, format!("\"{name}\""));
            assert_eq!(serde_json::from_str::<StepName>(&text).unwrap(), name);
        }
        assert_eq!(format!("{:<8}|", StepName::Fix), "fix     |");
        assert_eq!("rollback".parse::<StepName>().unwrap_err().to_string(), "there is no step `rollback`");
    }

    /// The names in the journals of every user.
    #[test]
    fn no_name_was_changed() {
        let names = StepName::ALL.map(StepName::as_str).join(" ");
        insta::assert_snapshot!(names, @"investigate decide maintenance-on branch fix check review release image prepare deploy watch maintenance-off merge backport follow-up close clean-up full-suite post-mortem roll-back confirm");
    }
}
