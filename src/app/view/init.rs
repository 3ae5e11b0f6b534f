//! A first configuration.

use schemars::JsonSchema;
use serde::Serialize;

use crate::app::init::Guesses;
use crate::store::Adopted;

/// The hotfix.toml that was written, or would be.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct InitView {
    pub path: String,
    /// The reasons for it, a line each.
    pub guessed: Vec<String>,
    pub text: String,
}

impl InitView {
    pub fn of(guesses: &Guesses) -> InitView {
        let path = guesses.path.to_string_lossy().into_owned();
        InitView { path, guessed: guesses.remarks.clone(), text: guesses.text.clone() }
    }
}

/// What a service has taken over.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct AdoptedView {
    pub service: String,
    pub journals: u64,
    /// The number of journals still without a service.
    pub left: i64,
}

impl AdoptedView {
    pub fn of(adopted: &Adopted) -> AdoptedView {
        AdoptedView { service: adopted.service.clone(), journals: adopted.journals, left: adopted.left }
    }
}
