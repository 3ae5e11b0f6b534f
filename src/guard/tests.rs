use super::look;
use super::policy::Policy;
use crate::config::value::Pattern;
use crate::domain::change::{Change, FileChange};

fn policy() -> Policy {
    Policy {
        lines_warn: 3,
        lines_block: 5,
        files_warn: 1,
        marker: "HOTFIX:".to_owned(),
        regression_test: true,
        tests: vec![Pattern::new("tests/**").unwrap()],
        ignore: vec![Pattern::new("*.md").unwrap()],
    }
}

/// A file to which lines are added.
fn added(path: &str, lines: &[&str]) -> FileChange {
    let after = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    FileChange::new(path, Some(Vec::new()), Some(after.into_bytes()))
}

fn checks(files: &[FileChange]) -> Vec<String> {
    let found = look(&policy(), &Change { files: files.to_vec() });
    found.iter().map(|found| format!("{} {}", found.check, if found.blocks { "blocks" } else { "warns" })).collect()
}

#[test]
fn each_rule_alone() {
    let test = added("tests/a.rs", &["x"; 100]);
    let good = added("src/a.rs", &["// HOTFIX: because", "b", ""]);
    assert_eq!(checks(&[good.clone(), test.clone()]), [""; 0]);
    assert_eq!(checks(std::slice::from_ref(&good)), ["regression-test blocks"]);
    assert_eq!(checks(&[added("src/a.rs", &["// HOTFIX: x", "#[test]", "a", "b", "c", "d"])]), [""; 0]);
    assert_eq!(checks(&[added("src/a.rs", &["// HOTFIX:  "]), test.clone()]), ["marker blocks"]);
    assert_eq!(checks(&[added("src/a.rs", &["// HOTFIX: x", "a", "b", "c"]), test.clone()]), ["size warns"]);
    assert_eq!(checks(&[added("src/a.rs", &["// HOTFIX: x"; 6]), test.clone()]), ["size blocks"]);
    assert_eq!(checks(&[good.clone(), added("src/b.rs", &["// HOTFIX: x"]), test]), ["files warns"]);
    assert_eq!(checks(&[added("README.md", &["x"])]), [""; 0]);
}

/// What one check finds: the first line that counted, and the message.
pub fn found(check: &str, files: &[FileChange]) -> Vec<String> {
    let found = look(&policy(), &Change { files: files.to_vec() });
    let place = |file: Option<String>, line: Option<usize>| {
        [file, line.map(|line| line.to_string())].into_iter().flatten().collect::<Vec<_>>().join(":")
    };
    let of_check = found.into_iter().filter(|found| found.check == check);
    of_check.map(|found| format!("{}: {}", place(found.file, found.line), found.message)).collect()
}
