//! The guard: is the fix minimal? Pure: a change and the policy, to violations.

pub mod checks;
pub mod finding;
pub mod manifest;
pub mod policy;
pub mod secret;

use crate::domain::change::{Change, FileChange};
use crate::domain::step::Violation;
use policy::Policy;

/// What the checks look at.
#[derive(Debug)]
pub struct Subject<'a> {
    pub policy: &'a Policy,
    pub change: &'a Change,
    /// The changed files that are neither tests nor ignored.
    pub sources: Vec<&'a FileChange>,
    /// The changed files that are tests.
    pub tests: Vec<&'a FileChange>,
}

/// Returns the rules of `policy` that `change` breaks, in the order of the checks.
pub fn look(policy: &Policy, change: &Change) -> Vec<Violation> {
    let files = change.files.iter().filter(|file| !policy.is_ignored(&file.path));
    let (tests, sources) = files.partition(|file| policy.is_test(&file.path));
    let subject = Subject { policy, change, sources, tests };
    let found =
        checks::ALL.iter().flat_map(|check| (check.look)(&subject).into_iter().map(move |found| found.of(check)));
    found.collect()
}

#[cfg(test)]
pub mod tests;
