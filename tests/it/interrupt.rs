//! Ctrl-C: whatever is running, nothing is lost, and `resume` continues.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use hotfix::domain::strategy::Strategy;
use hotfix::workflow::plan;
use rustix::process::{Pid, Signal, kill_process_group};

use crate::crash::at_each;
use crate::env::{Output, TestEnv};

const START: &[&str] = &["start", "Payment API returns 500", "--severity", "P0", "--issue-id", "001"];

#[test]
fn in_any_step() {
    let steps: Vec<&str> = plan::OPENING.iter().chain(plan::steps(Strategy::B)).map(|step| step.as_str()).collect();
    at_each(&steps[..steps.len() - 1], |before| {
        let env = TestEnv::new();
        env.instant();
        // What `start` does, and then what `ship` does; one of them is cut short.
        let mut ended = interrupt(&mut env.hotfix_command(START), before);
        if ended.status == Some(1) {
            ended = env.hotfix(&["resume"]);
        }
        assert!(matches!(ended.status, Some(0 | 3)), "{before}: {ended}");
        env.fix("001");
        let ended = interrupt(&mut env.hotfix_command(&["ship"]), before);
        if ended.status == Some(1) {
            let resumed = env.hotfix(&["resume"]);
            assert_eq!(resumed.status, Some(0), "{before}: {resumed}");
        }
        assert!(env.hotfix(&["status", "001"]).stdout.contains("closed"), "{before}");
        assert_eq!(std::fs::read_to_string(env.path("deploys")).unwrap(), "hotfix-001\n", "{before}");
        assert_eq!(env.git_in("remote.git", &["tag", "--list"]), "hotfix-001", "{before}");
    });
}

#[test]
fn ends_a_command_that_only_looks() {
    let env = TestEnv::new();
    env.settings("[investigate]\nlogs = \"sleep 60\"\n");
    let start = Instant::now();
    insta::assert_snapshot!(interrupt(&mut env.hotfix_command(START), "Payment"), @"
    exit status: 1
    --- stderr
    note: `main` on `origin` has no hotfix.toml yet: the one of the work tree is followed
    001  Payment API returns 500
    error: interrupted; what was recorded is kept, and a running deploy continues
    hint: `hotfix status` says how to continue
    ");
    assert!(start.elapsed() < Duration::from_secs(30));
}

#[test]
fn leaves_a_deploy_to_its_end() {
    let env = TestEnv::new();
    env.instant();
    let slow = env.read("hotfix.toml").replace("deploy = 'echo", "deploy = 'sleep 2 && echo");
    env.settings(&slow);
    env.hotfix(START);
    env.fix("001");
    assert_eq!(interrupt(&mut env.hotfix_command(&["ship"]), "release").status, Some(1));
    let resumed = env.hotfix(&["resume"]);
    assert_eq!(resumed.status, Some(0), "{resumed}");
    assert_eq!(std::fs::read_to_string(env.path("deploys")).unwrap(), "hotfix-001\n");
}

/// Runs a command, and presses Ctrl-C once it has shown a line about `word`: all the processes of
/// the foreground get the signal, as from a terminal.
fn interrupt(command: &mut Command, word: &str) -> Output {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0).spawn().unwrap();
    let group = Pid::from_child(&child);
    let mut stdout = child.stdout.take().unwrap();
    let reader = thread::spawn(move || {
        let mut text = String::new();
        stdout.read_to_string(&mut text).unwrap();
        text
    });
    let mut stderr = String::new();
    for line in BufReader::new(child.stderr.take().unwrap()).lines() {
        let line = line.unwrap();
        if line.split_whitespace().nth(1) == Some(word) {
            // It may have ended already.
            let _ = kill_process_group(group, Signal::INT);
        }
        stderr.push_str(&line);
        stderr.push('\n');
    }
    let stdout = reader.join().unwrap();
    Output { status: child.wait().unwrap().code(), stdout, stderr }
}
