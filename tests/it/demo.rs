//! `hotfix demo` as its users meet it: the job is real, so its results are looked for in the world.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::env::{self, promise};

/// A directory for a demo's sandbox, with a name that a careless script trips over.
struct Demo {
    _scratch: TempDir,
    sandbox: PathBuf,
}

impl Demo {
    fn new() -> Demo {
        let scratch = tempfile::tempdir().unwrap();
        let sandbox = fs::canonicalize(scratch.path()).unwrap().join("it's a $sandbox");
        Demo { _scratch: scratch, sandbox }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = hotfix();
        command.args(["demo", "--fast", "--json", "--in"]).arg(&self.sandbox).args(arguments);
        command
    }

    /// Runs the demo, which has to end with `status` and to leave nothing running, and returns the
    /// one object that it prints.
    fn run(&self, arguments: &[&str], status: i32) -> Value {
        let mut command = self.command(arguments);
        let ended = env::Output::from(command.output().unwrap());
        assert_eq!(ended.status, Some(status), "{ended}");
        promise::hold(&command, &ended);
        self.assert_nothing_runs();
        serde_json::from_str(&ended.stdout).unwrap()
    }

    fn repository(&self) -> PathBuf {
        self.sandbox.join("payments")
    }

    /// Runs hotfix in the sandbox's repository, which has to end well.
    fn hotfix(&self, arguments: &[&str]) {
        let ended = hotfix().args(arguments).current_dir(self.repository()).output().unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    }

    /// The same, and what it prints with `--json`.
    fn json(&self, arguments: &[&str]) -> Value {
        let mut command = hotfix();
        command.args(arguments).arg("--json").current_dir(self.repository());
        let ended = env::Output::from(command.output().unwrap());
        assert_eq!(ended.status, Some(0), "{ended}");
        promise::hold(&command, &ended);
        serde_json::from_str(&ended.stdout).unwrap()
    }

    /// What git prints about the remote.
    fn remote(&self, arguments: &[&str]) -> String {
        let git = Command::new("git").arg("-C").arg(self.sandbox.join("payments.git")).args(arguments).output();
        String::from_utf8(git.unwrap().stdout).unwrap().trim_end().to_owned()
    }

    /// Whether the remote's `branch` has a line of the fix.
    fn has_fix(&self, branch: &str) -> bool {
        self.remote(&["show", &format!("{branch}:src/amount.rs")]).contains("HOTFIX: customers send whole amounts")
    }

    /// The releases that ran in production, in order.
    fn releases(&self) -> Vec<String> {
        let log = fs::read_to_string(self.sandbox.join("production/deploys.log")).unwrap();
        log.lines().filter_map(|line| line.split(' ').nth(1).map(str::to_owned)).collect()
    }

    fn address(&self) -> Option<SocketAddr> {
        let text = fs::read_to_string(self.repository().join("hotfix.toml")).ok()?;
        let (_, after) = text.split_once("http://")?;
        after.split_once('/')?.0.parse().ok()
    }

    fn assert_nothing_runs(&self) {
        TcpListener::bind(self.address().unwrap()).unwrap();
    }
}

fn hotfix() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hotfix"));
    command.env_remove("HOTFIX_STORE").env_remove("HOTFIX_ACTOR").stdin(Stdio::null());
    // ./test names a directory for what tests share.
    if let Some(cache) = std::env::var_os("HOTFIX_TEST_CACHE") {
        command.env("RUSTC_CACHE", cache);
        command.env("RUSTC", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/rustc-once"));
    }
    command
}

fn stderr(ended: &Output) -> String {
    String::from_utf8_lossy(&ended.stderr).into_owned()
}

/// `name status` of each step.
fn steps(told: &Value) -> Vec<String> {
    let steps = told["steps"].as_array().unwrap().iter();
    steps
        .inspect(|step| assert!(step["seconds"].is_f64() || step["status"] == "waiting", "{step}"))
        .map(|step| format!("{} {}", step["name"].as_str().unwrap(), step["status"].as_str().unwrap()))
        .collect()
}

