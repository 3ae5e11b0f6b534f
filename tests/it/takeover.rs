//! An incident that another clone continues, and the clone that had it.

use std::fs;
use std::process::Stdio;

use crate::env::{Output, TestEnv};
use crate::machines::until;
use crate::published::{declare, two};

fn bob(env: &TestEnv, args: &[&str]) -> Output {
    env.hotfix_in("bob", args)
}

const TAKE: &[&str] = &["takeover", "--reason", "Ada's machine is gone", "--yes"];

fn take(env: &TestEnv, clone: &str) {
    let taken = env.hotfix_in(clone, TAKE);
    assert_eq!(taken.status, Some(0), "{taken}");
}

fn elsewhere(output: &Output) {
    assert_eq!(output.status, Some(3), "{output}");
    assert!(output.stderr.contains("`PAY-1` is worked on in another clone"), "{output}");
}

/// What one clone says of an incident of another is a request.
fn sent(output: &Output) -> bool {
    assert_eq!(output.status, Some(0), "{output}");
    output.stdout.starts_with("sent: ")
}

#[test]
fn another_clone_finishes_what_was_begun() {
    let env = two("");
    let started = env.hotfix(&["Payment API returns 500", "--severity", "P0", "--issue-id", "PAY-1"]);
    assert_eq!(started.status, Some(0), "{started}");
    env.fix("PAY-1");
    let checked = env.hotfix(&["check", "PAY-1"]);
    assert_eq!(checked.status, Some(0), "{checked}");
    let plan = bob(&env, &["takeover", "--reason", "x", "--dry-run"]);
    assert!(plan.stdout.starts_with("take over     PAY-1, "), "{plan}");
    assert_eq!(bob(&env, &["takeover", "--reason", "x"]).status, Some(2), "nobody agreed");
    take(&env, "bob");
    let shipped = bob(&env, &["ship"]);
    assert_eq!(shipped.status, Some(0), "{shipped}");
    assert_eq!(env.read("../deploys").lines().count(), 1);
    assert!(sent(&env.hotfix(&["note", "I am back", "--id", "PAY-1"])));
    elsewhere(&env.hotfix(&["ship", "PAY-1"]));
    let status = env.hotfix(&["status", "PAY-1"]);
    assert!(status.stdout.contains("from the working clone of") && status.stdout.contains("closed"), "{status}");
    for clone in ["work", "bob"] {
        let timeline = env.hotfix_in(clone, &["timeline", "PAY-1"]);
        assert!(timeline.stdout.contains("took over from the clone of Ada"), "{timeline}");
        let audit = env.hotfix_in(clone, &["audit", "verify", "PAY-1"]);
        assert_eq!((audit.status, audit.stdout.as_str()), (Some(0), "1 journal holds\n"), "{audit}");
    }
    let again = bob(&env, &["takeover", "PAY-1", "--reason", "x", "--yes"]);
    assert!(again.stderr.contains("`PAY-1` is worked on here"), "{again}");
}

