//! A release that something else deployed, and what is left when a job changes its way.

use crate::database::Kind;
use crate::env::{Output, TestEnv};

const START: [&str; 6] = ["start", "Payment API returns 500", "--severity", "P0", "--issue-id", "001"];

fn ok(output: &Output) {
    assert_eq!(output.status, Some(0), "{output}");
}

/// Production runs v1.1.0, which a script deployed; v1.0.0 was before it.
fn deployed_by_a_script() -> TestEnv {
    deployed_by_a_script_on(Kind::Sqlite)
}

fn deployed_by_a_script_on(kind: Kind) -> TestEnv {
    let env = TestEnv::on(kind);
    env.instant();
    env.git(&["tag", "--annotate", "--message", "one", "v1.0.0"]);
    env.write("pay.txt", "1\n");
    env.commit("Pay");
    env.git(&["tag", "--annotate", "--message", "two", "v1.1.0"]);
    env.git(&["push", "--quiet", "origin", "main", "v1.0.0", "v1.1.0"]);
    env.write("../running", "v1.1.0\n");
    env
}

#[test]
fn what_runs_counts_whoever_deployed_it() {
    let env = deployed_by_a_script();
    let started = env.hotfix(&START);
    ok(&started);
    assert!(started.stderr.contains("`v1.1.0` runs, which was not deployed by hotfix"), "{started}");
    let why = "no rollback: no verified release before `v1.1.0` is known; `v1.0.0` is the one before, never verified";
    assert!(started.stderr.contains(why), "{started}");
}

#[test]
fn a_release_that_nobody_verified_is_offered_with_that_word_and_a_person_takes_it() {
    let env = deployed_by_a_script();
    let rollback = [&START[..], &["--strategy", "A"]].concat();
    let held = env.hotfix(&rollback);
    assert_eq!(held.status, Some(3), "{held}");
    assert!(
        held.stderr.contains("no release before `v1.1.0` was verified; `v1.0.0` is the one before it, never verified"),
        "{held}"
    );
    assert!(held.stdout.contains("hotfix rollback 001 --to v1.0.0"), "{held}");
    ok(&env.hotfix(&["rollback", "001", "--to", "v1.0.0", "--yes"]));
    assert_eq!(env.read("../running"), "v1.0.0\n");
}