/// `branch verdict` of each backport.
fn backports(told: &Value) -> Vec<String> {
    let backports = told["backports"].as_array().unwrap().iter();
    backports
        .map(|target| format!("{} {}", target["branch"].as_str().unwrap(), target["verdict"].as_str().unwrap()))
        .collect()
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(60), "{what}");
        sleep(Duration::from_millis(20));
    }
}

#[test]
fn the_fix_runs_and_is_on_every_branch_but_the_waived_one() {
    let demo = Demo::new();
    let told = demo.run(&[], 0);

    assert_eq!(told["incident"]["severity"], "P0");
    assert_eq!(told["incident"]["status"], "closed");
    assert_eq!(told["verdict"], "VERIFIED");
    assert_eq!(told["sandbox"]["path"], demo.sandbox.to_str().unwrap());
    assert_eq!(told["sandbox"]["remote"], demo.sandbox.join("payments.git").to_str().unwrap());
    let before = ["investigate", "decide", "branch", "fix", "check", "review", "release"];
    let after = ["prepare", "deploy", "watch", "merge", "backport", "close", "clean-up", "full-suite", "post-mortem"];
    let [before, after] = [&before[..], &after].map(|steps| steps.iter().map(|step| format!("{step} done")));
    assert_eq!(steps(&told), before.chain(["image skipped".to_owned()]).chain(after).collect::<Vec<_>>());
    assert_eq!(
        backports(&told),
        [
            "develop merged",
            "feature/more-currencies picked",
            "feature/receipts picked",
            "feature/refunds picked",
            "feature/strict-amounts waived",
            "release/2.4 picked",
        ]
    );

    let commit = told["release"]["commit"].as_str().unwrap();
    assert_eq!(told["release"]["tag"], "v2.3.2-hotfix.1");
    assert_eq!(demo.remote(&["rev-parse", "v2.3.2-hotfix.1^{commit}"]), commit);
    assert_eq!(demo.remote(&["branch", "--list", "hotfix/*"]), "");
    for branch in ["main", "develop", "release/2.4", "feature/more-currencies", "feature/receipts", "feature/refunds"] {
        assert!(demo.has_fix(branch), "{branch}");
    }
    assert!(!demo.has_fix("feature/strict-amounts"));
    assert_eq!(demo.releases(), ["v2.3.1", "v2.3.2-hotfix.1"]);
    let log = fs::read_to_string(demo.sandbox.join("production/service.log")).unwrap();
    assert!(log.contains("v2.3.2-hotfix.1 listens on"), "a new process took over");
}

#[test]
fn a_bad_fix_is_rolled_back_and_a_second_one_goes_through() {
    let demo = Demo::new();
    let told = demo.run(&["--fault", "bad-fix"], 0);

    assert_eq!(told["incident"]["status"], "closed");
    assert_eq!(told["verdict"], "VERIFIED");
    assert_eq!(told["release"]["tag"], "v2.3.2-hotfix.2");
    let watches: Vec<_> = steps(&told).into_iter().filter(|step| step.starts_with("watch ")).collect();
    assert_eq!(watches, ["watch bad", "watch done"]);
    assert_eq!(demo.releases(), ["v2.3.1", "v2.3.2-hotfix.1", "v2.3.1", "v2.3.2-hotfix.2"]);
    assert!(demo.has_fix("main"));
}

#[test]
fn a_crash_in_the_deploy_is_survived_and_the_deploy_happens_once() {
    let demo = Demo::new();
    let told = demo.run(&["--fault", "crash"], 0);

    assert_eq!(told["incident"]["status"], "closed");
    assert_eq!(told["verdict"], "VERIFIED");
    assert_eq!(demo.releases(), ["v2.3.1", "v2.3.2-hotfix.1"]);
    assert_eq!(demo.remote(&["tag", "--list", "*hotfix*"]), "v2.3.2-hotfix.1");
}

