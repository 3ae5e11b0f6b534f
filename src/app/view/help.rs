//! The program's own documentation.

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

/// The completions of a shell.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct CompletionsView {
    pub shell: String,
    pub script: String,
}

/// A manual page.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct PageView {
    pub name: String,
    /// In roff.
    pub page: String,
}

/// Where the manual pages were written.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct PagesView {
    pub directory: String,
}

impl PagesView {
    pub fn of(directory: &Path) -> PagesView {
        PagesView { directory: directory.to_string_lossy().into_owned() }
    }
}
