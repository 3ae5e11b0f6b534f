//! Whether the fix brings a data migration.

use super::Check;
use crate::guard::Subject;
use crate::guard::finding::{Finding, Level};

pub const CHECK: Check = Check {
    name: "migration",
    level: Level::Block,
    rate: None,
    help: "A data migration can't be rolled back with the release, so a hotfix has none unless that is decided.",
    look,
};

fn look(subject: &Subject) -> Vec<Finding> {
    let policy = subject.policy;
    let paths = subject.change.files.iter().map(|file| &file.path);
    let migrations = paths.filter(|path| policy.is_migration(path) && !policy.is_test(path));
    migrations.map(|path| Finding::of_file(path, "a data migration")).collect()
}
