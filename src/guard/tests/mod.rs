mod broken;
mod declarations;
mod hostile;
mod languages;
mod renames;
mod rules;

use std::sync::LazyLock;

use super::look;
use super::policy::Policy;
use crate::domain::change::{Change, FileChange};

/// The policy as it is shipped.
static POLICY: LazyLock<Policy> = LazyLock::new(|| {
    let defaults: toml::Table = toml::from_str(include_str!("../../../config/default.toml")).unwrap();
    defaults["guard"].clone().try_into().unwrap()
});

fn file(path: &str, before: &str, after: &str) -> FileChange {
    FileChange::new(path, Some(before.as_bytes().to_vec()), Some(after.as_bytes().to_vec()))
}

/// What these checks find, a line each: the check, whether it blocks, its message, and where.
fn shown(checks: &[&str], files: &[FileChange]) -> String {
    let found = look(&POLICY, &Change { files: files.to_vec() });
    let lines = found.iter().filter(|found| checks.contains(&found.check.as_str())).map(|found| {
        let level = if found.blocks { "blocks" } else { "warns" };
        format!("{} {level}: {} [{}]\n", found.check, found.message, found.counted.join(" "))
    });
    lines.collect()
}

/// What one check finds: the first line that counted, and the message.
pub fn found(check: &str, files: &[FileChange]) -> Vec<String> {
    let found = look(&POLICY, &Change { files: files.to_vec() });
    let place = |file: Option<String>, line: Option<usize>| {
        [file, line.map(|line| line.to_string())].into_iter().flatten().collect::<Vec<_>>().join(":")
    };
    let of_check = found.into_iter().filter(|found| found.check == check);
    of_check.map(|found| format!("{}: {}", place(found.file, found.line), found.message)).collect()
}