#[test]
fn without_an_incident_it_is_named_too() {
    let env = deployed_by_a_script();
    insta::assert_snapshot!(env.hotfix(&["rollback", "--dry-run"]), @r"
    exit status: 1
    --- stderr
    error: no other release than `v1.1.0`, which runs, was verified
    hint: hotfix rollback --to v1.0.0, which was never verified
    ");
}

#[test]
fn another_strategy_leaves_no_branch_that_nobody_has_worked_on() {
    let env = deployed_by_a_script();
    ok(&env.hotfix(&START));
    assert!(env.path("work-001").exists());
    ok(&env.hotfix(&["decide", "--strategy", "A", "--reason", "faster"]));
    ok(&env.hotfix(&["rollback", "001", "--to", "v1.0.0", "--yes"]));
    ok(&env.hotfix(&["ship", "001"]));
    assert!(!env.path("work-001").exists());
    let branches = || env.git_in("remote.git", &["branch", "--list", "--format=%(refname:short)"]);
    assert_eq!(branches(), "main");
}

#[test]
fn another_strategy_keeps_what_somebody_has_made() {
    let env = deployed_by_a_script();
    ok(&env.hotfix(&START));
    let fix = env.fix("001");
    ok(&env.hotfix(&["decide", "--strategy", "A", "--reason", "faster"]));
    ok(&env.hotfix(&["rollback", "001", "--to", "v1.0.0", "--yes"]));
    let shipped = env.hotfix(&["ship", "001"]);
    ok(&shipped);
    assert!(shipped.stderr.contains("has commits that were not released"), "{shipped}");
    assert_eq!(env.git_in("work-001", &["rev-parse", "HEAD"]), fix);
}

#[test]
fn without_a_deployer_no_tag_is_made() {
    let env = deployed_by_a_script();
    let rules = env.read("hotfix.toml");
    let (before, rest) = rules.split_once("[deploy.by.command]").unwrap();
    env.settings(&format!("{before}{}", &rest[rest.find("[watch]").unwrap()..]));
    let started = env.hotfix(&START);
    assert!(started.stderr.contains("no deployer is configured yet"), "{started}");
    env.fix("001");
    let shipped = env.hotfix(&["ship"]);
    assert!(shipped.stderr.contains("FAIL  release      no deployer is configured"), "{shipped}");
    assert_eq!(env.git_in("remote.git", &["tag", "--list", "hotfix*"]), "");
}

#[test]
fn before_the_first_deploy_nothing_runs() {
    let env = deployed_by_a_script();
    env.configure("current = \"cat ../running\"", "current = \"cat ../nothing\"");
    let deployed = env.hotfix(&["deploy", "v1.1.0", "--dry-run"]);
    assert!(
        deployed.stderr.contains("before the first deploy, `current` has to print nothing and succeed"),
        "{deployed}"
    );
}

#[test]
fn a_fix_may_start_from_what_runs() {
    let env = deployed_by_a_script();
    env.write("later.txt", "not released\n");
    env.publish("Work on something else");
    env.configure("[guard]", "[branch]\nfrom = \"running\"\n\n[guard]");
    ok(&env.hotfix(&START));
    assert!(!env.path("work-001/later.txt").exists() && env.path("work-001/pay.txt").exists());
    env.write("../running", "v9\n");
    let started = env.hotfix(&["start", "Payment API returns 501", "--severity", "P0", "--issue-id", "002"]);
    assert!(started.stderr.contains("production runs `v9`, which is no tag"), "{started}");
}

#[test]
fn after_a_rollback_what_was_bad_is_still_to_be_taken_out() {
    let env = deployed_by_a_script();
    assert_eq!(env.hotfix(&[&START[..], &["--strategy", "A"]].concat()).status, Some(3));
    ok(&env.hotfix(&["rollback", "001", "--to", "v1.0.0", "--yes"]));
    let shipped = env.hotfix(&["ship", "001"]);
    ok(&shipped);
    let next = "next: before the next release: `git revert --no-edit v1.0.0..v1.1.0` on production's branch, or fix it";
    assert!(shipped.stdout.contains(next), "{shipped}");
}

#[test]
fn what_runs_is_not_waited_for_where_nobody_answers() {
    let env = deployed_by_a_script();
    env.configure("current = \"cat ../running\"", "current = \"sleep 50\"");
    let started = env.hotfix(&START);
    ok(&started);
    assert!(started.stderr.contains("not seen: what runs: no answer within 5 s"), "{started}");
}

#[test]
fn what_was_seen_running_is_in_the_log_in_sqlite() {
    what_was_seen_running_is_in_the_log(Kind::Sqlite);
}

#[test]
#[ignore = "needs PostgreSQL: run ./test"]
fn what_was_seen_running_is_in_the_log_in_postgres() {
    what_was_seen_running_is_in_the_log(Kind::Postgres);
}

fn what_was_seen_running_is_in_the_log(kind: Kind) {
    let env = deployed_by_a_script_on(kind);
    ok(&env.hotfix(&START));
    assert_eq!(log(&env), "v1.1.0  -          seen running by 001, not deployed by hotfix; unverified");
    // It is written down once.
    ok(&env.hotfix(&["start", "Payment API returns 501", "--severity", "P0", "--issue-id", "002"]));
    assert_eq!(log(&env).lines().count(), 1);
    for id in ["001", "002"] {
        ok(&env.hotfix(&["abort", id, "--reason", "false alarm", "--yes"]));
    }
    // Another one, which the way back of an order is the first to see.
    env.git(&["tag", "v1.2.0"]);
    env.git(&["push", "--quiet", "origin", "v1.2.0"]);
    env.write("../running", "v1.2.0\n");
    ok(&env.hotfix(&["rollback", "--to", "v1.0.0", "--reason", "too slow", "--yes"]));
    insta::allow_duplicates! {
        insta::assert_snapshot!(log(&env), @r"
        v1.0.0  VERIFIED   ROLLBACK-[DATE]-001 too slow
        v1.2.0  BAD        seen running by ROLLBACK-[DATE]-001, not deployed by hotfix
        v1.1.0  -          seen running by 001, not deployed by hotfix; unverified
        ");
    }
    // A later release is compared with it like with one that hotfix deployed.
    env.write("more.txt", "more\n");
    env.publish("More");
    env.git(&["tag", "v1.3.0"]);
    env.git(&["push", "--quiet", "origin", "v1.3.0"]);
    let deploy = env.hotfix(&["deploy", "v1.3.0", "--dry-run"]);
    assert!(deploy.to_string().contains("the release contains `v1.2.0`, found BAD in production before"), "{deploy}");
    ok(&env.hotfix(&["audit", "verify"]));
    let log = env.hotfix(&["log", "--json"]).stdout;
    assert!(log.contains("\"deployer\": \"\""), "{log}");
}

#[test]
fn a_bad_fix_says_nothing_of_the_release_that_was_seen_before_it() {
    let env = deployed_by_a_script();
    env.configure("by.memory = {}", "by.command = { run = 'grep -q v1.1.0 ../running' }");
    env.configure("window = \"50ms\"", "window = \"2s\"");
    env.configure("every = \"1ms\"", "every = \"20ms\"");
    ok(&env.hotfix(&START));
    env.fix("001");
    let shipped = env.hotfix(&["ship"]);
    assert_eq!(env.read("../running"), "v1.1.0\n", "{shipped}");
    insta::assert_snapshot!(log(&env), @r"
    v1.1.0  VERIFIED   001 Payment API returns 500
    hotfix-001  BAD        001 Payment API returns 500
    v1.1.0  -          seen running by 001, not deployed by hotfix; unverified
    ");
    ok(&env.hotfix(&["audit", "verify"]));
}

/// Release, verdict and reason of each line of the log.
fn log(env: &TestEnv) -> String {
    let log = env.hotfix(&["log"]);
    ok(&log);
    let columns = |line: &str| {
        let fields: Vec<&str> = line.split("  ").map(str::trim).filter(|field| !field.is_empty()).collect();
        let verdict = fields[4].split(' ').next().unwrap_or_default();
        format!("{}  {verdict:<9}  {}", fields[1], fields.last().unwrap_or(&""))
    };
    log.stdout.lines().map(columns).collect::<Vec<_>>().join("\n")
}
