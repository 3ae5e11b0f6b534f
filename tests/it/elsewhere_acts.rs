//! Acting on an incident from a clone that does not work on it, each with a journal of its own.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::thread;
use std::time::Duration;

use insta::assert_snapshot;
use serde_json::Value;

use crate::env::{Output, TestEnv};
use crate::inbox::{held, waits};
use crate::machines::until;

const BEA: &str = "Bea <bea@example.org>";
const CEM: &str = "Cem <cem@example.org>";

impl TestEnv {
    /// Runs hotfix in the other clone, which asks the remote first, however lately it has.
    fn second(&self, args: &[&str]) -> Output {
        let _ = fs::remove_file(self.path("second/.git/hotfix/fetched"));
        self.hotfix_in("second", args)
    }
}

#[test]
fn approvals_from_another_clone_end_the_wait() {
    let (env, _) = held();
    let waiting = waits(&env, &["ship", "--wait"]);
    let sent = env.second(&["approve", "001", "--role", "tech-lead", "--as", BEA]);
    assert_eq!(sent.status, Some(0), "{sent}");
    let printed = sent.stdout.lines().map(|line| line.split(" approved ").next().unwrap()).collect::<Vec<_>>();
    assert_snapshot!(printed.join("\n"), @r"
    sent:
    the working clone of 001 takes it in; `hotfix status 001` shows the answer
    ");
    let sent = env.second(&["approve", "001", "--role", "on-call", "--as", CEM, "--json"]);
    let view: Value = serde_json::from_str(&sent.stdout).unwrap();
    assert_eq!(view["sent"][0]["incident"], "001", "{sent}");
    let ended: Output = waiting.wait_with_output().unwrap().into();
    assert_eq!(ended.status, Some(0), "{ended}\n{}", fs::read_to_string(env.path("waiting")).unwrap());
    assert_eq!((env.waiting(), env.count("approved")), (0, 2));
    let timeline = env.second(&["timeline", "001"]);
    assert!(timeline.stdout.contains("Bea"), "{timeline}");
    // What was answered is forgotten.
    env.second(&["status", "001"]);
    assert_eq!(env.git_in("second", &["for-each-ref", "refs/hotfix/sent"]), "");
}

#[test]
fn the_sender_sees_what_waits_and_why_it_was_refused() {
    let (env, _) = held();
    let sent = env.second(&["approve", "001", "--role", "tech-lead", "--as", BEA]);
    assert_eq!(sent.status, Some(0), "{sent}");
    let status = env.second(&["status", "001"]);
    assert!(status.stdout.contains("as tech-lead: sent, not taken in yet"), "{status}");
    // Meanwhile the fix is another one.
    fs::write(env.path("work-001/fix.txt"), "fixed better\n").unwrap();
    env.git_in("work-001", &["commit", "--quiet", "--all", "--message", "Fix it better"]);
    fs::write(env.path("work/.git/hotfix/inbox-asked"), "").unwrap();
    let shipped = env.hotfix(&["ship"]);
    assert_eq!(shipped.status, Some(3), "{shipped}");
    assert_eq!((env.waiting(), env.count("approved")), (0, 0), "{shipped}");
    let status = env.second(&["status", "001"]);
    assert!(status.stdout.contains("as tech-lead: refused: the fix is "), "{status}");
    let timeline = env.second(&["timeline", "001"]);
    assert!(timeline.stdout.contains("refused a request of Bea"), "{timeline}");
}

#[test]
fn what_the_rules_forbid_is_not_even_sent() {
    let (env, _) = held();
    for args in [
        &["approve", "001", "--role", "tech-lead"][..],
        &["approve", "001", "--role", "janitor", "--as", BEA],
        &["waive", "everything", "--reason", "x", "--id", "001"],
        &["checklist", "001", "--tick", "nothing"],
    ] {
        let refused = env.second(args);
        assert!(matches!(refused.status, Some(1 | 2)), "{args:?} {refused}");
    }
    assert_eq!(env.waiting(), 0);
}

#[test]
fn each_command_of_people_sends() {
    let (env, _) = held();
    for args in [
        &["note", "seen from here", "--id", "001"][..],
        &["ack", "001"],
        &["severity", "P1", "--reason", "fewer users", "--id", "001"],
        &["decide", "001", "--strategy", "C", "--reason", "the fix takes too long"],
        &["waive", "size", "--reason", "it is data", "--id", "001"],
        &["action", "add", "prevent", "alert on 5xx", "--owner", "bea", "--id", "001"],
    ] {
        let sent = env.second(&[args, &["--as", BEA, "--json"]].concat());
        assert_eq!(sent.status, Some(0), "{args:?} {sent}");
        let view: Value = serde_json::from_str(&sent.stdout).unwrap();
        assert_eq!(view["sent"].as_array().map(Vec::len), Some(1), "{args:?} {sent}");
    }
    assert_eq!(env.waiting(), 6);
    let _ = fs::remove_file(env.path("work/.git/hotfix/inbox-asked"));
    let status = env.hotfix(&["status", "001"]);
    assert_eq!(env.waiting(), 0, "{status}");
    for (event, times) in
        [("noted", 1), ("acknowledged", 1), ("severity-changed", 1), ("waived", 1), ("action-added", 1)]
    {
        assert_eq!(env.count(event), times, "{event} {}", env.hotfix(&["timeline", "001"]));
    }
    assert!(env.events().iter().any(|event| event["fact"]["strategy"] == "C"), "{status}");
}

#[test]
fn a_remote_that_refuses_requests_says_why_and_nothing_is_kept() {
    let (env, _) = held();
    let hook = env.path("remote.git/hooks/pre-receive");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    let text = "#!/bin/sh\nwhile read old new ref; do case $ref in refs/hotfix/inbox/*) \
                echo 'only branches and tags here' >&2; exit 1;; esac; done\n";
    fs::write(&hook, text).unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    assert_snapshot!(env.second(&["note", "x", "--id", "001", "--as", BEA]), @r"
    exit status: 1
    --- stderr
    error: the remote refused the request: [remote rejected] (pre-receive hook declined) only branches and tags here
    hint: whoever runs the remote can allow pushes to refs/hotfix/inbox/*
    hint: until then it is said in the working clone of 001
    ");
    assert_eq!(env.git_in("second", &["for-each-ref", "refs/hotfix/sent"]), "");
    assert_eq!(env.hotfix(&["note", "here it works"]).status, Some(0));
}

#[test]
fn what_may_not_have_arrived_is_sent_again_as_the_same_request() {
    let (env, _) = held();
    env.second(&["status", "001"]);
    fs::rename(env.path("remote.git"), env.path("away.git")).unwrap();
    let unknown = env.hotfix_in("second", &["note", "x", "--id", "001", "--as", BEA]);
    assert_eq!(unknown.status, Some(1), "{unknown}");
    assert!(unknown.stderr.contains("hotfix inbox --again"), "{unknown}");
    fs::rename(env.path("away.git"), env.path("remote.git")).unwrap();
    for _ in 0..2 {
        let again = env.second(&["inbox", "--again"]);
        assert_eq!((again.status, env.waiting()), (Some(0), 1), "{again}");
    }
    env.hotfix(&["ship"]);
    assert_eq!((env.waiting(), env.count("noted")), (0, 1));
    env.second(&["inbox", "--again"]);
}

/// Ten processes at a time; HOTFIX_TEAM_REQUESTS requests of each, fewer in CI.
#[test]
fn of_many_at_once_none_is_lost_and_none_is_twice() {
    let (env, _) = held();
    let each: usize = std::env::var("HOTFIX_TEAM_REQUESTS").ok().and_then(|each| each.parse().ok()).unwrap_or(3);
    let waiting = waits(&env, &["ship", "--wait"]);
    env.second(&["status", "001"]);
    thread::scope(|scope| {
        for process in 0..10 {
            let env = &env;
            scope.spawn(move || {
                for number in 0..each {
                    let person = format!("Person {process} <p{process}@example.org>");
                    let text = format!("note {process} {number}");
                    let sent = env.hotfix_in("second", &["note", &text, "--id", "001", "--as", &person]);
                    assert_eq!(sent.status, Some(0), "{sent}");
                }
            });
        }
    });
    until("all are taken in", || {
        thread::sleep(Duration::from_millis(200));
        env.waiting() == 0
    });
    env.second(&["approve", "001", "--role", "tech-lead", "--as", BEA]);
    env.second(&["approve", "001", "--role", "on-call", "--as", CEM]);
    let ended: Output = waiting.wait_with_output().unwrap().into();
    assert_eq!(ended.status, Some(0), "{ended}\n{}", fs::read_to_string(env.path("waiting")).unwrap());
    let timeline = env.hotfix(&["timeline", "001"]).stdout;
    let notes: Vec<&str> =
        timeline.lines().filter_map(|line| line.split_once("note: ")).map(|(_, note)| note).collect();
    let different: BTreeSet<&str> = notes.iter().copied().collect();
    assert_eq!((notes.len(), different.len()), (10 * each, 10 * each), "{timeline}");
    assert_eq!((env.count("approved"), env.count("request-refused")), (2, 0));
    assert_eq!(env.hotfix(&["audit", "verify"]).status, Some(0));
}
