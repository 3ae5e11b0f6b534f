//! Post-mortems that are due: all of them in one list, and none for a false alarm.

use crate::env::TestEnv;

#[test]
fn every_post_mortem_that_was_not_held_is_listed_once() {
    let env = TestEnv::new();
    env.instant();
    env.hotfix(&["start", "Payment API returns 500", "--severity", "P0", "--issue-id", "001"]);
    env.fix("001");
    let shipped = env.hotfix(&["ship"]);
    assert_eq!(shipped.status, Some(0), "{shipped}");
    // Each of these is newer, and over without a change of production.
    for id in ["002", "003", "004", "005", "006", "007"] {
        env.hotfix(&["declare", "The login page is white", "--severity", "P1", "--issue-id", id]);
        let aborted = env.hotfix(&["abort", "--reason", "false alarm", "--yes"]);
        assert_eq!(aborted.status, Some(0), "{aborted}");
    }
    insta::assert_snapshot!(env.hotfix(&["list", "--due"]), @r"
    exit status: 0
    --- stdout
    001                    P0  post-mortem due in 1 d 23 h, [TIME]  Payment API returns 500
    ");
    insta::assert_snapshot!(env.hotfix(&["status"]), @r"
    exit status: 0
    --- stdout
    no incident is open
    ");
    for args in [&["list", "--due", "--json"][..], &["status", "--json"]] {
        let view: serde_json::Value = serde_json::from_str(&env.hotfix(args).stdout).unwrap();
        let due = view["post_mortems"].as_array().unwrap();
        assert_eq!((due.len(), &due[0]["id"]), (1, &"001".into()), "{view}");
    }
    env.hotfix(&["checklist", "001", "--tick", "post-mortem held"]);
    insta::assert_snapshot!(env.hotfix(&["list", "--due"]), @r"
    exit status: 0
    --- stdout
    nothing is due
    ");
}

#[test]
fn an_abort_after_a_deploy_was_no_false_alarm() {
    let env = TestEnv::new();
    env.instant();
    env.hotfix(&["start", "Payment API returns 500", "--severity", "P0", "--issue-id", "001"]);
    env.fix("001");
    let deployed = env.hotfix(&["deploy"]);
    assert_eq!(deployed.status, Some(0), "{deployed}");
    env.hotfix(&["abort", "--reason", "it was the bank", "--yes"]);
    assert!(env.hotfix(&["list", "--due"]).stdout.starts_with("001 "), "production was changed");
}
