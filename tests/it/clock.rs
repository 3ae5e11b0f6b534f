//! The machine's clock jumps while a release is watched. Debian's faketime turns it, for the program and
//! all that it starts; the monotonic clock goes on as it is.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::env::{Output, TestEnv};

const LIBRARY: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

/// A clone whose job is watched for so many seconds, up to its fix.
fn story(window: u64) -> TestEnv {
    let env = TestEnv::new();
    env.instant();
    let config = env.read("hotfix.toml").replace("window = \"50ms\"", &format!("window = \"{window}s\""));
    env.settings(&config);
    env.hotfix(&["start", "Payment API returns 500", "--severity", "P0", "--issue-id", "001"]);
    env.fix("001");
    turn(&env, "+0");
    env
}

/// Turns the clock by so much from what it really is.
fn turn(env: &TestEnv, by: &str) {
    env.write("../clock.new", by);
    std::fs::rename(env.path("clock.new"), env.path("clock")).unwrap();
}

fn turned(env: &TestEnv, args: &[&str]) -> Command {
    let library = std::env::var("HOTFIX_TEST_FAKETIME").unwrap_or_else(|_| LIBRARY.to_owned());
    assert!(Path::new(&library).exists(), "HOTFIX_TEST_FAKETIME names libfaketimeMT.so.1");
    let mut command = env.hotfix_command(args);
    command.env("LD_PRELOAD", library).env("FAKETIME_TIMESTAMP_FILE", env.path("clock"));
    command.env("DONT_FAKE_MONOTONIC", "1").env("FAKETIME_NO_CACHE", "1");
    command
}

/// Ships until the watch has started.
fn ship(env: &TestEnv) -> (Child, Instant) {
    let mut child = turned(env, &["ship"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut told = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    assert!(told.any(|line| line.starts_with("  ok    deploy")), "the watch begins after the deploy");
    std::thread::spawn(move || told.for_each(drop));
    (child, Instant::now())
}

/// That the job ended well, and that its journal is in order.
fn is_well(env: &TestEnv, ended: &Output) {
    assert_eq!(ended.status, Some(0), "{ended}");
    assert!(env.hotfix(&["report", "001"]).stdout.contains("VERIFIED"));
    let timeline = env.hotfix(&["timeline", "001"]).stdout;
    let times: Vec<_> = timeline.lines().map(|line| &line[..19]).collect();
    assert!(times.is_sorted(), "{timeline}");
    let audit = env.hotfix(&["audit", "verify", "001"]);
    assert_eq!(audit.status, Some(0), "{audit}");
}

#[test]
#[ignore = "needs faketime: ./test installs it"]
fn a_clock_that_jumps_makes_a_watch_neither_longer_nor_shorter() {
    std::thread::scope(|scope| {
        for jumps in [["+2h", "+0"], ["-2h", "+2h"]] {
            scope.spawn(move || {
                let env = story(6);
                let (child, began) = ship(&env);
                for by in jumps {
                    std::thread::sleep(Duration::from_secs(2));
                    turn(&env, by);
                }
                let ended = child.wait_with_output().unwrap();
                let ended = Output { status: ended.status.code(), stdout: String::new(), stderr: String::new() };
                let took = began.elapsed();
                assert!(took >= Duration::from_secs(6) && took < Duration::from_secs(60), "{took:?}\n{ended}");
                is_well(&env, &ended);
            });
        }
    });
}

#[test]
#[ignore = "needs faketime: ./test installs it"]
fn killed_and_resumed_in_another_time_it_goes_on_where_it_was() {
    std::thread::scope(|scope| {
        for by in ["+20h", "-20h"] {
            scope.spawn(move || {
                let env = story(16);
                let (mut child, _) = ship(&env);
                std::thread::sleep(Duration::from_secs(11));
                child.kill().unwrap();
                child.wait().unwrap();
                turn(&env, by);
                let resumed = Instant::now();
                let mut child = turned(&env, &["resume", "001"]).stderr(Stdio::piped()).spawn().unwrap();
                let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
                // Only the watch counts: what follows it takes its time on a busy machine.
                let watched = lines.find(|line| line.starts_with("  ok    watch"));
                assert!(
                    watched.is_some() && resumed.elapsed() < Duration::from_secs(15),
                    "{by}: it did not start again"
                );
                let stderr = lines.collect::<Vec<_>>().join("\n");
                let status = child.wait().unwrap().code();
                is_well(&env, &Output { status, stdout: String::new(), stderr });
            });
        }
    });
}
