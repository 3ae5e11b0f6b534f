//! What a check asks for where there is no incident: the [check] part of the configuration.

use serde::Deserialize;
use serde::de::Error;

use crate::guard::checks;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// The checks of the guard that are for incidents only.
    pub off_alone: Vec<Choice>,
    /// Those that the author of a commit may waive by a trailer.
    pub waivable_by_author: Vec<Choice>,
}

/// The name of a check of the guard that is a matter of choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice(pub String);

/// What is never a matter of choice; the proof and the gates are no checks of the guard.
const NEVER: &[&str] = &["secret", "weakening"];

impl<'de> Deserialize<'de> for Choice {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Choice, D::Error> {
        let name = String::deserialize(deserializer)?;
        let mut choices = checks::ALL.iter().map(|check| check.name).filter(|name| !NEVER.contains(name));
        if choices.any(|choice| choice == name) {
            return Ok(Choice(name));
        }
        Err(D::Error::custom(format!("`{name}` is no check of the guard that can be left to choice")))
    }
}
