//! A deploy and a rollback without an incident.

use std::process::Stdio;

use insta::assert_snapshot;
use serde_json::Value;

use crate::crash::at_each;
use crate::database::Kind;
use crate::env::{Output, TestEnv, counts};

/// A clone with the releases v1.0.0, which runs, and v1.1.0.
fn released(kind: Kind) -> TestEnv {
    let env = TestEnv::on(kind);
    env.instant();
    env.git(&["tag", "v1.0.0"]);
    env.write("prices.txt", "new\n");
    env.commit("Change the prices");
    env.git(&["tag", "v1.1.0"]);
    env.git(&["push", "--quiet", "origin", "main", "v1.0.0", "v1.1.0"]);
    env
}

fn sqlite() -> TestEnv {
    released(Kind::Sqlite)
}

impl TestEnv {
    /// Makes every release BAD but v1.0.0.
    fn only_the_first_is_good(&self) {
        self.configure("by.memory = {}", "by.command = { run = 'grep -q v1.0.0 ../running' }");
        self.configure("window = \"50ms\"", "window = \"2s\"");
    }
}

#[test]
fn a_release_is_deployed_and_watched() {
    let env = sqlite();
    let _counts = counts();
    assert_snapshot!(env.hotfix(&["deploy", "v1.1.0", "--reason", "new prices"]), @r"
    exit status: 0
    --- stdout
    DEPLOY-[DATE]-001  deploy v1.1.0 to production
    [DURATION]   done
    --- stderr
      skip  image        no command builds an image (image.build)   [DURATION]
      ok    prepare      way back: `v1.0.0` ([COMMIT]); goes out: 1 commit ([COMMIT] Change the prices)   [DURATION]
      ok    deploy       production: v1.0.0 -> v1.1.0 ([COMMIT]), [DURATION]   [DURATION]
      ok    watch        [COUNTS]: VERIFIED   [DURATION]
    ");
    assert_eq!(env.read("../running"), "v1.1.0\n");
    assert_snapshot!(env.hotfix(&["log"]), @r"
    exit status: 0
    --- stdout
    [TIME]  v1.1.0                   [COMMIT]  -                    VERIFIED  Ada <ada@example.org>  DEPLOY-[DATE]-001 new prices
    [TIME]  v1.0.0                   [COMMIT]  -                    -         -  seen running by DEPLOY-[DATE]-001, not deployed by hotfix; unverified
    ");
    assert_snapshot!(env.hotfix(&["timeline"]), @r"
    exit status: 0
    --- stdout
    [TIME]  +[DURATION]  Ada  ordered: deploy v1.1.0 to production: new prices
    [TIME]  +[DURATION]  Ada  image skipped: no command builds an image (image.build)
    [TIME]  +[DURATION]  Ada  prepare: way back: `v1.0.0` ([COMMIT]); goes out: 1 commit ([COMMIT] Change the prices)
    [TIME]  +[DURATION]  Ada  deploy started
    [TIME]  +[DURATION]  Ada  deploy: production: v1.0.0 -> v1.1.0 ([COMMIT]), [DURATION]
    [TIME]  +[DURATION]  Ada  watch started
    [TIME]  +[DURATION]  Ada  watch: [COUNTS]: VERIFIED
    [TIME]  +[DURATION]  Ada  closed
    ");
    assert_snapshot!(env.hotfix(&["list"]), @r"
    exit status: 0
    --- stdout
    no incident was declared yet
    ");
    assert_snapshot!(env.hotfix(&["audit", "verify"]), @r"
    exit status: 0
    --- stdout
    1 journal holds
    ");
    assert_snapshot!(env.hotfix(&["deploy", "v1.1.0"]), @r"
    exit status: 0
    --- stdout
    production runs `v1.1.0` already; nothing to do
    ");
    assert_snapshot!(env.hotfix(&["deploy"]), @r"
    exit status: 0
    --- stdout
    production runs `v1.1.0`, and no release is newer; nothing to do
    ");
}

#[test]
fn the_newest_release_is_shown_and_agreed_to() {
    let env = sqlite();
    assert_snapshot!(env.hotfix(&["deploy", "--dry-run"]), @r"
    exit status: 0
    --- stdout
    image         nothing
    prepare       write down what runs in production
                  bring 1 commit ([COMMIT] Change the prices)
                  find way back: `v1.0.0`
    deploy        deploy v1.1.0 to production, where v1.0.0 runs
    watch         watch health for [DURATION]
    ");
    assert_snapshot!(env.hotfix(&["deploy"]), @r"
    exit status: 2
    --- stderr
    error: to deploy v1.1.0 to production, where `v1.0.0` runs, somebody has to agree
    hint: add --yes
    ");
    assert_eq!(env.hotfix(&["deploy", "--yes"]).status, Some(0));
    assert_eq!(env.read("../deploys"), "v1.1.0\n");
}

#[test]
fn a_bad_release_goes_back_by_itself() {
    let env = sqlite();
    let _counts = counts();
    env.only_the_first_is_good();
    assert_snapshot!(env.hotfix(&["deploy", "v1.1.0"]), @r"
    exit status: 1
    --- stdout
    DEPLOY-[DATE]-001  deploy v1.1.0 to production
    [DURATION]   rolled back
    --- stderr
      skip  image        no command builds an image (image.build)   [DURATION]
      ok    prepare      way back: `v1.0.0` ([COMMIT]); goes out: 1 commit ([COMMIT] Change the prices)   [DURATION]
      ok    deploy       production: v1.0.0 -> v1.1.0 ([COMMIT]), [DURATION]   [DURATION]
      BAD   watch        [COUNTS]: BAD, the share of errors is above the limit; the last one: exit status 1:   [DURATION]
      ok    roll-back    production: v1.1.0 -> v1.0.0, [DURATION]   [DURATION]
      ok    confirm      [COUNTS]: VERIFIED   [DURATION]
    ");
    assert_eq!(env.read("../deploys"), "v1.1.0\nv1.0.0\n");
    assert_snapshot!(env.hotfix(&["deploy", "v1.1.0"]), @r"
    exit status: 2
    --- stderr
    warning: `v1.1.0` was found BAD before
    error: to deploy v1.1.0 to production, where `v1.0.0` runs, somebody has to agree
    hint: add --yes
    ");
}

#[test]
fn a_rollback_goes_to_the_last_verified_release() {
    let env = sqlite();
    let _counts = counts();
    assert_snapshot!(env.hotfix(&["rollback", "--yes"]), @r"
    exit status: 1
    --- stderr
    error: no other release than `v1.0.0`, which runs, was verified
    hint: hotfix rollback --to RELEASE
    ");
    assert_eq!(env.hotfix(&["deploy", "v1.1.0"]).status, Some(0));
    assert_snapshot!(env.hotfix(&["rollback", "--yes"]), @r"
    exit status: 1
    --- stderr
    error: no other release than `v1.1.0`, which runs, was verified
    hint: hotfix rollback --to v1.0.0, which was never verified
    ");
    assert_snapshot!(env.hotfix(&["rollback", "--to", "v1.0.0", "--dry-run"]), @r"
    exit status: 0
    --- stdout
    prepare       write down what runs in production
                  find production runs `v1.1.0`
    roll-back     roll back production from `v1.1.0` to `v1.0.0`
    confirm       watch the release that is back
    --- stderr
    warning: `v1.0.0` was never verified in production
    ");
    assert_snapshot!(env.hotfix(&["rollback", "--to", "v1.0.0", "--reason", "wrong prices"]), @r"
    exit status: 2
    --- stderr
    warning: `v1.0.0` was never verified in production
    error: to roll back production to v1.0.0, where `v1.1.0` runs, somebody has to agree
    hint: add --yes
    ");
    assert_snapshot!(env.hotfix(&["rollback", "--to", "v1.0.0", "--reason", "wrong prices", "--yes"]), @r"
    exit status: 0
    --- stdout
    ROLLBACK-[DATE]-001  roll back production to v1.0.0
    [DURATION]   done
    --- stderr
    warning: `v1.0.0` was never verified in production
      ok    prepare      production runs `v1.1.0` ([COMMIT])   [DURATION]
      ok    roll-back    production: v1.1.0 -> v1.0.0, [DURATION]   [DURATION]
      ok    confirm      [COUNTS]: VERIFIED   [DURATION]
    ");
    assert_eq!(env.read("../deploys"), "v1.1.0\nv1.0.0\n");
    assert_snapshot!(env.hotfix(&["rollback", "--to", "v1.0.0"]), @r"
    exit status: 0
    --- stdout
    production runs `v1.0.0` already; nothing to do
    ");
    assert_snapshot!(env.hotfix(&["rollback", "--to", "v1.1.0"]), @r"
    exit status: 2
    --- stderr
    warning: `v1.1.0` was found BAD before
    error: to roll back production to v1.1.0, where `v1.0.0` runs, somebody has to agree
    hint: add --yes
    ");
}

#[test]
fn what_can_not_be_ordered_is_named() {
    let env = sqlite();
    for release in ["v9.9.9", "v1.1.0~1", "--help-me", "v1.1.0\nv1.0.0", "*"] {
        let refused = env.hotfix(&["deploy", "--", release]);
        assert_eq!(refused.status, Some(1), "{refused}");
        assert!(refused.stderr.contains("there is no release"), "{refused}");
    }
    assert_snapshot!(env.hotfix(&["rollback", "--to", "v9.9.9"]), @r"
    exit status: 1
    --- stderr
    error: there is no release `v9.9.9`
    hint: git tag --list
    hint: hotfix log
    ");
    env.write("../running", "");
    assert_snapshot!(env.hotfix(&["rollback"]), @r"
    exit status: 1
    --- stderr
    error: nothing runs in production
    hint: hotfix deploy RELEASE
    ");
    assert_snapshot!(env.hotfix(&["deploy", "v1.1.0"]), @r"
    exit status: 2
    --- stderr
    warning: nothing runs now, so there is nothing to go back to
    error: to deploy v1.1.0 to production, where nothing runs, somebody has to agree
    hint: add --yes
    ");
    env.git(&["tag", "--delete", "v1.0.0", "v1.1.0"]);
    env.git(&["push", "--quiet", "origin", ":v1.0.0", ":v1.1.0"]);
    assert_snapshot!(env.hotfix(&["deploy"]), @r"
    exit status: 1
    --- stderr
    error: no tag that fits `v*` has a version
    hint: name one: hotfix deploy RELEASE
    hint: set branch.tag in hotfix.toml
    ");
    env.settings("");
    assert_snapshot!(env.hotfix(&["deploy"]), @r"
    exit status: 1
    --- stderr
    error: no deployer is configured
    hint: set [deploy.by.command] in hotfix.toml
    ");
}

#[test]
fn in_an_incident_it_is_the_incidents() {
    let env = sqlite();
    env.hotfix(&["start", "Payment API returns 500", "--severity", "P0", "--issue-id", "001", "--strategy", "B"]);
    assert_snapshot!(env.hotfix(&["deploy", "v1.1.0"]), @r"
    exit status: 3
    --- stderr
    error: incident `001` is open, and a deploy is one of its steps
    hint: hotfix deploy 001
    hint: hotfix rollback 001 --to RELEASE
    ");
    env.fix("001");
    let deployed = env.hotfix(&["deploy"]);
    assert_eq!(deployed.status, Some(0), "{deployed}");
    assert_snapshot!(env.hotfix(&["rollback", "--to", "v1.1.0", "--dry-run"]), @r"
    exit status: 0
    --- stdout
    roll back production from `hotfix-001` to `v1.1.0`
    --- stderr
    warning: `v1.1.0` was never verified in production
    ");
    assert_eq!(env.hotfix(&["rollback", "--to", "v1.1.0", "--yes"]).status, Some(0));
    assert_eq!(env.read("../deploys"), "hotfix-001\nv1.1.0\n");
}

#[test]
fn what_is_no_incident_is_not_treated_as_one() {
    let env = sqlite();
    let _counts = counts();
    env.configure("window = \"50ms\"", "window = \"50ms\"\npatience = \"0s\"\nblind = \"10ms\"");
    env.configure("by.memory = {}", "by.command = { run = 'sleep 9' }");
    let held = env.hotfix(&["deploy", "v1.1.0"]);
    assert_eq!(held.status, Some(3), "{held}");
    let order: Value = serde_json::from_str(&env.hotfix(&["status", "--json"]).stdout).unwrap();
    let id = order["orders"][0]["order"]["id"].as_str().unwrap().to_owned();
    assert_snapshot!(env.hotfix(&["decide", &id, "--strategy", "B"]), @r"
    exit status: 1
    --- stderr
    error: `DEPLOY-[DATE]-001` is a deploy, not an incident
    hint: hotfix status DEPLOY-[DATE]-001
    ");
    assert_snapshot!(env.hotfix(&["ship"]), @r#"
    exit status: 1
    --- stderr
    error: no incident is open
    hint: hotfix "WHAT IS BROKEN" --severity P0
    "#);
    assert_snapshot!(env.hotfix(&["deploy", "v1.0.0"]), @r"
    exit status: 3
    --- stderr
    error: `DEPLOY-[DATE]-001`, deploy v1.1.0 to production, is held
    hint: hotfix resume DEPLOY-[DATE]-001
    hint: hotfix abort DEPLOY-[DATE]-001 --reason ...
    ");
    assert_snapshot!(env.hotfix(&["status"]), @r"
    exit status: 0
    --- stdout
    DEPLOY-[DATE]-001  deploy v1.1.0 to production
    [DURATION]   held
      skip  image        no command builds an image (image.build)   [DURATION]
      ok    prepare      way back: `v1.0.0` ([COMMIT]); goes out: 1 commit ([COMMIT] Change the prices)   [DURATION]
      ok    deploy       production: v1.0.0 -> v1.1.0 ([COMMIT]), [DURATION]   [DURATION]
      held  watch        [COUNTS]: BLIND, not one request was seen in [DURATION]   [DURATION]
    next: `hotfix resume` to watch longer; or `hotfix waive watch --reason ...`
    ");
    assert_snapshot!(env.hotfix(&["waive", "watch", "--reason", "the probe is down"]), @r"
    exit status: 0
    --- stdout
    watch is waived by Ada <ada@example.org>
    next: hotfix resume
    ");
    assert_snapshot!(env.hotfix(&["resume"]), @r"
    exit status: 0
    --- stdout
    DEPLOY-[DATE]-001  deploy v1.1.0 to production
    [DURATION]   done
    --- stderr
      skip  watch        waived   [DURATION]
    ");
}

#[test]
fn of_two_at_once_one_deploys() {
    let env = sqlite();
    env.configure("deploy = 'echo", "deploy = 'sleep 1; echo");
    let deploy = |release: &str| {
        let mut command = env.hotfix_command(&["deploy", release]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    env.git(&["tag", "v1.2.0"]);
    let both = [deploy("v1.1.0"), deploy("v1.2.0")];
    let mut ended: Vec<Output> = both.map(|child| child.wait_with_output().unwrap().into()).into();
    ended.sort_by_key(|output| output.status);
    assert_eq!([ended[0].status, ended[1].status], [Some(0), Some(3)], "{}\n{}", ended[0], ended[1]);
    assert_eq!(env.read("../deploys").lines().count(), 1);
    assert!(ended[1].stderr.contains("hint: "), "{}", ended[1]);
}

#[test]
fn killed_before_and_after_every_event_it_goes_out_and_back_once() {
    survives(Kind::Sqlite);
}

#[test]
#[ignore = "needs PostgreSQL: run ./test"]
fn killed_before_and_after_every_event_it_goes_out_and_back_once_on_postgres() {
    survives(Kind::Postgres);
}

/// A release whose deploy fails half-way, so that the way back is gone as well.
fn survives(kind: Kind) {
    let story = story(kind);
    let sandbox = story.path("");
    let again = || TestEnv::copy_of(&sandbox, kind);
    let (events, whole) = run(&again(), None);
    assert!(events > 10, "{events} events");
    let points: Vec<String> = (1..=events).flat_map(|seq| [format!("before:{seq}"), format!("after:{seq}")]).collect();
    at_each(&points, |point| assert_eq!(run(&again(), Some(point.as_str())).1, whole, "{point}"));
}

fn story(kind: Kind) -> TestEnv {
    let env = released(kind);
    env.configure("> ../running'", "> ../running && test $HOTFIX_RELEASE = v1.0.0'");
    let team = "\n[[notify]]\nname = \"team\"\nby.file = { path = \"../notices\" }\n";
    env.settings(&(env.read("hotfix.toml") + team));
    env
}

/// Deploys a bad release; where that is killed at `point`, resumes it. Returns the number of events,
/// and what can be seen outside.
fn run(env: &TestEnv, point: Option<&str>) -> (usize, String) {
    let deploy = ["deploy", "v1.1.0"];
    let Some(point) = point else {
        let output = env.hotfix(&deploy);
        assert_eq!(output.status, Some(1), "{output}");
        return (env.hotfix(&["timeline", "--events"]).stdout.lines().count(), world(env));
    };
    let killed = env.run(env.hotfix_command(&deploy).env("HOTFIX_CRASH", point));
    assert_eq!(killed.status, None, "{point}: {killed}");
    // Killed before its first event, nothing is ordered yet; killed after its last one, all is done.
    let again = if point == "before:1" { env.hotfix(&deploy) } else { env.hotfix(&["resume"]) };
    assert!(again.status == Some(1) || again.stdout.contains("nothing to resume"), "{point}: {again}");
    (0, world(env))
}

fn world(env: &TestEnv) -> String {
    let audit = env.hotfix(&["audit", "verify"]);
    assert_eq!(audit.status, Some(0), "{audit}");
    let log: Value = serde_json::from_str(&env.hotfix(&["log", "--json"]).stdout).unwrap();
    let releases = log["releases"].as_array().unwrap().iter();
    let releases: Vec<_> = releases.map(|release| format!("{} {}", release["release"], release["verdict"])).collect();
    let notices = env.read("../notices");
    // The figures differ, and a number that died with its process is not given again.
    let notices = notices.lines().map(|line| line.splitn(3, ' ').nth(2).unwrap_or_default());
    let notices: Vec<_> = notices.map(|line| line.split(':').next().unwrap_or_default()).collect();
    format!("{}{}\n{}", env.read("../deploys"), releases.join("\n"), notices.join("\n").replace("-002", "-001"))
}
