//! A command that goes up to a step never goes beyond it.

use crate::env::TestEnv;

#[test]
fn a_step_that_is_past_or_not_in_the_plan_is_no_reason_to_go_on() {
    let env = TestEnv::new();
    env.instant();
    env.hotfix(&["start", "Payment API returns 500", "--severity", "P0", "--issue-id", "001"]);
    env.fix("001");
    for args in [["decide"], ["investigate"]] {
        let output = env.hotfix(&args);
        assert_eq!(output.status, Some(0), "{output}");
        assert_eq!(env.read("../running"), "v1.0.0\n", "{output}");
    }
    assert_eq!(env.hotfix(&["decide", "--strategy", "A"]).status, Some(0));
    let output = env.hotfix(&["deploy"]);
    assert!(env.hotfix(&["list"]).stdout.contains(" open "), "{output}");
}

#[test]
fn a_deploy_that_fails_half_way_is_put_back_at_once() {
    let env = TestEnv::new();
    env.instant();
    env.settings(
        &env.read("hotfix.toml")
            .replacen("> ../running'", "> ../running; rm ../running; exit 1'", 1)
            .replace("cat ../running", "cat ../running || true"),
    );
    env.hotfix(&["start", "Payment API returns 500", "--severity", "P0", "--issue-id", "001"]);
    env.fix("001");
    let output = env.hotfix(&["deploy"]);
    assert_eq!(env.read("../running"), "v1.0.0\n", "{output}");
}
