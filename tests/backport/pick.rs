use hotfix::git::backport::push::{self, Pushed};
use hotfix::git::backport::request::{Mode, Request, Rule};
use hotfix::git::backport::{backport, merge, plan};

use crate::sandbox::{Sandbox, lines, table};

/// A fix on `main` of `code.txt`, and branches that stand differently towards it.
fn many_branches() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    sandbox.branch("feature/clean", "main", &[("own.txt", "own")]);
    sandbox.branch("feature/conflict", "main", &[("code.txt", &lines(5, "theirs"))]);
    sandbox.branch("feature/same", "main", &[("code.txt", &lines(5, "fixed"))]);
    sandbox.branch("other", "main", &[]);
    let fix = sandbox.commit("Fix line five\n\nBecause.", &[("code.txt", &lines(5, "fixed"))]);
    sandbox.git(&["push", "-q", "origin", "main"]);
    sandbox.branch("feature/new", "main", &[("own.txt", "own")]);
    (sandbox, fix)
}

#[tokio::test]
async fn each_target_gets_its_verdict_and_the_clean_ones_move() {
    let (sandbox, fix) = many_branches();
    let report = backport(&sandbox.runner(), &Request::new(&fix, ["feature/*"])).await.expect("a report");
    insta::assert_snapshot!(table(&report), @r"
    feature/clean needs moved
    feature/conflict needs conflict code.txt
    feature/new contains
    feature/same equivalent
    ");
    assert_eq!(sandbox.show("feature/clean", "code.txt"), lines(5, "fixed").trim_end());
    assert_eq!(sandbox.show("feature/conflict", "code.txt"), lines(5, "theirs").trim_end());
    let message = sandbox.remote(&["log", "-1", "--format=%an, %cn: %B", "feature/clean"]);
    assert_eq!(message, format!("Author, Ours: Fix line five\n\nBecause.\n\n(cherry picked from commit {fix})"));
}

#[tokio::test]
async fn a_second_run_moves_nothing() {
    let (sandbox, fix) = many_branches();
    let request = Request::new(&fix, ["feature/*"]);
    backport(&sandbox.runner(), &request).await.expect("a report");
    let before = sandbox.remote(&["for-each-ref"]);
    let report = backport(&sandbox.runner(), &request).await.expect("a report");
    insta::assert_snapshot!(table(&report), @r"
    feature/clean equivalent
    feature/conflict needs conflict code.txt
    feature/new contains
    feature/same equivalent
    ");
    assert_eq!(sandbox.remote(&["for-each-ref"]), before);
}

#[tokio::test]
async fn a_pick_changed_since_is_still_known() {
    let (sandbox, fix) = many_branches();
    let request = Request::new(&fix, ["feature/clean"]);
    backport(&sandbox.runner(), &request).await.expect("a report");
    sandbox.git(&["fetch", "-q"]);
    sandbox.branch("feature/clean", "origin/feature/clean", &[("code.txt", &lines(5, "bettered"))]);
    let report = backport(&sandbox.runner(), &request).await.expect("a report");
    insta::assert_snapshot!(table(&report), @"feature/clean equivalent");
}

#[tokio::test]
async fn a_pick_that_does_not_say_so_is_known_by_its_patch() {
    let (sandbox, fix) = many_branches();
    sandbox.git(&["checkout", "-q", "--detach", "origin/feature/clean"]);
    sandbox.git(&["cherry-pick", &fix]);
    sandbox.commit("Better it", &[("code.txt", &lines(5, "bettered"))]);
    sandbox.git(&["push", "-q", "origin", "HEAD:feature/clean"]);
    let report = backport(&sandbox.runner(), &Request::new(&fix, ["feature/clean"])).await.expect("a report");
    insta::assert_snapshot!(table(&report), @"feature/clean equivalent");
}

#[tokio::test]
async fn a_reverted_fix_is_left_to_a_person() {
    let (sandbox, fix) = many_branches();
    sandbox.git(&["checkout", "-q", "--detach", "main"]);
    sandbox.git(&["revert", "--no-edit", &fix]);
    sandbox.git(&["push", "-q", "origin", "HEAD:refs/heads/feature/reverted"]);
    let report = backport(&sandbox.runner(), &Request::new(&fix, ["feature/reverted"])).await.expect("a report");
    insta::assert_snapshot!(table(&report), @"feature/reverted reverted");
    assert!(!report.complete());
}

#[tokio::test]
async fn a_fix_undone_by_hand_is_left_to_a_person() {
    let (sandbox, fix) = many_branches();
    sandbox.branch("feature/undone", "main", &[("code.txt", &lines(0, ""))]);
    let report = backport(&sandbox.runner(), &Request::new(&fix, ["feature/undone"])).await.expect("a report");
    insta::assert_snapshot!(table(&report), @"feature/undone reverted");
}

#[tokio::test]
async fn a_branch_without_the_break_is_not_affected() {
    let sandbox = Sandbox::new();
    sandbox.branch("feature/old", "main", &[("own.txt", "own")]);
    let breaking = sandbox.commit("Break", &[("code.txt", &lines(3, "broken"))]);
    sandbox.branch("feature/new", "main", &[("own.txt", "own")]);
    let fix = sandbox.commit("Fix", &[("more.txt", "fixed")]);
    let request = Request { breaking: Some(breaking), ..Request::new(fix, ["feature/*"]) };
    let report = backport(&sandbox.runner(), &request).await.expect("a report");
    insta::assert_snapshot!(table(&report), @r"
    feature/new needs moved
    feature/old not-affected
    ");
}

#[tokio::test]
async fn a_merge_has_both_parents() {
    let (sandbox, fix) = many_branches();
    let mut request = Request::new(&fix, ["feature/clean"]);
    request.rules.insert(0, Rule { glob: "other".to_owned(), mode: Mode::Merge });
    let report = backport(&sandbox.runner(), &request).await.expect("a report");
    insta::assert_snapshot!(table(&report), @r"
    feature/clean needs moved
    other needs moved
    ");
    let parents = sandbox.remote(&["rev-list", "--parents", "-1", "other"]);
    assert!(parents.ends_with(&fix) && parents.split(' ').count() == 3, "{parents}");
}

#[tokio::test]
async fn a_range_is_picked_in_order() {
    let (sandbox, fix) = many_branches();
    let end = sandbox.commit("Fix more", &[("code.txt", &lines(5, "fixed better"))]);
    let request = Request::new(format!("{fix}~1..{end}"), ["feature/clean", "feature/new"]);
    let report = backport(&sandbox.runner(), &request).await.expect("a report");
    insta::assert_snapshot!(table(&report), @r"
    feature/clean needs moved
    feature/new needs moved
    ");
    assert_eq!(
        sandbox.remote(&["log", "--format=%s", "-3", "feature/clean"]),
        "Fix more\nFix line five\nwork on feature/clean"
    );
    assert_eq!(sandbox.remote(&["log", "--format=%s", "-2", "feature/new"]), "Fix more\nwork on feature/new");
}

#[tokio::test]
async fn nothing_moves_where_one_branch_moved_meanwhile() {
    let (sandbox, fix) = many_branches();
    sandbox.branch("feature/second", "main~1", &[("own.txt", "own")]);
    let git = sandbox.runner();
    let plan = plan::plan(&git, &Request::new(&fix, ["feature/*"])).await.expect("a plan");
    let merged = merge::merge(&git, &plan).await.expect("merged");
    sandbox.git(&["fetch", "-q"]);
    sandbox.branch("feature/second", "origin/feature/second", &[("own.txt", "moved")]);
    let before = sandbox.remote(&["for-each-ref"]);
    let pushed = push::push(&git, &plan, &merged).await.expect("an answer");
    assert_eq!(pushed, Pushed::Stale { branches: vec!["feature/second".to_owned()] });
    assert_eq!(sandbox.remote(&["for-each-ref"]), before);
}

#[tokio::test]
async fn undo_puts_every_branch_back() {
    let (sandbox, fix) = many_branches();
    let git = sandbox.runner();
    let before = sandbox.remote(&["for-each-ref"]);
    let plan = plan::plan(&git, &Request::new(&fix, ["feature/*"])).await.expect("a plan");
    let merged = merge::merge(&git, &plan).await.expect("merged");
    assert_eq!(push::push(&git, &plan, &merged).await.expect("an answer"), Pushed::All);
    assert_ne!(sandbox.remote(&["for-each-ref"]), before);
    assert_eq!(push::undo(&git, &plan, &merged.moves()).await.expect("an answer"), Pushed::All);
    assert_eq!(sandbox.remote(&["for-each-ref"]), before);
}
