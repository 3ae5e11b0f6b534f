//! What `status` says while somebody works, and while approvals are missing.

use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::env::TestEnv;
use crate::machines::until;

/// An incident with its fix, which two people approve and whose deploy takes until `../go` is there.
fn story() -> TestEnv {
    let env = TestEnv::new();
    env.instant();
    env.configure("deploy = 'echo", "deploy = 'touch ../began; while ! test -e ../go; do sleep 0.02; done; echo");
    env.configure("P0 = []", "P0 = [\"tech-lead\", \"on-call\"]");
    env.commit("Deploy slowly, approved by two");
    env.git(&["push", "--quiet"]);
    env.hotfix(&["start", "Payment API returns 500", "--severity", "P0", "--issue-id", "001"]);
    env.fix("001");
    let held = env.hotfix(&["ship"]);
    assert_eq!(held.status, Some(3), "{held}");
    env
}

fn json(env: &TestEnv) -> Value {
    serde_json::from_str(&env.hotfix(&["status", "--json"]).stdout).unwrap()
}

#[test]
fn only_the_approvals_that_are_missing_are_asked_for() {
    let env = story();
    let line = |env: &TestEnv| {
        let status = env.hotfix(&["status"]).stdout;
        let review = status.lines().find(|line| line.starts_with("  held  review")).unwrap().to_owned();
        (review, status.lines().last().unwrap().to_owned())
    };
    assert!(line(&env).0.contains("wanted: tech-lead, on-call"), "{:?}", line(&env));
    env.hotfix(&["approve", "--role", "tech-lead", "--as", "Bea <bea@example.org>"]);
    let (review, next) = line(&env);
    assert!(review.contains("wanted: an approval as on-call") && !review.contains("tech-lead"), "{review}");
    assert_eq!(next, "next: hotfix approve 001 --role on-call");
    assert_eq!(json(&env)["incidents"][0]["approvals_wanted"], serde_json::json!(["on-call"]));
    env.hotfix(&["approve", "--role", "on-call", "--as", "Cem <cem@example.org>"]);
    let (review, next) = line(&env);
    assert!(review.contains("every approval is given"), "{review}");
    assert_eq!(next, "next: hotfix ship");
}

#[test]
fn who_is_at_work_is_shown_until_they_are_gone() {
    let env = story();
    env.hotfix(&["approve", "--role", "tech-lead", "--as", "Bea <bea@example.org>"]);
    env.hotfix(&["approve", "--role", "on-call", "--as", "Cem <cem@example.org>"]);
    let mut ship = env.hotfix_command(&["ship"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until("the deploy began", || env.path("began").exists());
    let busy = env.hotfix(&["status"]).stdout;
    let at_work = format!("process {}, at work since ", ship.id());
    assert!(busy.contains("next: wait for Ada <ada@example.org> on ") && busy.contains(&at_work), "{busy}");
    assert!(!busy.contains("hotfix resume"), "{busy}");
    let view = json(&env);
    assert_eq!(view["incidents"][0]["working"]["name"], "incident/001", "{view}");
    kill_process(Pid::from_child(&ship), Signal::KILL).unwrap();
    ship.wait().unwrap();
    let dead = env.hotfix(&["status"]).stdout;
    assert!(dead.ends_with("next: hotfix resume\n"), "{dead}");
    env.write("../go", "");
    let resumed = env.hotfix(&["resume"]);
    assert_eq!(resumed.status, Some(0), "{resumed}");
}
