//! What the guard allows: the [guard] part of the configuration.

use serde::Deserialize;

use crate::config::value::Pattern;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    pub lines_warn: usize,
    pub lines_block: usize,
    pub files_warn: usize,
    pub marker: String,
    pub regression_test: bool,
    pub tests: Vec<Pattern>,
    pub ignore: Vec<Pattern>,
}

impl Policy {
    /// Whether the file counts as no source at all.
    pub fn is_ignored(&self, path: &str) -> bool {
        self.ignore.iter().any(|pattern| pattern.matches(path))
    }

    /// Whether the file is a test by its path.
    pub fn is_test(&self, path: &str) -> bool {
        self.tests.iter().any(|pattern| pattern.matches(path))
    }
}
