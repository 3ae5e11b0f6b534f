//! The checks, one a file. A new one is a file here, a `mod` and a line in `ALL`.

pub mod dependencies;
pub mod files;
pub mod judging;
pub mod marker;
pub mod migration;
pub mod moves;
pub mod new_entity;
pub mod new_file;
pub mod regression_test;
pub mod removed_entity;
pub mod secret;
pub mod signature;
pub mod size;
pub mod type_hints;
pub mod unknown;
pub mod weakening;

use super::Subject;
use super::finding::{Finding, Level};

/// A rule that a fix has to keep.
#[derive(Debug)]
pub struct Check {
    /// By which it is waived; it is in journals and never changes.
    pub name: &'static str,
    /// The highest level of its findings.
    pub level: Level,
    /// The share of honest fixes on which it fires, 0 to 1, where that was measured.
    pub rate: Option<f64>,
    /// What it wants and why, in a sentence or two.
    pub help: &'static str,
    pub look: fn(&Subject) -> Vec<Finding>,
}

/// Every check, in the order in which their findings are shown.
pub const ALL: &[Check] = &[
    size::CHECK,
    files::CHECK,
    moves::CHECK,
    new_file::CHECK,
    new_entity::CHECK,
    signature::CHECK,
    removed_entity::CHECK,
    dependencies::CHECK,
    marker::CHECK,
    type_hints::CHECK,
    weakening::CHECK,
    judging::CHECK,
    migration::CHECK,
    secret::CHECK,
    regression_test::CHECK,
    unknown::CHECK,
];
