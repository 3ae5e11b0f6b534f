//! What happens when things break off: nothing half done, nothing twice.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use hotfix::git::Git;
use hotfix::git::backport::push::{self, Pushed};
use hotfix::git::backport::request::Request;
use hotfix::git::backport::{backport, merge, plan};

use crate::random::Random;
use crate::sandbox::{Sandbox, lines};

const BRANCHES: usize = 12;

fn sandbox() -> (Sandbox, Request) {
    let sandbox = Sandbox::new();
    for at in 0..BRANCHES {
        sandbox.branch(&format!("feature/{at}"), "main", &[(&format!("own{at}.txt"), "own")]);
    }
    let fix = sandbox.commit("The fix", &[("code.txt", &lines(5, "fixed"))]);
    (sandbox, Request::new(fix, ["feature/*"]))
}

/// How many commits of each branch are the fix.
fn fixes(sandbox: &Sandbox) -> Vec<usize> {
    let count = |at: usize| {
        let branch = format!("feature/{at}");
        sandbox.remote(&["log", "--format=%s", &branch]).lines().filter(|subject| *subject == "The fix").count()
    };
    (0..BRANCHES).map(count).collect()
}

fn hook(sandbox: &Sandbox, name: &str, script: &str) {
    let path = sandbox.path("remote.git").join("hooks").join(name);
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a hook");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a hook");
}

