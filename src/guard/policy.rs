//! What the guard allows: the [guard] part of the configuration.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::value::Pattern;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    pub lines_warn: usize,
    pub lines_block: usize,
    pub files_warn: usize,
    pub marker: String,
    pub regression_test: bool,
    pub security_fields: Vec<String>,
    pub tests: Vec<Pattern>,
    pub generated: Vec<Pattern>,
    pub migrations: Vec<Pattern>,
    pub ignore: Vec<Pattern>,
    /// The files that gates run or are configured by, which the gates themselves tell.
    #[serde(skip)]
    pub judges: BTreeSet<String>,
}

impl Policy {
    /// Whether the file counts as no source at all.
    pub fn is_ignored(&self, path: &str) -> bool {
        matches(&self.ignore, path)
    }

    /// Whether the file is a test by its path.
    pub fn is_test(&self, path: &str) -> bool {
        matches(&self.tests, path)
    }

    /// Whether a program writes the file, by its path.
    pub fn is_generated(&self, path: &str) -> bool {
        matches(&self.generated, path)
    }

    pub fn is_migration(&self, path: &str) -> bool {
        matches(&self.migrations, path)
    }
}

fn matches(patterns: &[Pattern], path: &str) -> bool {
    patterns.iter().any(|pattern| pattern.matches(path))
}
