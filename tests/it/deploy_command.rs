//! Deploy commands that misbehave: that hang, leave children, or print without end.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::env::{Output, TestEnv};

/// An incident up to its fix, with `deploy` as the command and this long for it.
fn begun(deploy: &str, limit: &str) -> TestEnv {
    let env = TestEnv::new();
    env.instant();
    env.write("../deploy.sh", deploy);
    let text = env.read("hotfix.toml");
    let (before, rest) = text.split_once("deploy = ").unwrap();
    let (_, after) = rest.split_once('\n').unwrap();
    let before =
        before.replace("[deploy.by.command]", &format!("[deploy]\nlimit = \"{limit}\"\n\n[deploy.by.command]"));
    env.settings(&format!("{before}deploy = \"sh ../deploy.sh\"\n{after}"));
    env.commit("Deploy otherwise");
    env.git(&["push", "--quiet"]);
    let title = "Payment API returns 500";
    let begun = env.hotfix(&["start", title, "--severity", "P0", "--issue-id", "001", "--strategy", "B"]);
    assert_eq!(begun.status, Some(0), "{begun}");
    env.fix("001");
    env
}

fn failed_by(env: &TestEnv, output: &Output, reason: &str) {
    let status = env.hotfix(&["status"]).stdout;
    assert!(status.contains(reason), "{status}\n{output}");
}

fn is_alive(pid: &str) -> bool {
    // One that is dead and not yet collected by anybody does nothing any more.
    let state = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    state.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with('Z'))
}

#[test]
fn one_that_hangs_is_ended_with_its_children() {
    let env = begun("sleep 1000 & echo $! > ../child; wait", "2s");
    let deployed = env.hotfix(&["deploy"]);
    assert_eq!(deployed.status, Some(1), "{deployed}");
    failed_by(&env, &deployed, "took longer than 2 s; production still runs `v1.0.0`");
    assert!(!is_alive(&env.read("../child")), "its child goes with it");
}

#[test]
fn one_that_leaves_children_is_not_waited_for() {
    let env = begun("sleep 1000 & echo $! > ../child; echo \"$HOTFIX_RELEASE\" > ../running", "100s");
    let start = Instant::now();
    let shipped = env.hotfix(&["ship"]);
    assert_eq!(shipped.status, Some(0), "{shipped}");
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
    let child = env.read("../child");
    assert!(is_alive(&child), "it may be the service itself");
    Command::new("kill").arg(child.trim()).status().unwrap();
}

#[test]
fn one_that_prints_a_gigabyte_fills_neither_memory_nor_disk() {
    let print = "head -c 1000000000 /dev/zero | tr '\\0' 'x'; echo; echo the end >&2; exit 3";
    let env = begun(print, "100s");
    // 200 MB of memory for each process, and files of at most 500 MB.
    let limits = "ulimit -d 200000 -f 1000000";
    let deployed = env.run(&mut env.hotfix_within(limits, &["deploy"]));
    assert_eq!(deployed.status, Some(1), "{deployed}");
    failed_by(&env, &deployed, "exit status 3");
    failed_by(&env, &deployed, "the end");
    assert!(deployed.to_string().len() < 20_000, "{} bytes were printed", deployed.to_string().len());
    let kept = Command::new("du").args(["--summarize", "--bytes"]).arg(env.path("work/.git/hotfix")).output().unwrap();
    let kept: u64 = String::from_utf8(kept.stdout).unwrap().split('\t').next().unwrap().parse().unwrap();
    assert!(kept < 100_000_000, "{kept} bytes are left");
}
