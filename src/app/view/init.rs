//! A first configuration.

use schemars::JsonSchema;
use serde::Serialize;

use crate::app::init::Guesses;

/// The hotfix.toml that was written, or would be.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct InitView {
    pub path: String,
    /// What it rests on, a line each.
    pub guessed: Vec<String>,
    pub text: String,
}

impl InitView {
    pub fn of(guesses: &Guesses) -> InitView {
        let path = guesses.path.to_string_lossy().into_owned();
        InitView { path, guessed: guesses.remarks.clone(), text: guesses.text.clone() }
    }
}
