//! Identifiers: nobody else gets the same, whoever asks at once and wherever the journal is.

use std::collections::BTreeSet;

use crate::database::Kind;
use crate::env::{Output, TestEnv};

#[test]
fn processes_that_share_a_journal_get_different_numbers() {
    numbers_differ(&TestEnv::new(), &["work"]);
}

#[test]
#[ignore = "needs PostgreSQL: run ./test"]
fn processes_that_share_a_journal_on_postgres_get_different_numbers() {
    numbers_differ(&TestEnv::on(Kind::Postgres), &["work"]);
}

#[test]
fn clones_that_share_only_a_remote_get_different_numbers() {
    let env = TestEnv::new();
    env.git_in(".", &["clone", "--quiet", "remote.git", "other"]);
    numbers_differ(&env, &["work", "other"]);
}

/// Declares in every directory at once, five processes each, and looks at what they were called.
fn numbers_differ(env: &TestEnv, directories: &[&str]) {
    let declare = |directory: &str, process: usize| {
        let title = format!("Outage {process}");
        let mut command = env.hotfix_command(&["declare", &title, "--severity", "P2", "--reason", "a drill", "--json"]);
        env.run(command.current_dir(env.path(directory)))
    };
    let outputs: Vec<Output> = std::thread::scope(|scope| {
        let asked = directories.iter().flat_map(|directory| (0..5).map(move |process| (*directory, process)));
        let threads: Vec<_> =
            asked.map(|(directory, process)| scope.spawn(move || declare(directory, process))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let ids: BTreeSet<String> = outputs
        .iter()
        .map(|output| {
            assert_eq!(output.status, Some(0), "{output}");
            let told: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
            told["incident"]["id"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(ids.len(), outputs.len(), "{ids:?}");
    assert!(ids.iter().all(|id| !id.contains("-P")), "{ids:?}");
    let reserved = env.git_in("remote.git", &["for-each-ref", "--format=%(refname:lstrip=2)", "refs/hotfix"]);
    assert_eq!(reserved.lines().map(str::to_owned).collect::<BTreeSet<_>>().intersection(&ids).count(), ids.len());
}

#[test]
fn without_the_remote_the_name_is_provisional_and_the_number_follows() {
    let env = TestEnv::new();
    env.instant();
    env.git(&["remote", "set-url", "origin", "../gone.git"]);
    let declared = env.hotfix(&["declare", "Outage", "--severity", "P0"]);
    insta::assert_snapshot!(declared, @r"
    exit status: 0
    --- stdout
    HOTFIX-[DATE]-[PROVISIONAL]  P0  Outage
    [DURATION] of 2 h   next update due in 15 min   open
    next: hotfix ship
    --- stderr
    note: the remote `origin` can't be reached: '../gone.git' does not appear to be a git repository: the name is provisional, the number follows
    ");
    env.git(&["remote", "set-url", "origin", "../remote.git"]);
    insta::assert_snapshot!(env.hotfix(&["investigate"]), @r"
    exit status: 0
    --- stdout
    recent commits
      [TIME]  [COMMIT]  Configure hotfix  Ada
      [TIME]  [COMMIT]  Begin  Ada
    no recent deploys

    HOTFIX-[DATE]-002  P0  Outage
    [DURATION] of 2 h   next update due in 15 min   open
            decide
    next: hotfix ship
    --- stderr
      ok    investigate  2 recent commits; 0 recent deploys; `v1.0.0` runs, which was not deployed by hotfix   [DURATION]
    ");
    let audit = env.hotfix(&["audit", "verify"]);
    assert_eq!(audit.status, Some(0), "{audit}");
}

#[test]
fn a_trackers_identifier_is_taken_once() {
    let env = TestEnv::new();
    env.git_in(".", &["clone", "--quiet", "remote.git", "other"]);
    let declare = ["declare", "Outage", "--severity", "P0", "--issue-id", "001"];
    assert_eq!(env.hotfix(&declare).status, Some(0));
    insta::assert_snapshot!(env.hotfix(&declare), @r"
    exit status: 1
    --- stderr
    error: `001` is already an incident
    hint: hotfix status 001
    ");
    let elsewhere = env.run(env.hotfix_command(&declare).current_dir(env.path("other")));
    assert_eq!(elsewhere.status, Some(1), "{elsewhere}");
    insta::assert_snapshot!(env.hotfix(&["declare", "Outage", "--severity", "P0", "--issue-id", "../x"]), @r"
    exit status: 2
    --- stderr
    error: an issue identifier has 1 to 64 letters, digits, `-`, `_` or `.`
    ");
}
