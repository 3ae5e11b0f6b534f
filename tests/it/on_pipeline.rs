//! Deploys by a pipeline: a hook of the remote runs the job and writes down how the run stands.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use crate::env::{Output, TestEnv};

const TAG: &str = "push.tag = \"deploy/{environment}/{release}-{change}\"";
const BRANCH: &str = "push.branch = \"deploy/production\"";

/// Runs `job` for each push below deploy/. RELEASE is the release, STATE the file of the run.
const HOOK: &str = r#"#!/bin/sh
while read -r _ commit ref; do
    case $ref in
    refs/tags/deploy/production/*) RELEASE=${ref#refs/tags/deploy/production/} RELEASE=${RELEASE%-*} ;;
    refs/heads/deploy/production) RELEASE=$(git log -1 --format=%s "$commit" | cut -d ' ' -f 2) ;;
    *) continue ;;
    esac
    export RELEASE STATE=../runs/$(echo "$ref" | tr / _)-$commit
    echo "$RELEASE" >> ../pushed
    setsid sh ../job > ../job.log 2>&1 < /dev/null &
done
"#;

const JOB: &str = r#"
echo '{"state": "in_progress", "url": "https://forge/7"}' > $STATE
sleep 0.3
echo $RELEASE >> ../deploys; echo $RELEASE > ../running
echo '{"state": "success", "url": "https://forge/7"}' > $STATE
"#;

/// A clone whose production is deployed by a pipeline that does `job`, and an incident up to its fix.
fn begun(push: &str, job: &str) -> TestEnv {
    let env = TestEnv::new();
    env.instant();
    env.git(&["tag", "v1.0.0"]);
    env.git(&["push", "--quiet", "origin", "v1.0.0"]);
    env.git_in("remote.git", &["config", "receive.denyNonFastForwards", "true"]);
    fs::create_dir(env.path("runs")).unwrap();
    env.write("../job", job);
    env.write("../remote.git/hooks/post-receive", HOOK);
    let hook = env.path("remote.git/hooks/post-receive");
    fs::set_permissions(hook, fs::Permissions::from_mode(0o755)).unwrap();
    let by = format!(
        "[deploy.by.pipeline]\n{push}\ncurrent = \"cat ../running\"\nevery = \"50ms\"\nappear = \"2s\"\ndeadline = \"4s\"\n\
         runs.command.find = 'cat \"../runs/$(echo \"$HOTFIX_REF\" | tr / _)-$HOTFIX_COMMIT\" 2> /dev/null || true'\n"
    );
    let text = env.read("hotfix.toml");
    let (before, rest) = text.split_once("[deploy.by.command]").unwrap();
    let after = &rest[rest.find("\n[").unwrap()..];
    env.settings(&format!("{before}{by}{after}"));
    env.commit("Deploy by the pipeline");
    env.git(&["push", "--quiet"]);
    begin(&env, "001");
    env
}

fn begin(env: &TestEnv, id: &str) {
    let title = "Payment API returns 500";
    let begun = env.hotfix(&["start", title, "--severity", "P0", "--issue-id", id, "--strategy", "B"]);
    assert_eq!(begun.status, Some(0), "{begun}");
    env.fix(id);
}

fn says(env: &TestEnv, words: &str, output: &Output) {
    let status = env.hotfix(&["status"]).stdout;
    assert!(status.contains(words), "{words}\n{status}\n{output}");
}

#[test]
fn a_release_goes_out_and_back_by_what_is_pushed() {
    for push in [TAG, BRANCH] {
        let env = begun(push, JOB);
        let shipped = env.hotfix(&["ship"]);
        assert_eq!(shipped.status, Some(0), "{shipped}");
        begin(&env, "002");
        let deployed = env.hotfix(&["deploy"]);
        assert_eq!(deployed.status, Some(0), "{deployed}");
        let back = env.hotfix(&["rollback", "--yes"]);
        assert_eq!(env.read("../deploys"), "hotfix-001\nhotfix-002\nhotfix-001\n", "{back}");
        assert_eq!(env.read("../pushed"), "hotfix-001\nhotfix-002\nhotfix-001\n", "each is pushed once");
        if push == BRANCH {
            let tree = |name: &str| env.git_in("remote.git", &["rev-parse", &format!("{name}^{{tree}}")]);
            assert_eq!(tree("deploy/production"), tree("hotfix-001"), "the files of the release that is back");
        } else {
            let tags = env.git_in("remote.git", &["for-each-ref", "--format=%(objectname)", "refs/tags/deploy"]);
            let commit = env.git_in("remote.git", &["rev-parse", "hotfix-001^{commit}"]);
            assert_eq!(tags.lines().filter(|line| *line == commit).count(), 2);
        }
    }
}

#[test]
fn killed_in_the_middle_it_is_pushed_once() {
    for push in [TAG, BRANCH] {
        let env = begun(push, JOB);
        let killed = env.run(env.hotfix_command(&["deploy"]).env("HOTFIX_CRASH", "within:deploy"));
        assert_eq!(killed.status, None, "{killed}");
        let resumed = env.hotfix(&["deploy"]);
        assert_eq!(resumed.status, Some(0), "{resumed}");
        let killed = env.run(env.hotfix_command(&["rollback", "--yes"]).env("HOTFIX_CRASH", "within:roll-back"));
        assert_eq!(killed.status, None, "{killed}");
        let resumed = env.hotfix(&["resume"]);
        assert_eq!(env.read("../pushed"), "hotfix-001\nv1.0.0\n", "{resumed}");
        assert_eq!(env.read("../running"), "v1.0.0\n", "{resumed}");
    }
}

#[test]
fn a_run_that_does_not_succeed_is_told_by_its_kind() {
    let ends = |state: &str| format!("echo '{{\"state\": \"{state}\", \"url\": \"https://forge/7\"}}' > $STATE");
    for (job, reason) in [
        (ends("failed"), "failed (https://forge/7); production still runs `v1.0.0`"),
        (ends("canceled"), "was cancelled (https://forge/7); production still runs `v1.0.0`"),
        (ends("manual"), "waits for a person to start it (https://forge/7); whether production runs"),
        (ends("running"), "has not ended after 4 s (https://forge/7); whether production runs"),
        ("true".to_owned(), "appeared within 2 s; whether production runs"),
        ("echo '{\"state\": \"odd\"}' > $STATE".to_owned(), "can't be seen"),
    ] {
        let env = begun(TAG, &job);
        let start = Instant::now();
        let deployed = env.hotfix(&["deploy"]);
        assert_eq!(deployed.status, Some(1), "{deployed}");
        says(&env, reason, &deployed);
        assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
        // It is run again there, and hotfix goes on with it.
        let state = fs::read_dir(env.path("runs")).unwrap().next();
        let state = state.map_or_else(|| env.path("unseen"), |entry| entry.unwrap().path());
        if state.ends_with("unseen") {
            continue;
        }
        env.write("../running", "hotfix-001\n");
        fs::write(state, "{\"state\": \"success\"}").unwrap();
        let resumed = env.hotfix(&["deploy"]);
        assert_eq!(resumed.status, Some(0), "{resumed}");
        assert_eq!(env.read("../pushed"), "hotfix-001\n");
    }
}

#[test]
fn a_run_that_fails_half_way_is_put_back() {
    let job = "test $RELEASE = v1.0.0 || { echo broken > ../running; echo '{\"state\": \"failure\"}' > $STATE; exit; }";
    let env = begun(TAG, &format!("{job}\n{JOB}"));
    let deployed = env.hotfix(&["deploy"]);
    assert_eq!(env.read("../running"), "v1.0.0\n", "{deployed}");
    assert_eq!(env.read("../pushed"), "hotfix-001\nv1.0.0\n");
}

#[test]
fn somebody_elses_push_to_the_branch_is_kept() {
    let env = begun(BRANCH, JOB);
    let shipped = env.hotfix(&["ship"]);
    assert_eq!(shipped.status, Some(0), "{shipped}");
    env.git(&["fetch", "--quiet"]);
    env.git(&["checkout", "--quiet", "-B", "theirs", "origin/deploy/production"]);
    env.write("theirs.txt", "by hand\n");
    let theirs = env.commit("Deploy hotfix-001 again");
    env.git(&["push", "--quiet", "origin", "theirs:deploy/production"]);
    env.git(&["checkout", "--quiet", "main"]);
    begin(&env, "002");
    let shipped = env.hotfix(&["ship"]);
    assert_eq!(shipped.status, Some(0), "{shipped}");
    let log = env.git_in("remote.git", &["log", "--format=%H", "deploy/production"]);
    assert!(log.contains(&theirs), "{log}");
    assert_eq!(env.read("../running"), "hotfix-002\n");
}
