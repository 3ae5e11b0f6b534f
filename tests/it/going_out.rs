//! What a release brings into production besides the fix: a BAD release does not come back with it.

use crate::database::Kind;
use crate::env::{Output, TestEnv};

/// v1.0.0 was verified and runs again; v1.1.0, of `main`, was BAD and was rolled back.
fn rolled_back(kind: Kind) -> TestEnv {
    let env = TestEnv::on(kind);
    env.instant();
    env.write("../running", "v0.9.0\n");
    for (release, price) in [("v0.9.0", "1"), ("v1.0.0", "2"), ("v1.1.0", "3")] {
        env.write("price", price);
        env.commit(&format!("Raise the price to {price}"));
        env.git(&["tag", release]);
    }
    env.git(&["push", "--quiet", "--tags", "origin", "main"]);
    for release in ["v1.0.0", "v1.1.0"] {
        ok(&env.hotfix(&["deploy", release]));
    }
    ok(&env.hotfix(&["rollback", "--yes"]));
    assert_eq!(env.read("../running"), "v1.0.0\n");
    env
}

fn begun(env: &TestEnv) {
    ok(&env.hotfix(&["start", "Search is down", "--severity", "P0", "--issue-id", "001", "--strategy", "B"]));
    env.fix("001");
}

#[test]
fn a_bad_release_within_the_next_one_holds_it_until_that_is_waived() {
    let env = rolled_back(Kind::Sqlite);
    begun(&env);
    let held = env.hotfix(&["ship"]);
    insta::assert_snapshot!(held, @r"
    exit status: 3
    --- stdout
    001  P0  Search is down
    [DURATION] of 2 h   next update due in 15 min   held
            deploy, watch, merge, backport, close, clean-up, full-suite, post-mortem
    next: revert it, or fix it; or `hotfix waive bad-release --reason ...`
    --- stderr
      ok    fix          [COMMIT] in 1 commit, 1 file changed, +1 -0 lines   [DURATION]
      ok    check        guard: nothing held; no gates; [DURATION] in all   [DURATION]
      ok    review       the profile asks for no approval   [DURATION]
      ok    release      `hotfix-001` on [COMMIT]   [DURATION]
      skip  image        no command builds an image (image.build)   [DURATION]
      held  prepare      the release contains `v1.1.0`, found BAD in production before   [DURATION]
    ");
    assert_eq!(env.read("../running"), "v1.0.0\n");
    ok(&env.hotfix(&["waive", "bad-release", "--reason", "the price was not the cause"]));
    ok(&env.hotfix(&["ship"]));
    assert_eq!(env.read("../running"), "hotfix-001\n");
}

#[test]
#[ignore = "needs PostgreSQL: ./test"]
fn another_clone_that_has_not_fetched_the_release_finds_the_same() {
    let env = rolled_back(Kind::Postgres);
    env.git_in(".", &["clone", "--quiet", "remote.git", "second"]);
    begun(&env);
    assert_eq!(env.hotfix(&["ship"]).status, Some(3));
    let held = env.run(&mut env.command_in("second", &["ship"]));
    assert_eq!(held.status, Some(3), "{held}");
    assert!(held.stderr.contains("the release contains `v1.1.0`"), "{held}");
}

#[test]
fn one_whose_commits_are_reverted_does_not_hold() {
    let env = rolled_back(Kind::Sqlite);
    env.git(&["revert", "--no-edit", "HEAD"]);
    env.git(&["push", "--quiet"]);
    begun(&env);
    ok(&env.hotfix(&["ship"]));
    let status = env.hotfix(&["status", "001"]);
    assert!(status.stdout.contains("; also goes out: 2 commits ("), "{status}");
}

#[test]
fn a_deploy_says_the_same_and_its_dry_run_too() {
    let env = rolled_back(Kind::Sqlite);
    env.write("price", "4");
    env.commit("Raise the price to 4");
    env.git(&["tag", "v1.2.0"]);
    insta::assert_snapshot!(env.hotfix(&["deploy", "v1.2.0", "--dry-run"]), @r"
    exit status: 3
    --- stdout
    image         nothing
    prepare       write down what runs in production
                  bring 2 commits ([COMMIT] Raise the price to 4; [COMMIT] Raise the price to 3)
                  be held the release contains `v1.1.0`, found BAD in production before
                  find way back: `v1.0.0`
    deploy        deploy v1.2.0 to production, where v1.0.0 runs
    watch         watch health for [DURATION]
    --- stderr
    warning: the release contains `v1.1.0`, found BAD in production before
    ");
    let held = env.hotfix(&["deploy", "v1.2.0", "--yes"]);
    assert_eq!(held.status, Some(3), "{held}");
    assert_eq!(env.read("../running"), "v1.0.0\n");
}

fn ok(output: &Output) {
    assert_eq!(output.status, Some(0), "{output}");
}