#[test]
fn a_conflict_that_nobody_decides_is_stuck_and_can_be_gone_on_with() {
    let demo = Demo::new();
    let told = demo.run(&["--fault", "conflict"], 4);

    assert_eq!(told["incident"]["status"], "stuck");
    assert!(backports(&told).contains(&"feature/strict-amounts conflict".to_owned()), "{told}");
    assert!(told["next"].as_str().unwrap().contains("hotfix waive feature/strict-amounts"), "{told}");
    assert!(demo.has_fix("feature/refunds") && !demo.has_fix("feature/strict-amounts"));

    demo.hotfix(&["waive", "feature/strict-amounts", "--reason", "its owner is on it"]);
    demo.hotfix(&["resume"]);
    assert_eq!(demo.json(&["list"])["incidents"][0]["status"], "closed");
}

#[test]
fn a_conflict_of_the_job_is_resolved_in_a_work_tree_and_the_job_goes_on() {
    let demo = Demo::new();
    let told = demo.run(&["--fault", "conflict"], 4);
    let id = told["incident"]["id"].as_str().unwrap();
    assert!(told["next"].as_str().unwrap().contains("hotfix backport --resolve feature/strict-amounts"), "{told}");

    let opened = demo.json(&["backport", "--resolve", "feature/strict-amounts", "--id", id]);
    let place = Path::new(opened["work_tree"].as_str().unwrap());
    let both = fs::read_to_string(place.join("src/amount.rs")).unwrap();
    let is_marker = |line: &&str| ["<<<<<<<", "=======", ">>>>>>>"].iter().any(|marker| line.starts_with(marker));
    let resolved: Vec<_> = both.lines().filter(|line| !is_marker(line)).collect();
    assert!(resolved.len() < both.lines().count(), "{both}");
    fs::write(place.join("src/amount.rs"), resolved.join("\n")).unwrap();
    let added = Command::new("git").arg("-C").arg(place).args(["add", "."]).status().unwrap();
    assert!(added.success());
    demo.hotfix(&["backport", "--continue", "--id", id]);
    demo.hotfix(&["resume"]);

    assert_eq!(demo.json(&["list"])["incidents"][0]["status"], "closed");
    assert!(demo.has_fix("feature/strict-amounts"));
    assert!(!place.exists());
}

#[test]
fn production_is_kept_where_that_is_asked_for_until_it_is_stopped() {
    let demo = Demo::new();
    let ended = demo.command(&["--keep"]).output().unwrap();
    assert!(ended.status.success(), "{}", stderr(&ended));
    assert!(TcpListener::bind(demo.address().unwrap()).is_err(), "it still runs");

    let stopped = Command::new("sh").arg(demo.sandbox.join("stop")).status().unwrap();
    assert!(stopped.success());
    demo.assert_nothing_runs();
}

#[test]
fn a_signal_ends_the_demo_and_what_it_started() {
    for (signal, fault) in [("INT", "conflict"), ("TERM", "bad-fix")] {
        let demo = Demo::new();
        let mut child = demo.command(&["--fault", fault]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let log = demo.sandbox.join("production/service.log");
        until("customers pay", || fs::read_to_string(&log).is_ok_and(|log| log.contains("POST /payments 201")));
        let sent = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        assert_eq!(child.wait().unwrap().code(), Some(1), "{signal}");
        demo.assert_nothing_runs();
    }
}

#[test]
fn what_can_not_work_is_said_before_anything_is_built() {
    let refused = |arguments: &[&str], (name, value): (&str, &str), directory: &Path| {
        let mut command = hotfix();
        command.args(["demo", "--fast"]).args(arguments).env(name, value).current_dir(directory);
        let ended = command.output().unwrap();
        (ended.status.code().unwrap(), stderr(&ended))
    };
    let scratch = tempfile::tempdir().unwrap();
    fs::write(scratch.path().join("mine"), "").unwrap();

    let (status, told) = refused(&["--in", "."], ("X", ""), scratch.path());
    assert!(status == 1 && told.contains("is not empty"), "{told}");
    let (status, told) = refused(&["--in", "new"], ("RUSTC", "/no/rustc"), scratch.path());
    assert!(status == 1 && told.contains("`/no/rustc` could not be started") && told.contains("set RUSTC"), "{told}");
    let (status, told) = refused(&["--in", "new"], ("HOTFIX_STORE", "postgres://team/journal"), scratch.path());
    assert!(status == 2 && told.contains("env -u HOTFIX_STORE"), "{told}");
    assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 1, "nothing was made");
}
