//! Bad input gets a clear error, and nothing is lost.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use insta::assert_snapshot;

use crate::env::{Output, TestEnv};

fn start(env: &TestEnv) -> Output {
    env.hotfix(&["start", "Payment API returns 500", "--severity", "P0", "--issue-id", "001"])
}

#[test]
fn not_a_git_repository() {
    let env = TestEnv::new();
    assert_snapshot!(env.hotfix(&["-C", "../home", "status"]), @"
    exit status: 1
    --- stderr
    error: `[SANDBOX]/home` is not in a git repository
    hint: cd REPOSITORY, or `hotfix -C REPOSITORY ...`
    ");
}

#[test]
fn a_work_tree_that_is_gone() {
    let env = TestEnv::new();
    let mut status = env.hotfix_within("mkdir ../gone && cd ../gone && rmdir ../gone", &["status"]);
    assert_snapshot!(env.run(&mut status), @"
    exit status: 1
    --- stderr
    error: the directory that this was started in is gone
    hint: cd REPOSITORY, or `hotfix -C REPOSITORY ...`
    ");
}

#[test]
fn no_remote() {
    let env = TestEnv::new();
    env.git(&["remote", "remove", "origin"]);
    assert_snapshot!(start(&env), @"
    exit status: 1
    --- stdout
    001  P0  Payment API returns 500
    [DURATION] of 2 h   branch [DURATION] of 2 min   next update due in 15 min   failed
            fix, check, review, release, image, prepare, deploy, watch, merge, backport, close, clean-up, full-suite, post-mortem
    next: git remote add origin URL, then `hotfix resume`
    --- stderr
    001  Payment API returns 500
      ok    investigate  0 recent commits; 0 recent deploys; not seen: not fetched: the repository has no remote `origin`; commits: the remote `origin` has no branch `main`   [DURATION]
      ok    decide       B, quick fix (30 to 60 min): no rollback: nothing was deployed lately; a code error: a small change with its regression test   [DURATION]
      FAIL  branch       the repository has no remote `origin`   [DURATION]
    ");
}

#[test]
fn an_unreachable_remote_blocks_no_emergency() {
    let env = TestEnv::new();
    env.git(&["remote", "set-url", "origin", "../gone.git"]);
    let declared = env.hotfix(&["declare", "Payment API returns 500", "--severity", "P0"]);
    assert_snapshot!(declared, @"
    exit status: 0
    --- stdout
    HOTFIX-[DATE]-[PROVISIONAL]  P0  Payment API returns 500
    [DURATION] of 2 h   next update due in 15 min   open
    next: hotfix ship
    --- stderr
    note: the remote `origin` can't be reached: '../gone.git' does not appear to be a git repository: the name is provisional, the number follows
    ");
    env.git(&["remote", "set-url", "origin", "../remote.git"]);
    assert_snapshot!(env.hotfix(&["resume"]), @"
    exit status: 3
    --- stdout
    HOTFIX-[DATE]-002  P0  Payment API returns 500
    [DURATION] of 2 h   fix [DURATION] of 45 min   next update due in 15 min   held
            check, review, release, image, prepare, deploy, watch, merge, backport, close, clean-up, full-suite, post-mortem
    next: fix it in [SANDBOX]/work-HOTFIX-[DATE]-002, `git commit`, then `hotfix ship`
    --- stderr
      ok    investigate  1 recent commit; 0 recent deploys   [DURATION]
      ok    decide       B, quick fix (30 to 60 min): no rollback: nothing was deployed lately; a code error: a small change with its regression test   [DURATION]
      ok    branch       `hotfix/HOTFIX-[DATE]-002-payment-api-returns-500` from [COMMIT], work tree [SANDBOX]/work-HOTFIX-[DATE]-002   [DURATION]
      held  fix          there is no commit on the branch yet   [DURATION]
    ");
}

#[test]
fn a_remote_that_refuses_says_why() {
    let env = TestEnv::new();
    let hook = env.path("remote.git/hooks/pre-receive");
    fs::write(&hook, "#!/bin/sh\necho 'no pushes on Fridays'\nexit 1\n").unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    assert_snapshot!(start(&env), @r#"
    exit status: 1
    --- stdout
    001  P0  Payment API returns 500
    [DURATION] of 2 h   branch [DURATION] of 2 min   next update due in 15 min   failed
            fix, check, review, release, image, prepare, deploy, watch, merge, backport, close, clean-up, full-suite, post-mortem
    next: hotfix resume
    --- stderr
    note: the remote refused to move `refs/hotfix/001`: [remote rejected] (pre-receive hook declined) no pushes on Fridays: another clone may take `001` too
    001  Payment API returns 500
      ok    investigate  1 recent commit; 0 recent deploys   [DURATION]
      ok    decide       B, quick fix (30 to 60 min): no rollback: nothing was deployed lately; a code error: a small change with its regression test   [DURATION]
      FAIL  branch       the remote refused to move `refs/heads/hotfix/001-payment-api-returns-500`: [remote rejected] (pre-receive hook declined) no pushes on Fridays   [DURATION]
     WARN the remote refuses refs/hotfix/*, so that other clones do not see incidents ([remote rejected] (pre-receive hook declined) no pushes on Fridays); everything else works; it is said once
    "#);
    fs::remove_file(&hook).unwrap();
    assert_snapshot!(env.hotfix(&["resume"]), @"
    exit status: 3
    --- stdout
    001  P0  Payment API returns 500
    [DURATION] of 2 h   fix [DURATION] of 45 min   next update due in 15 min   held
            check, review, release, image, prepare, deploy, watch, merge, backport, close, clean-up, full-suite, post-mortem
    next: fix it in [SANDBOX]/work-001, `git commit`, then `hotfix ship`
    --- stderr
      ok    branch       `hotfix/001-payment-api-returns-500` from [COMMIT], work tree [SANDBOX]/work-001   [DURATION]
      held  fix          there is no commit on the branch yet   [DURATION]
    ");
}

#[test]
fn unfinished_work_is_left_as_it_is() {
    let env = TestEnv::new();
    env.write("staged.txt", "staged");
    env.git(&["add", "staged.txt"]);
    env.write("README.md", "half a sentence");
    env.write("untracked.txt", "untracked");
    let before = env.git(&["status", "--porcelain"]);
    assert_eq!(start(&env).status, Some(0));
    assert_eq!(env.git(&["status", "--porcelain"]), before);
    assert_eq!(env.git(&["stash", "list"]), "");
    assert_eq!(env.git(&["branch", "--show-current"]), "main");
    assert_eq!((env.read("README.md"), env.read("untracked.txt")), ("half a sentence".into(), "untracked".into()));
}

#[test]
fn an_identifier_that_was_reserved_by_a_process_that_died_can_be_declared() {
    let env = TestEnv::new();
    let declare = ["declare", "Payment API returns 500", "--severity", "P0", "--issue-id", "001"];
    for point in ["before:1", "after:1"] {
        let killed = env.run(env.hotfix_command(&declare).env("HOTFIX_CRASH", point));
        assert_eq!(killed.status, None, "{killed}");
    }
    assert_snapshot!(env.hotfix(&declare), @"
    exit status: 1
    --- stderr
    error: `001` is already an incident
    hint: hotfix status 001
    ");
    env.git_in(".", &["clone", "--quiet", "remote.git", "colleague"]);
    let colleague = env.run(env.hotfix_command(&declare).args(["-C", "../colleague"]).env("HOTFIX_STORE", "sqlite"));
    assert_snapshot!(colleague, @"
    exit status: 1
    --- stderr
    error: `001` was taken by another clone of the repository
    hint: if nobody works on it there: git push origin --delete refs/hotfix/001
    ");
}

#[test]
fn a_tag_that_moved_on_the_remote_is_left_as_it_is_here() {
    let env = TestEnv::new();
    env.git(&["tag", "nightly"]);
    env.git(&["push", "--quiet", "origin", "nightly"]);
    let here = env.git(&["rev-parse", "nightly"]);
    env.git(&["commit", "--quiet", "--allow-empty", "--message", "Go on"]);
    env.git(&["push", "--quiet", "--force", "origin", "HEAD:refs/heads/main", "HEAD:refs/tags/nightly"]);
    let started = start(&env);
    assert_eq!(started.status, Some(0), "{started}");
    assert_eq!(env.git(&["rev-parse", "nightly"]), here);
}

#[test]
fn what_a_colleague_pushed_to_the_branch_is_kept() {
    let env = TestEnv::new();
    env.instant();
    start(&env);
    env.fix("001");
    let deployed = env.hotfix(&["deploy"]);
    assert_eq!(deployed.status, Some(0), "{deployed}");
    let branch = "hotfix/001-payment-api-returns-500";
    env.git_in(".", &["clone", "--quiet", "--branch", branch, "remote.git", "colleague"]);
    env.git_in("colleague", &["commit", "--quiet", "--allow-empty", "--message", "And another thing"]);
    env.git_in("colleague", &["push", "--quiet"]);
    let shipped = env.hotfix(&["ship"]);
    assert_eq!(shipped.status, Some(0), "{shipped}");
    assert!(shipped.stderr.contains("kept on the remote, it has commits that"), "{shipped}");
    assert_eq!(env.git_in("remote.git", &["log", "-1", "--format=%s", branch]), "And another thing");
}

#[test]
fn somebody_elses_branch_is_left_alone() {
    let env = TestEnv::new();
    env.git(&["branch", "hotfix/001-payment-api-returns-500"]);
    assert_snapshot!(start(&env), @"
    exit status: 1
    --- stdout
    001  P0  Payment API returns 500
    [DURATION] of 2 h   branch [DURATION] of 2 min   next update due in 15 min   failed
            fix, check, review, release, image, prepare, deploy, watch, merge, backport, close, clean-up, full-suite, post-mortem
    next: rename or delete it (`git branch -m hotfix/001-payment-api-returns-500 OTHER`), then `hotfix resume`
    --- stderr
    001  Payment API returns 500
      ok    investigate  1 recent commit; 0 recent deploys   [DURATION]
      ok    decide       B, quick fix (30 to 60 min): no rollback: nothing was deployed lately; a code error: a small change with its regression test   [DURATION]
      FAIL  branch       branch `hotfix/001-payment-api-returns-500` already exists and is not this incident's   [DURATION]
    ");
    env.git(&["branch", "-m", "hotfix/001-payment-api-returns-500", "theirs"]);
    assert_snapshot!(env.hotfix(&["resume"]), @"
    exit status: 3
    --- stdout
    001  P0  Payment API returns 500
    [DURATION] of 2 h   fix [DURATION] of 45 min   next update due in 15 min   held
            check, review, release, image, prepare, deploy, watch, merge, backport, close, clean-up, full-suite, post-mortem
    next: fix it in [SANDBOX]/work-001, `git commit`, then `hotfix ship`
    --- stderr
      ok    branch       `hotfix/001-payment-api-returns-500` from [COMMIT], work tree [SANDBOX]/work-001   [DURATION]
      held  fix          there is no commit on the branch yet   [DURATION]
    ");
}

#[test]
fn somebody_elses_tag_is_left_alone() {
    let env = TestEnv::new();
    env.instant();
    env.git(&["tag", "hotfix-001"]);
    env.git(&["push", "--quiet", "origin", "hotfix-001"]);
    let theirs = env.git_in("remote.git", &["rev-parse", "hotfix-001"]);
    start(&env);
    env.fix("001");
    let shipped = env.hotfix(&["ship"]);
    assert_eq!(shipped.status, Some(0), "{shipped}");
    assert_eq!(env.git_in("remote.git", &["rev-parse", "hotfix-001"]), theirs);
    assert_eq!(fs::read_to_string(env.path("running")).unwrap(), "hotfix-001.2\n");
}

#[test]
fn a_work_tree_that_somebody_removed_is_made_again() {
    for removed_after in ["fix", "check"] {
        let env = TestEnv::new();
        env.instant();
        assert_eq!(start(&env).status, Some(0));
        env.fix("001");
        if removed_after == "check" {
            assert_eq!(env.hotfix(&["check"]).status, Some(0));
        }
        fs::remove_dir_all(env.path("work-001")).unwrap();
        let shipped = env.hotfix(&["ship"]);
        assert_eq!(shipped.status, Some(0), "{shipped}");
        assert_eq!(env.read("../running"), "hotfix-001\n");
    }
}

#[test]
fn a_length_of_time_without_end_is_refused() {
    let env = TestEnv::new();
    env.write("hotfix.toml", "watch.window = \"99999999h\"\n");
    let refused = start(&env);
    assert_eq!(refused.status, Some(2), "{refused}");
    assert!(refused.stderr.contains("longer than ten years"), "{refused}");
    env.write("hotfix.toml", "");
    let title = "Payment API returns 500";
    let long_ago = ["start", title, "--severity", "P0", "--issue-id", "001", "--detected=-009999-01-02T01:59:59Z"];
    let started = env.hotfix(&long_ago);
    assert_eq!(started.status, Some(0), "{started}");
    assert_eq!(env.hotfix(&["status"]).status, Some(0));
    let late = env.hotfix(&["action", "add", "prevent", "test it", "--owner", "Ada", "--days", "4000000000"]);
    assert_eq!(late.status, Some(2), "{late}");
}

#[test]
fn an_empty_fix_is_waited_for() {
    let env = TestEnv::new();
    start(&env);
    assert_snapshot!(env.hotfix(&["ship"]), @"
    exit status: 3
    --- stdout
    001  P0  Payment API returns 500
    [DURATION] of 2 h   fix [DURATION] of 45 min   next update due in 15 min   held
            check, review, release, image, prepare, deploy, watch, merge, backport, close, clean-up, full-suite, post-mortem
    next: fix it in [SANDBOX]/work-001, `git commit`, then `hotfix ship`
    --- stderr
      held  fix          there is no commit on the branch yet   [DURATION]
    ");
}

#[test]
fn a_mistake_in_the_configuration_is_underlined() {
    let env = TestEnv::new();
    env.write("hotfix.toml", "[watch]\nwindow = \"5m\"\ncertfy = 0.02\n");
    assert_snapshot!(env.hotfix(&["status"]), @r#"
    exit status: 2
    --- stderr
    error: there is no setting `watch.certfy`
       ╭─[[SANDBOX]/work/hotfix.toml:3:1]
     2 │ window = "5m"
     3 │ certfy = 0.02
       · ──────
       ╰────
      help: did you mean `certify`?
    "#);
    env.write("hotfix.toml", "wotch = 1\n");
    assert_snapshot!(env.hotfix(&["status"]), @"
    exit status: 2
    --- stderr
    error: there is no setting `wotch`
       ╭─[[SANDBOX]/work/hotfix.toml:1:1]
     1 │ wotch = 1
       · ─────
       ╰────
      help: did you mean `watch`?
    ");
    env.write(
        "hotfix.toml",
        "[[gate]]\nname = \"a\"\ncommand = \"b\"\nlimit = \"1m\"\n\n[[gate]]\nname = \"c\"\ncomand = \"d\"\n",
    );
    assert_snapshot!(env.hotfix(&["status"]), @r#"
    exit status: 2
    --- stderr
    error: there is no setting `gate.1.comand`
       ╭─[[SANDBOX]/work/hotfix.toml:8:1]
     7 │ name = "c"
     8 │ comand = "d"
       · ──────
       ╰────
      help: did you mean `command`?
    "#);
    env.write("hotfix.toml", "[watch]\nwindow = \"5 parsecs\"\n");
    assert_snapshot!(env.hotfix(&["status"]), @r#"
    exit status: 2
    --- stderr
    error: `watch.window`: `5 parsecs` is not a length of time such as `30s`, `15m` or `2h`
       ╭─[[SANDBOX]/work/hotfix.toml:2:1]
     1 │ [watch]
     2 │ window = "5 parsecs"
       · ──────
       ╰────
    "#);
    env.write("hotfix.toml", "[watch\n");
    assert_snapshot!(env.hotfix(&["status"]), @"
    exit status: 2
    --- stderr
    error: `[SANDBOX]/work/hotfix.toml` is not valid TOML: unclosed table, expected `]`
       ╭─[[SANDBOX]/work/hotfix.toml:1:7]
     1 │ [watch
       ·       ▲
       ╰────
    ");
    env.write("hotfix.toml", "profile = \"kubernets\"\n");
    assert_snapshot!(env.hotfix(&["status"]), @"
    exit status: 2
    --- stderr
    error: there is no profile `kubernets`: compose, kubernetes, incident, pull-request, service
      help: did you mean `kubernetes`?
    ");
}

#[test]
fn an_unknown_incident_is_told_from_those_that_are_open() {
    let env = TestEnv::new();
    assert_snapshot!(env.hotfix(&["ship"]), @r#"
    exit status: 1
    --- stderr
    error: no incident is open
    hint: hotfix "WHAT IS BROKEN" --severity P0
    "#);
    assert_snapshot!(env.hotfix(&["status", "002"]), @"
    exit status: 1
    --- stderr
    error: there is no incident `002`
    hint: hotfix list
    ");
    start(&env);
    assert_snapshot!(env.hotfix(&["status", "002"]), @"
    exit status: 1
    --- stderr
    error: there is no incident `002`
    hint: open: 001
    ");
}

#[test]
fn with_two_open_incidents_one_has_to_be_named() {
    let env = TestEnv::new();
    env.hotfix(&["declare", "Search is slow", "--severity", "P2", "--issue-id", "002"]);
    start(&env);
    assert_snapshot!(env.hotfix(&["ship"]), @"
    exit status: 2
    --- stderr
    error: 2 incidents are open: 001, 002
    hint: name one, such as 001, the most urgent
    ");
}

#[test]
fn a_title_is_only_words() {
    let long = "x".repeat(10_000);
    for (number, title) in [
        r#"it's "broken""#,
        "$(touch pwned) `touch pwned`; touch pwned",
        "two\nlines\r\nand a bell\u{7}",
        "payments 💥 sind kaputt, оплата не работает",
        "\u{1b}[31mred\u{1b}[0m",
        "../../etc/passwd",
        "{id} {slug} %s {{ title }}",
        "-rf / --force",
        long.as_str(),
    ]
    .into_iter()
    .enumerate()
    {
        let env = TestEnv::new();
        env.instant();
        let id = number.to_string();
        let started = env.hotfix(&["start", "--severity", "P0", "--issue-id", &id, "--", title]);
        assert_eq!(started.status, Some(0), "{started}");
        env.fix(&id);
        let shipped = env.hotfix(&["ship"]);
        assert_eq!(shipped.status, Some(0), "{shipped}");
        let shown = env.hotfix(&["status", &id]).stdout;
        assert!(!shown.contains(['\u{1b}', '\u{7}', '\r']), "{shown:?}");
        assert!(!env.path("work/pwned").exists() && !env.path("pwned").exists(), "{title}");
    }
}

#[test]
fn an_empty_title_is_refused() {
    let env = TestEnv::new();
    assert_snapshot!(env.hotfix(&["start", " \n", "--severity", "P0"]), @"
    exit status: 2
    --- stderr
    error: an incident needs a title
    ");
}
