//! Branches that never had the commit which broke it, told from those that have it in another form.

use hotfix::git::backport::backport;
use hotfix::git::backport::request::Request;

use crate::sandbox::{Sandbox, lines, table};

const BLOCK: &str = "check the limit\nrefuse it below 0\nend of the check\n";

/// Ten lines with a block after the fifth.
fn with(block: &str) -> String {
    let text = lines(0, "");
    let (before, after) = text.split_once("line 6").expect("ten lines");
    format!("{before}{block}line 6{after}")
}

/// `main` with the commit that added a faulty block, returned with the fix of it, and branches from before.
fn added() -> (Sandbox, String, String) {
    let sandbox = Sandbox::new();
    sandbox.branch("feature/old", "main", &[("own.txt", "own")]);
    sandbox.branch("feature/older", "main", &[("code.txt", &lines(1, "of its own"))]);
    let edited = with(&BLOCK.replace("refuse", "do refuse"));
    sandbox.branch("feature/squashed", "main", &[("code.txt", &edited), ("own.txt", "own")]);
    let whole = with(BLOCK).replace("line 1\n", "line 1 of its own\n");
    sandbox.branch("feature/whole", "main", &[("code.txt", &whole)]);
    sandbox.branch("feature/beside", "main", &[("code.txt", &with("something else\n"))]);
    let breaking = sandbox.commit("Check limits", &[("code.txt", &with(BLOCK))]);
    sandbox.branch("feature/edited", "main", &[("code.txt", &edited)]);
    let fix = sandbox.commit("Fix", &[("code.txt", &with(&BLOCK.replace("below 0", "below 1")))]);
    (sandbox, breaking, fix)
}

#[tokio::test]
async fn a_conflict_where_the_fault_never_was_is_none() {
    let (sandbox, breaking, fix) = added();
    let report = backport(&sandbox.runner(), &Request::new(&fix, ["feature/*"])).await.expect("a report");
    insta::assert_snapshot!(table(&report), @r"
    feature/beside needs conflict code.txt
    feature/edited needs conflict code.txt
    feature/old not-affected
    feature/older not-affected
    feature/squashed needs conflict code.txt
    feature/whole needs moved
    ");
    let json = serde_json::to_value(&report.targets[2]).expect("a row");
    assert_eq!(json["breaking"], breaking.as_str());
}

#[tokio::test]
async fn a_copy_under_another_name_is_not_overlooked_where_a_person_names_the_commit() {
    let (sandbox, breaking, fix) = added();
    let request = Request { breaking: Some(breaking), ..Request::new(&fix, ["feature/*"]) };
    let report = backport(&sandbox.runner(), &request).await.expect("a report");
    insta::assert_snapshot!(table(&report), @r"
    feature/beside needs conflict code.txt
    feature/edited needs conflict code.txt
    feature/old not-affected
    feature/older not-affected
    feature/squashed needs conflict code.txt
    feature/whole needs moved
    ");
}

#[tokio::test]
async fn what_only_replaced_lines_may_have_had_the_fault_before() {
    let sandbox = Sandbox::new();
    let before = "total = price * count\n";
    sandbox.commit("Begin", &[("total.txt", before)]);
    sandbox.branch("feature/old", "main", &[("total.txt", "total = price * count  # of its own\n")]);
    sandbox.branch("feature/same", "main", &[("own.txt", "own")]);
    let renamed = sandbox.commit("Rename", &[("total.txt", "sum = price * count\n")]);
    let fix = sandbox.commit("Fix", &[("total.txt", "sum = price * (count + 1)\n")]);
    let git = sandbox.runner();
    let report = backport(&git, &Request::new(&fix, ["feature/*"])).await.expect("a report");
    insta::assert_snapshot!(table(&report), @r"
    feature/old needs conflict total.txt
    feature/same needs conflict total.txt
    ");
    let request = Request { breaking: Some(renamed), ..Request::new(&fix, ["feature/*"]) };
    let report = backport(&git, &request).await.expect("a report");
    insta::assert_snapshot!(table(&report), @r"
    feature/old needs conflict total.txt
    feature/same not-affected
    ");
}

#[tokio::test]
async fn what_the_fix_adds_to_older_code_is_not_overlooked() {
    let sandbox = Sandbox::new();
    sandbox.branch("feature/old", "main", &[("own.txt", "own")]);
    sandbox.commit("Add a note", &[("note.txt", "one\ntwo\n")]);
    let guarded = lines(0, "").replace("line 6", "a guard that was missing\nline 6");
    let fix = sandbox.commit("Fix", &[("code.txt", &guarded), ("note.txt", "one\nthree\n")]);
    let report = backport(&sandbox.runner(), &Request::new(&fix, ["feature/*"])).await.expect("a report");
    insta::assert_snapshot!(table(&report), @"feature/old needs conflict note.txt");
}

#[tokio::test]
async fn a_test_beside_the_fix_does_not_matter() {
    let sandbox = Sandbox::new();
    sandbox.commit("Test", &[("tests/code.txt", "a test\n")]);
    sandbox.branch("feature/old", "main", &[("own.txt", "own")]);
    sandbox.commit("Check limits", &[("code.txt", &with(BLOCK))]);
    let mended = with(&BLOCK.replace("below 0", "below 1"));
    let fix = sandbox.commit("Fix", &[("code.txt", &mended), ("tests/code.txt", "a test\nanother\n")]);
    let report = backport(&sandbox.runner(), &Request::new(&fix, ["feature/*"])).await.expect("a report");
    insta::assert_snapshot!(table(&report), @"feature/old not-affected");
}

#[tokio::test]
async fn code_that_was_moved_is_older_than_its_move() {
    let sandbox = Sandbox::new();
    let block = (1..9).map(|line| format!("a faulty line, number {line}, of some length\n")).collect::<String>();
    sandbox.commit("Begin", &[("one.txt", &(lines(0, "") + &block))]);
    sandbox.branch("feature/old", "main", &[("own.txt", "own")]);
    sandbox.commit("Move it", &[("one.txt", &lines(0, "")), ("two.txt", &block)]);
    let fix = sandbox.commit("Fix", &[("two.txt", &block.replace("faulty", "good"))]);
    let report = backport(&sandbox.runner(), &Request::new(&fix, ["feature/*"])).await.expect("a report");
    insta::assert_snapshot!(table(&report), @"feature/old needs conflict two.txt");
}
