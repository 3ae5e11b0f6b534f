//! The ladder: what is tried, allowed and shown where a rollback fails or does not help.

use insta::assert_snapshot;

use crate::env::{TestEnv, counts};

/// A clone with three releases, of which v1.0.0 and v1.1.0 were deployed and verified and v1.1.0 runs.
/// v1.2.0 can be deployed, and does not come up.
fn released() -> TestEnv {
    let env = TestEnv::new();
    env.instant();
    for release in ["v0.9.0", "v1.0.0", "v1.1.0", "v1.2.0"] {
        env.git(&["tag", release]);
    }
    env.write("../running", "v0.9.0\n");
    for release in ["v1.0.0", "v1.1.0"] {
        let deployed = env.hotfix(&["deploy", release]);
        assert_eq!(deployed.status, Some(0), "{deployed}");
    }
    env.configure("> ../running'", "> ../running && test $HOTFIX_RELEASE != v1.2.0'");
    env
}

/// Somebody is told when a person is needed, and what they are told is in `notices`.
fn told(env: &TestEnv) {
    let send = r#"'echo "$HOTFIX_TEXT" >> ../notices'"#;
    let team = format!("\n[[notify]]\nname = \"team\"\ntopics = [\"stuck\"]\nby.command = {{ send = {send} }}\n");
    env.settings(&(env.read("hotfix.toml") + &team));
}

fn allow(env: &TestEnv, ladder: &str) {
    env.configure("[deploy.by.command]", &format!("[deploy]\nladder = {ladder}\n\n[deploy.by.command]"));
}