/// This test's own program, running `one_backport` below in that clone.
fn another_process(directory: &Path, fix: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command
        .args(["--exact", "faults::one_backport"])
        .env("HOTFIX_TEST_DIRECTORY", directory)
        .env("HOTFIX_TEST_FIX", fix)
        .envs([("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_SYSTEM", "/dev/null")])
        .envs([("GIT_COMMITTER_NAME", "Ours"), ("GIT_COMMITTER_EMAIL", "ours@example.org")])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// Does nothing unless another test runs it in a process of its own.
#[tokio::test]
async fn one_backport() {
    let [directory, fix] = ["HOTFIX_TEST_DIRECTORY", "HOTFIX_TEST_FIX"].map(|name| std::env::var(name).ok());
    let (Some(directory), Some(fix)) = (directory, fix) else { return };
    backport(&Git::at(directory), &Request::new(fix, ["feature/*"])).await.expect("a report");
}

#[tokio::test]
async fn killed_at_any_moment() {
    let rounds = std::env::var("HOTFIX_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(8);
    let mut random = Random(7);
    for round in 0..rounds {
        let (sandbox, request) = sandbox();
        let mut child = another_process(&sandbox.path("work"), &request.fix).spawn().expect("a process");
        std::thread::sleep(Duration::from_millis(random.below(250) as u64));
        let _ = child.kill();
        child.wait().expect("it ended");
        // A push that was under way may still end by itself.
        let mut before = fixes(&sandbox);
        loop {
            std::thread::sleep(Duration::from_millis(100));
            let after = fixes(&sandbox);
            if after == before {
                break;
            }
            before = after;
        }
        assert!(before.iter().all(|count| *count == before[0]), "round {round}: {before:?}");
        let report = backport(&sandbox.runner(), &request).await.expect("a report");
        assert!(report.complete());
        assert_eq!(fixes(&sandbox), [1; BRANCHES], "round {round}");
    }
}

#[tokio::test]
async fn the_remote_dies_before_it_takes_anything() {
    let (sandbox, request) = sandbox();
    hook(&sandbox, "pre-receive", "kill -9 $PPID");
    backport(&sandbox.runner(), &request).await.expect_err("the push broke off");
    assert_eq!(fixes(&sandbox), [0; BRANCHES]);
    hook(&sandbox, "pre-receive", "true");
    backport(&sandbox.runner(), &request).await.expect("a report");
    assert_eq!(fixes(&sandbox), [1; BRANCHES]);
}

#[tokio::test]
async fn the_remote_dies_after_it_took_everything() {
    let (sandbox, request) = sandbox();
    hook(&sandbox, "post-receive", "kill -9 $PPID");
    let _ = backport(&sandbox.runner(), &request).await;
    hook(&sandbox, "post-receive", "true");
    let report = backport(&sandbox.runner(), &request).await.expect("a report");
    assert_eq!(report.pushed, 0);
    assert_eq!(fixes(&sandbox), [1; BRANCHES]);
}

#[tokio::test]
async fn a_branch_moves_every_time() {
    let rounds = std::env::var("HOTFIX_MOVES").ok().and_then(|text| text.parse().ok()).unwrap_or(10);
    let (sandbox, request) = sandbox();
    let git = sandbox.runner();
    let script = "git update-ref refs/heads/feature/3 $(git commit-tree -p feature/3 -m moved feature/3^{tree})";
    let others = || {
        let listed = sandbox.remote(&["for-each-ref"]);
        listed.lines().filter(|line| !line.ends_with("/feature/3")).map(str::to_owned).collect::<Vec<_>>()
    };
    let before = others();
    for _ in 0..rounds {
        let plan = plan::plan(&git, &request).await.expect("a plan");
        let merged = merge::merge(&git, &plan).await.expect("merged");
        let mut mover = Command::new("sh");
        mover.current_dir(sandbox.path("remote.git")).args(["-c", script]).envs(identity());
        assert!(mover.status().expect("sh").success());
        let pushed = push::push(&git, &plan, &merged).await.expect("an answer");
        assert_eq!(pushed, Pushed::Stale { branches: vec!["feature/3".to_owned()] });
        assert_eq!(others(), before);
    }
    backport(&git, &request).await.expect("a report");
    assert_eq!(fixes(&sandbox), [1; BRANCHES]);
}

#[tokio::test]
async fn two_at_once() {
    let (sandbox, request) = sandbox();
    sandbox.git(&["push", "-q", "origin", "main"]);
    let url = sandbox.path("remote.git").display().to_string();
    crate::sandbox::run(&sandbox.path("."), &["clone", "-q", &url, "second"]);
    let (first, second) = (sandbox.runner(), sandbox.runner().within(sandbox.path("second")));
    let (first, second) = tokio::join!(backport(&first, &request), backport(&second, &request));
    assert!(first.expect("a report").complete() && second.expect("a report").complete());
    assert_eq!(fixes(&sandbox), [1; BRANCHES]);
}

/// Where a file system of its own may be mounted: on one that is nearly full.
#[tokio::test]
async fn the_disk_is_full() {
    let (sandbox, request) = sandbox();
    let child = another_process(&sandbox.path("full/work"), &request.fix);
    fs::create_dir(sandbox.path("full")).expect("a folder");
    let script = "mount -t tmpfs -o size=8m none full || exit 77; cp -a work full/ && \
                  dd if=/dev/zero of=full/fill bs=4k 2>/dev/null; truncate -s -8k full/fill; \"$@\" && exit 78";
    let mut unshare = Command::new("unshare");
    unshare.args(["--mount", "--map-root-user", "sh", "-c", script, "sh"]).current_dir(sandbox.path("."));
    unshare.arg(child.get_program()).args(child.get_args());
    unshare.envs(child.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let Ok(output) = unshare.output() else { return };
    if output.status.code() == Some(77) || String::from_utf8_lossy(&output.stderr).contains("unshare failed") {
        return;
    }
    assert_ne!(output.status.code(), Some(78), "the backport found room");
    assert_eq!(fixes(&sandbox), [0; BRANCHES]);
    backport(&sandbox.runner(), &request).await.expect("a report");
    assert_eq!(fixes(&sandbox), [1; BRANCHES]);
}

fn identity() -> [(&'static str, &'static str); 4] {
    [("GIT_AUTHOR_NAME", "A"), ("GIT_AUTHOR_EMAIL", "a@a"), ("GIT_COMMITTER_NAME", "A"), ("GIT_COMMITTER_EMAIL", "a@a")]
}
