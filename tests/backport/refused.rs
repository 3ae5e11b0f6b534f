//! Remotes that do not take everything.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use hotfix::git::backport::backport;
use hotfix::git::backport::request::Request;

use crate::sandbox::{Sandbox, lines, table};

/// A fix, and four branches that need it, at a remote with this hook.
fn four_branches(hook: &str, script: &str) -> (Sandbox, Request) {
    let sandbox = Sandbox::new();
    for name in ["a", "b", "c", "protected"] {
        sandbox.branch(&format!("feature/{name}"), "main", &[("own.txt", name)]);
    }
    let fix = sandbox.commit("Fix", &[("code.txt", &lines(5, "fixed"))]);
    let path = sandbox.path("remote.git").join("hooks").join(hook);
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a hook");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a hook");
    let request = Request { id: Some("H1".to_owned()), ..Request::new(fix, ["feature/*"]) };
    (sandbox, request)
}

#[tokio::test]
async fn a_branch_that_is_refused_by_name_becomes_a_proposal() {
    let script = "case $1 in refs/heads/feature/protected) echo not allowed >&2; exit 1;; esac";
    let (sandbox, request) = four_branches("update", script);
    let report = backport(&sandbox.runner(), &request).await.expect("a report");
    insta::assert_snapshot!(table(&report), @r"
    feature/a needs moved
    feature/b needs moved
    feature/c needs moved
    feature/protected needs refused
    ");
    let refused = serde_json::to_string(&report.targets[3].outcome.obstacle).expect("json");
    insta::assert_snapshot!(refused, @r#"{"obstacle":"refused","reason":"hook declined: not allowed","proposal":"backport/H1/feature/protected"}"#);
    assert_eq!(sandbox.show("backport/H1/feature/protected", "code.txt"), lines(5, "fixed").trim_end());
}

#[tokio::test]
async fn a_branch_that_is_refused_without_a_name_is_found() {
    let script = "while read old new name; do case $name in refs/heads/feature/protected) exit 1;; esac; done";
    let (sandbox, request) = four_branches("pre-receive", script);
    let report = backport(&sandbox.runner(), &request).await.expect("a report");
    insta::assert_snapshot!(table(&report), @r"
    feature/a needs moved
    feature/b needs moved
    feature/c needs moved
    feature/protected needs refused
    ");
}

#[tokio::test]
async fn a_cap_on_the_branches_of_a_push_is_kept() {
    let (sandbox, request) = four_branches("pre-receive", "test $(wc -l) -le 2");
    let report = backport(&sandbox.runner(), &request).await.expect("a report");
    assert_eq!(report.pushed, 4);
    assert!(report.complete());
}

#[tokio::test]
async fn a_remote_without_atomic_pushes_gets_one_at_a_time() {
    let (sandbox, request) = four_branches("update", "true");
    sandbox.remote(&["config", "receive.advertiseAtomic", "false"]);
    let report = backport(&sandbox.runner(), &request).await.expect("a report");
    assert_eq!(report.pushed, 4);
}

#[tokio::test]
async fn a_second_run_leaves_the_proposal_as_it_is() {
    let script = "case $1 in refs/heads/feature/*) exit 1;; esac";
    let (sandbox, request) = four_branches("update", script);
    backport(&sandbox.runner(), &request).await.expect("a report");
    let before = sandbox.remote(&["for-each-ref"]);
    let report = backport(&sandbox.runner(), &request).await.expect("a report");
    assert_eq!(report.pushed, 0);
    assert_eq!(sandbox.remote(&["for-each-ref"]), before);
}