#[test]
fn of_two_who_take_over_at_once_one_has_it() {
    let env = two("");
    declare(&env, "PAY-1", "Payment API returns 500");
    env.clone_to("cleo");
    let spawn = |clone| {
        let mut command = env.hotfix_command_in(clone, TAKE);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let children = [spawn("bob"), spawn("cleo")];
    let ended: Vec<Output> = children.into_iter().map(|child| child.wait_with_output().unwrap().into()).collect();
    assert!(ended.iter().any(|output| output.status == Some(0)), "{}{}", ended[0], ended[1]);
    // The second may have taken it from the first. Whoever has it can write, and nobody else.
    let sent = ["work", "bob", "cleo"].map(|clone| sent(&env.hotfix_in(clone, &["note", "mine", "--id", "PAY-1"])));
    assert_eq!(sent.iter().filter(|sent| !**sent).count(), 1, "{sent:?}");
    for clone in ["bob", "cleo"] {
        let audit = env.hotfix_in(clone, &["audit", "verify"]);
        assert_eq!(audit.status, Some(0), "{audit}");
    }
}

#[test]
fn a_clone_that_was_cut_off_is_refused_and_what_it_wrote_is_kept() {
    let env = two("");
    declare(&env, "PAY-1", "Payment API returns 500");
    // Without the remote it works on, unpublished.
    fs::rename(env.path("remote.git"), env.path("gone.git")).unwrap();
    for note in ["unseen one", "unseen two"] {
        assert_eq!(env.hotfix(&["note", note]).status, Some(0));
    }
    fs::rename(env.path("gone.git"), env.path("remote.git")).unwrap();
    take(&env, "bob");
    assert_eq!(bob(&env, &["note", "from bob"]).status, Some(0));
    elsewhere(&env.hotfix(&["ship", "PAY-1"]));
    assert!(sent(&env.hotfix(&["note", "too late"])));
    let status = env.hotfix(&["status", "PAY-1"]);
    assert!(status.stdout.contains("2 events of this clone are not in the journal"), "{status}");
    assert!(!env.hotfix(&["timeline", "PAY-1"]).stdout.contains("unseen"), "readers follow the holder");
    // It can be taken back.
    take(&env, "work");
    let timeline = env.hotfix(&["timeline", "PAY-1"]);
    assert!(
        timeline.stdout.contains("from bob") && timeline.stdout.contains("2 events that this clone had"),
        "{timeline}"
    );
    assert_eq!(env.hotfix(&["note", "back again"]).status, Some(0));
    elsewhere(&bob(&env, &["ship", "PAY-1"]));
    let audit = env.hotfix(&["audit", "verify"]);
    assert_eq!(audit.status, Some(0), "{audit}");
}

#[test]
fn a_deploy_that_may_still_run_has_to_be_confirmed() {
    let env = two("");
    let slow =
        "deploy = 'touch ../begun; while ! test -e ../go; do sleep 0.05; done; echo \"$HOTFIX_RELEASE\" >> ../deploys";
    env.configure("deploy = 'echo \"$HOTFIX_RELEASE\" >> ../deploys", slow);
    let started = env.hotfix(&["Payment API returns 500", "--severity", "P0", "--issue-id", "PAY-1"]);
    assert_eq!(started.status, Some(0), "{started}");
    env.fix("PAY-1");
    let mut ship = env.hotfix_command(&["ship"]);
    let ship = ship.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    until("the deploy runs", || env.path("begun").exists());
    // What is published beside the work says so.
    until("it is published", || env.published("PAY-1").0.last().is_some_and(|last| last.contains("\\\"deploy\\\"")));
    let refused = bob(&env, &[TAKE, &["PAY-1"]].concat());
    assert_eq!(refused.status, Some(3), "{refused}");
    assert!(refused.stderr.contains("`deploy` was not finished in the clone of Ada"), "{refused}");
    let taken = bob(&env, &[TAKE, &["PAY-1", "--confirm-stopped"]].concat());
    assert_eq!(taken.status, Some(0), "{taken}");
    fs::write(env.path("go"), "").unwrap();
    let ended: Output = ship.wait_with_output().unwrap().into();
    elsewhere(&ended);
    // The step is verified first: production runs the release, so it is not deployed again.
    let shipped = bob(&env, &["ship", "PAY-1"]);
    assert_eq!(shipped.status, Some(0), "{shipped}");
    assert_eq!(env.read("../deploys").lines().count(), 1, "{shipped}");
    assert!(bob(&env, &["timeline", "PAY-1"]).stdout.contains("`deploy` has stopped there"));
}

#[test]
fn nothing_of_an_embargo_reaches_the_remote() {
    let env = two("");
    let declared = env.hotfix(&["Auth bypass in login", "--severity", "P0", "--embargo"]);
    assert_eq!(declared.status, Some(3), "{declared}");
    assert!(declared.stderr.contains("under embargo, and this would push it to `origin`"), "{declared}");
    let list = env.hotfix(&["list"]);
    assert!(list.stdout.contains("HOTFIX-"), "{list}");
    for args in [
        &["note", "the token is not checked"][..],
        &["investigate"],
        &["ack"],
        &["ship"],
        &["resume"],
        &["audit", "verify"],
        &["status"],
        &["abort", "--reason", "handled elsewhere", "--yes"],
    ] {
        let output = env.hotfix(args);
        assert!(matches!(output.status, Some(0 | 3)), "{args:?} {output}");
        for leak in ["Auth bypass", "auth-bypass", "token is not checked", "Reserved-by"] {
            assert!(!env.has_object_with(leak), "{args:?} leaked {leak}");
        }
        let refs = env.git_in("remote.git", &["for-each-ref", "--format=%(refname)"]);
        assert_eq!(refs, "refs/heads/main", "{args:?}");
    }
}
