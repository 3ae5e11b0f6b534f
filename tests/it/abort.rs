//! An abort takes back what was done, however often it is broken off.

use crate::crash::at_each;
use crate::env::TestEnv;

/// A job up to its deploy.
fn deployed() -> TestEnv {
    let env = TestEnv::new();
    env.instant();
    let started = env.hotfix(&["start", "Payment API returns 500", "--severity", "P0", "--issue-id", "001"]);
    assert_eq!(started.status, Some(0), "{started}");
    env.fix("001");
    let deployed = env.hotfix(&["deploy"]);
    assert_eq!(deployed.status, Some(0), "{deployed}");
    assert_eq!(env.read("../running"), "hotfix-001\n");
    env
}

fn assert_taken_back(env: &TestEnv, point: &str) {
    assert_eq!(env.read("../running"), "v1.0.0\n", "{point}");
    assert_eq!(env.git_in("remote.git", &["tag", "--list"]), "", "{point}");
    assert!(env.hotfix(&["list"]).stdout.contains(" aborted "), "{point}");
    assert_eq!(env.read("../deploys"), "hotfix-001\nv1.0.0\n", "{point}");
}

#[test]
fn production_and_the_tag_are_what_they_were() {
    let env = deployed();
    let aborted = env.hotfix(&["abort", "--reason", "false alarm", "--yes"]);
    assert_eq!(aborted.status, Some(0), "{aborted}");
    assert_taken_back(&env, "");
}

#[test]
fn killed_around_its_events_an_abort_is_resumed() {
    // Its first event, the deploy begun to be taken back, taken back, and the tag likewise.
    let points: Vec<String> =
        [1, 2, 3, 6, 7].iter().flat_map(|offset| [format!("before:{offset}"), format!("after:{offset}")]).collect();
    at_each(&points, |point| {
        let env = deployed();
        let (side, offset) = point.split_once(':').unwrap();
        let events = env.hotfix(&["timeline", "--events"]).stdout.lines().count();
        let at = format!("{side}:{}", events + offset.parse::<usize>().unwrap());
        let abort = ["abort", "--reason", "false alarm", "--yes"];
        let killed = env.run(env.hotfix_command(&abort).env("HOTFIX_CRASH", &at));
        assert_eq!(killed.status, None, "{point} {killed}");
        // Before its first event nobody knows that it was to be aborted.
        let again: &[&str] = if point == "before:1" { &abort } else { &["resume"] };
        assert_eq!(env.hotfix(again).status, Some(0), "{point}");
        assert_taken_back(&env, point);
    });
}

#[test]
fn what_is_being_aborted_is_not_deployed_again() {
    let env = deployed();
    env.settings(&env.read("hotfix.toml").replace("rollback = '", "rollback = 'false; exit 1; "));
    let stuck = env.hotfix(&["abort", "--reason", "false alarm", "--yes"]);
    assert_eq!(stuck.status, Some(4), "{stuck}");
    env.write("../running", "v1.0.0\n");
    let resumed = env.hotfix(&["resume"]);
    assert_eq!(resumed.status, Some(0), "{resumed}");
    assert_eq!(env.read("../running"), "v1.0.0\n");
    assert_eq!(env.read("../deploys"), "hotfix-001\n");
}
