//! What an incident leaves in the repository.

use crate::env::{Output, TestEnv};

const START: [&str; 6] = ["start", "Payment API returns 500", "--severity", "P0", "--issue-id", "001"];

#[test]
fn an_incident_leaves_the_merge_and_one_commit_more() {
    let env = TestEnv::new();
    env.instant();
    let before = env.git(&["rev-parse", "origin/main"]);
    ok(&env.hotfix(&START));
    // The branch begins with the fix.
    assert_eq!(env.git(&["rev-parse", "hotfix/001-payment-api-returns-500"]), before);
    env.fix("001");
    ok(&env.hotfix(&["ship"]));
    insta::assert_snapshot!(written(&env, &before), @r"
    docs: close 001
      A CHANGELOG.md
      A docs/issues/001-payment-api-returns-500.md
      A docs/post-mortems/001-payment-api-returns-500.md
    Merge hotfix 001: Payment API returns 500
    Fix it
      A fix.txt
    ");
    let sandbox = env.path("").canonicalize().unwrap().display().to_string();
    let written = env.git(&["grep", "--fixed-strings", "-e", "001", "origin/main", "--", "docs", "CHANGELOG.md"]);
    assert!(written.contains("work-001"), "{written}");
    assert!(!env.git(&["show", "origin/main"]).contains(&sandbox), "a path of one machine in {written}");
}

#[test]
fn the_ticket_is_on_the_fix_s_branch_where_the_profile_wants_it_at_once() {
    let env = TestEnv::new();
    env.instant();
    env.settings(&format!("{}\n[ticket]\nopened = \"start\"\n", env.read("hotfix.toml")));
    let before = env.git(&["rev-parse", "origin/main"]);
    ok(&env.hotfix(&START));
    let ticket = "docs/issues/001-payment-api-returns-500.md";
    assert!(env.git(&["show", &format!("hotfix/001-payment-api-returns-500:{ticket}")]).contains("# 001: Payment"));
    env.fix("001");
    ok(&env.hotfix(&["ship"]));
    insta::assert_snapshot!(written(&env, &before), @r"
    docs: close 001
      A CHANGELOG.md
      M docs/issues/001-payment-api-returns-500.md
      A docs/post-mortems/001-payment-api-returns-500.md
    Merge hotfix 001: Payment API returns 500
    Fix it
      A fix.txt
    docs: open 001, Payment API returns 500
      A docs/issues/001-payment-api-returns-500.md
    ");
}

/// A name without the identifier does not tell whose branch it is, so a commit does.
#[test]
fn a_branch_without_the_identifier_in_its_name_is_one_incident_s_only() {
    let env = TestEnv::new();
    env.instant();
    env.settings(&format!("{}\n[branch]\nname = \"hotfix/{{slug}}\"\n", env.read("hotfix.toml")));
    ok(&env.hotfix(&START));
    let other = env.hotfix(&["start", "Payment API returns 500", "--severity", "P0", "--issue-id", "002"]);
    assert_eq!(other.status, Some(1), "{other}");
    assert!(other.stderr.contains("already exists and is not this incident's"), "{other}");
}

#[test]
fn a_full_suite_that_fails_is_no_ok_and_completes_the_draft_that_nobody_edited() {
    let env = TestEnv::new();
    env.instant();
    let full = "[affected]\nfull = [\"sh\", \"-c\", \"echo test_total: ok; echo $PWD/test_cart.py: no; exit 1\"]";
    env.settings(&format!("{}\n{full}\n", env.read("hotfix.toml")));
    let before = env.git(&["rev-parse", "origin/main"]);
    ok(&env.hotfix(&START));
    env.fix("001");
    let shipped = env.hotfix(&["ship"]);
    ok(&shipped);
    let line = shipped.stderr.lines().find(|line| line.contains(" full-suite ")).unwrap_or_default();
    assert!(line.starts_with("  !     full-suite") && line.contains("all tests FAILED on"), "{shipped}");
    insta::assert_snapshot!(written(&env, &before), @r"
    docs: draft the post-mortem of 001
      M docs/post-mortems/001-payment-api-returns-500.md
    docs: close 001
      A CHANGELOG.md
      A docs/issues/001-payment-api-returns-500.md
      A docs/post-mortems/001-payment-api-returns-500.md
    Merge hotfix 001: Payment API returns 500
    Fix it
      A fix.txt
    ");
    let draft = env.git(&["show", "origin/main:docs/post-mortems/001-payment-api-returns-500.md"]);
    assert!(draft.contains("the full test suite failed afterwards: exit status 1"), "{draft}");
    let sandbox = env.path("").canonicalize().unwrap().display().to_string();
    assert!(!draft.contains(&sandbox), "{draft}");
}

fn ok(output: &Output) {
    assert_eq!(output.status, Some(0), "{output}");
}

/// The commits that production's branch got since `before`, the newest first, each with what is its own.
fn written(env: &TestEnv, before: &str) -> String {
    env.git(&["fetch", "--quiet"]);
    let range = format!("{before}..origin/main");
    let log = env.git(&["log", "--topo-order", "--format=%x00%s", "--name-status", "--no-renames", &range]);
    let lines = log.lines().filter(|line| !line.is_empty()).map(|line| match line.strip_prefix('\0') {
        Some(subject) => format!("{subject}\n"),
        None => format!("  {}\n", line.replace('\t', " ")),
    });
    lines.collect()
}