#[test]
fn a_rollback_that_fails_is_stuck_and_shows_the_ladder_to_everyone() {
    let env = released();
    let _counts = counts();
    told(&env);
    env.configure("rollback = 'echo", "rollback = 'echo registry: no such image; exit 1; echo");
    assert_snapshot!(env.hotfix(&["deploy", "v1.2.0"]), @r#"
    exit status: 4
    --- stdout
    DEPLOY-[DATE]-003  deploy v1.2.0 to production
    [DURATION]   stuck
            confirm
    next: `hotfix rollback DEPLOY-[DATE]-003 --to RELEASE`; or put production right by hand, then `hotfix resume`
    --- stderr
      skip  image        no command builds an image (image.build)   [DURATION]
      ok    prepare      way back: `v1.1.0` ([COMMIT])   [DURATION]
      BAD   deploy       deploy of `v1.2.0` failed half-way, production runs `v1.2.0`: `echo "$HOTFIX_RELEASE" >> ../deploys && echo "$HOTFIX_RELEASE" > ../running && test $HOTFIX_RELEASE != v1.2.0`: exit status 1   [DURATION]
      STUCK roll-back    the rollback to `v1.1.0` failed, production runs `v1.2.0`: `echo registry: no such image; exit 1; echo "$HOTFIX_RELEASE" >> ../deploys && echo "$HOTFIX_RELEASE" > ../running`: exit status 1   [DURATION]
                         registry: no such image
                         to try next, the mildest first:
                           hotfix rollback DEPLOY-[DATE]-003               put `v1.1.0` back again
                           hotfix rollback DEPLOY-[DATE]-003 --to RELEASE  put another release back
    "#);
    assert_snapshot!(env.read("../notices"), @r#"
    deploy v1.2.0 to production
    roll-back: the rollback to `v1.1.0` failed, production runs `v1.2.0`: `echo registry: no such image; exit 1; echo "$HOTFIX_RELEASE" >> ../deploys && echo "$HOTFIX_RELEASE" > ../running`: exit status 1
    registry: no such image
    to try next, the mildest first:
      hotfix rollback DEPLOY-[DATE]-003               put `v1.1.0` back again
      hotfix rollback DEPLOY-[DATE]-003 --to RELEASE  put another release back
    stuck, a person is needed, [TIME]
    "#);
    // Put right, the same is tried once more.
    env.configure("rollback = 'echo registry: no such image; exit 1; echo", "rollback = 'echo");
    assert_snapshot!(env.hotfix(&["rollback", "--yes"]), @r"
    exit status: 0
    --- stdout
    DEPLOY-[DATE]-003  deploy v1.2.0 to production
    [DURATION]   rolled back
    --- stderr
      ok    roll-back    production: v1.2.0 -> v1.1.0, [DURATION]   [DURATION]
      ok    confirm      [COUNTS]: VERIFIED   [DURATION]
    ");
    assert_eq!(env.read("../running"), "v1.1.0\n");
}

#[test]
fn another_release_is_put_back_where_the_one_before_is_gone() {
    let env = released();
    env.configure("rollback = 'echo", "rollback = 'test $HOTFIX_RELEASE != v1.1.0 || exit 1; echo");
    let stuck = env.hotfix(&["deploy", "v1.2.0"]);
    assert_eq!(stuck.status, Some(4), "{stuck}");
    assert_snapshot!(env.hotfix(&["rollback", "--rung", "restart"]), @r"
    exit status: 2
    --- stderr
    error: the deployer has no rung `restart`, only undo, release
    ");
    assert_snapshot!(env.hotfix(&["rollback", "--rung", "release", "--dry-run"]), @r"
    exit status: 0
    --- stdout
    roll back production from `v1.2.0` to `v1.0.0`
    ");
    let back = env.hotfix(&["rollback", "--to", "v1.0.0", "--yes"]);
    assert_eq!((back.status, env.read("../running").as_str()), (Some(0), "v1.0.0\n"), "{back}");
}

#[test]
fn what_the_policy_allows_is_tried_without_asking() {
    let env = released();
    let _counts = counts();
    allow(&env, r#"["undo", "release"]"#);
    env.configure("rollback = 'echo", "rollback = 'test $HOTFIX_RELEASE != v1.1.0 || exit 1; echo");
    assert_snapshot!(env.hotfix(&["deploy", "v1.2.0"]), @r#"
    exit status: 1
    --- stdout
    DEPLOY-[DATE]-003  deploy v1.2.0 to production
    [DURATION]   rolled back
    --- stderr
      skip  image        no command builds an image (image.build)   [DURATION]
      ok    prepare      way back: `v1.1.0` ([COMMIT])   [DURATION]
      BAD   deploy       deploy of `v1.2.0` failed half-way, production runs `v1.2.0`: `echo "$HOTFIX_RELEASE" >> ../deploys && echo "$HOTFIX_RELEASE" > ../running && test $HOTFIX_RELEASE != v1.2.0`: exit status 1   [DURATION]
      held  roll-back    the rollback to `v1.1.0` failed, production runs `v1.2.0`: `test $HOTFIX_RELEASE != v1.1.0 || exit 1; echo "$HOTFIX_RELEASE" >> ../deploys && echo "$HOTFIX_RELEASE" > ../running`: exit status 1; next by itself: release   [DURATION]
      ok    roll-back    production: v1.2.0 -> v1.0.0, [DURATION]   [DURATION]
      ok    confirm      [COUNTS]: VERIFIED   [DURATION]
    "#);
    assert_eq!(env.read("../running"), "v1.0.0\n");
}

#[test]
fn without_leave_nothing_goes_back_by_itself() {
    let env = released();
    allow(&env, "[]");
    assert_snapshot!(env.hotfix(&["deploy", "v1.2.0"]), @r#"
    exit status: 3
    --- stdout
    DEPLOY-[DATE]-003  deploy v1.2.0 to production
    [DURATION]   held
            confirm
    next: hotfix rollback DEPLOY-[DATE]-003
    --- stderr
      skip  image        no command builds an image (image.build)   [DURATION]
      ok    prepare      way back: `v1.1.0` ([COMMIT])   [DURATION]
      BAD   deploy       deploy of `v1.2.0` failed half-way, production runs `v1.2.0`: `echo "$HOTFIX_RELEASE" >> ../deploys && echo "$HOTFIX_RELEASE" > ../running && test $HOTFIX_RELEASE != v1.2.0`: exit status 1   [DURATION]
      held  roll-back    `deploy.ladder` leaves it to a person to go back to `v1.1.0`   [DURATION]
    "#);
    assert_eq!(env.hotfix(&["rollback", "--yes"]).status, Some(0));
    assert_eq!(env.read("../running"), "v1.1.0\n");
}

#[test]
fn an_incident_goes_on_from_the_rung_that_helped() {
    let env = released();
    let _counts = counts();
    env.configure("rollback = 'echo", "rollback = 'test $HOTFIX_RELEASE != v1.1.0 || exit 1; echo");
    env.configure("v1.2.0'", "hotfix-001'");
    env.hotfix(&["start", "Payment API returns 500", "--severity", "P0", "--issue-id", "001", "--strategy", "B"]);
    env.fix("001");
    assert_snapshot!(env.hotfix(&["deploy"]), @r#"
    exit status: 4
    --- stdout
    001  P0  Payment API returns 500
    [DURATION] of 2 h   next update due in 15 min   stuck
            confirm, decide
    next: `hotfix rollback 001 --to RELEASE`; or put production right by hand, then `hotfix resume`
    --- stderr
      ok    fix          [COMMIT] in 1 commit, 1 file changed, +1 -0 lines   [DURATION]
      ok    check        guard: nothing held; no gates; [DURATION] in all   [DURATION]
      ok    review       the profile asks for no approval   [DURATION]
      ok    release      `hotfix-001` on [COMMIT]   [DURATION]
      skip  image        no command builds an image (image.build)   [DURATION]
      ok    prepare      way back: `v1.1.0` ([COMMIT]); also goes out: 3 commits ([COMMIT] Configure hotfix; [COMMIT] Configure hotfix; [COMMIT] Configure hotfix)   [DURATION]
      BAD   deploy       deploy of `hotfix-001` failed half-way, production runs `hotfix-001`: `echo "$HOTFIX_RELEASE" >> ../deploys && echo "$HOTFIX_RELEASE" > ../running && test $HOTFIX_RELEASE != hotfix-001`: exit status 1   [DURATION]
      STUCK roll-back    the rollback to `v1.1.0` failed, production runs `hotfix-001`: `test $HOTFIX_RELEASE != v1.1.0 || exit 1; echo "$HOTFIX_RELEASE" >> ../deploys && echo "$HOTFIX_RELEASE" > ../running`: exit status 1   [DURATION]
                         to try next, the mildest first:
                           hotfix rollback 001               put `v1.1.0` back again
                           hotfix rollback 001 --to RELEASE  put another release back
    "#);
    assert_snapshot!(env.hotfix(&["rollback", "--to", "v1.0.0", "--yes"]), @r"
    exit status: 0
    --- stdout
    001  P0  Payment API returns 500
    [DURATION] of 2 h   next update due in 15 min   open
            decide
    next: hotfix ship
    --- stderr
      ok    roll-back    production: hotfix-001 -> v1.0.0, [DURATION]   [DURATION]
      ok    confirm      [COUNTS]: VERIFIED   [DURATION]
    ");
    assert_snapshot!(env.hotfix(&["resume"]), @r"
    exit status: 3
    --- stdout
    001  P0  Payment API returns 500
    [DURATION] of 2 h   fix [DURATION] of 45 min   next update due in 15 min   held
            check, review, release, image, prepare, deploy, watch, merge, backport, close, clean-up, full-suite, post-mortem
    next: fix it in [SANDBOX]/work-001, `git commit`, then `hotfix ship`
    --- stderr
      ok    decide       B, quick fix (30 to 60 min): no rollback: production is already back on the release before; a code error: a small change with its regression test   [DURATION]
      ok    branch       `hotfix/001-payment-api-returns-500` from [COMMIT], work tree [SANDBOX]/work-001   [DURATION]
      held  fix          [COMMIT] went bad in production; a new commit is needed   [DURATION]
    ");
}

#[test]
fn it_goes_back_once_by_itself_however_often_it_is_resumed() {
    let env = released();
    env.configure("rollback = 'echo", "rollback = 'echo tried >> ../tried; exit 1; echo");
    assert_eq!(env.hotfix(&["deploy", "v1.2.0"]).status, Some(4));
    assert_eq!(env.read("../tried"), "tried\n");
    // Only where somebody asks for it, and then once more.
    assert_eq!(env.hotfix(&["resume"]).status, Some(4));
    assert_eq!(env.read("../tried"), "tried\ntried\n");
}
