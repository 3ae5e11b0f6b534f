//! A rollback without a deploy of its own: to the last good release, once.

use crate::env::TestEnv;

/// Two releases that were verified, one after the other.
fn released() -> TestEnv {
    let env = TestEnv::new();
    env.instant();
    for id in ["001", "002"] {
        let title = "Payment API returns 500";
        env.hotfix(&["start", title, "--severity", "P0", "--issue-id", id, "--strategy", "B"]);
        env.fix(id);
        let shipped = env.hotfix(&["ship"]);
        assert_eq!(shipped.status, Some(0), "{shipped}");
    }
    env
}

#[test]
fn killed_in_its_middle_it_goes_back_once() {
    let env = released();
    let rollback = ["start", "Payment API returns 500", "--severity", "P0", "--issue-id", "003", "--strategy", "A"];
    let killed = env.run(env.hotfix_command(&rollback).env("HOTFIX_CRASH", "within:roll-back"));
    assert_eq!(killed.status, None, "{killed}");
    let resumed = env.hotfix(&["resume"]);
    assert_eq!(resumed.status, Some(0), "{resumed}");
    assert_eq!(env.read("../deploys"), "hotfix-001\nhotfix-002\nhotfix-001\n");
}

#[test]
fn a_release_that_was_rolled_back_does_not_come_back() {
    let env = released();
    for id in ["003", "004"] {
        env.hotfix(&["start", "Search is down", "--severity", "P0", "--issue-id", id, "--strategy", "A"]);
    }
    // The first went from 002 to 001; nothing before that is known to be good.
    assert_eq!(env.read("../deploys"), "hotfix-001\nhotfix-002\nhotfix-001\n");
    let status = env.hotfix(&["status", "004"]);
    assert!(status.stdout.contains("no release before the one that runs is known to be good"), "{status}");
}
