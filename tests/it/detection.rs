//! When the problem was first seen: as somebody said, as the log shows, or unknown.

use jiff::{Timestamp, ToSpan};
use serde_json::Value;

use crate::env::TestEnv;

/// Declares, investigates, and returns the incident for machines with its post-mortem.
fn investigated(env: &TestEnv, more: &[&str]) -> (Value, String) {
    let declare = ["declare", "Payment API returns 500", "--severity", "P0", "--issue-id", "001"];
    env.hotfix(&[&declare[..], more].concat());
    let found: Value = serde_json::from_str(&env.hotfix(&["investigate", "--json"]).stdout).unwrap();
    (found["incident"].clone(), env.hotfix(&["postmortem"]).stdout)
}

fn ago(minutes: i64) -> String {
    (Timestamp::now() - minutes.minutes()).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[test]
fn nobody_said_so_it_is_unknown() {
    let env = TestEnv::new();
    let (incident, post_mortem) = investigated(&env, &[]);
    assert_eq!((&incident["first_seen"], &incident["seconds_to_detect"]), (&Value::Null, &Value::Null), "{incident}");
    let expected = "time to detect: unknown (target 5 min), nobody said when it was first seen";
    assert!(post_mortem.contains(expected), "{post_mortem}");
    assert!(!env.hotfix(&["timeline"]).stdout.contains("detected"), "it is no event");
}

#[test]
fn the_log_says_when_the_errors_began() {
    let env = TestEnv::new();
    let log = format!("{} GET /\n{} error: payment 17 failed\n{} error: payment 18 failed\n", ago(20), ago(10), ago(9));
    env.write("app.log", &log);
    env.write("hotfix.toml", "[investigate]\nlogs = \"cat app.log\"\n");
    let (incident, post_mortem) = investigated(&env, &[]);
    let seconds = incident["seconds_to_detect"].as_i64().unwrap();
    assert!((600..660).contains(&seconds), "{incident}");
    assert!(incident["first_seen"]["log"].as_str().unwrap().ends_with("error: payment 17 failed"), "{incident}");
    assert!(post_mortem.contains("time to detect: 10 min (target 5 min), since the first in the log of: "));
}

#[test]
fn what_was_reported_comes_before_the_log() {
    let env = TestEnv::new();
    env.write("app.log", &format!("{} error: payment 17 failed\n", ago(10)));
    env.write("hotfix.toml", "[investigate]\nlogs = \"cat app.log\"\n");
    let (incident, post_mortem) = investigated(&env, &["--detected", &ago(3)]);
    assert_eq!(incident["first_seen"]["log"], Value::Null, "{incident}");
    assert!(post_mortem.contains("time to detect: 3 min (target 5 min)\n"), "{post_mortem}");
    assert!(env.hotfix(&["timeline"]).stdout.contains("detected"));
}
