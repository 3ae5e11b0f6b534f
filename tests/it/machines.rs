//! Production is changed once, whoever dies where: two clones, another host, another namespace of
//! processes, a supervisor that is killed.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use hotfix::process::machine::Process;
use hotfix::process::running::{Records, Work};
use hotfix::store::{Claim, Store};
use jiff::Timestamp;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::database::{Database, Kind, execute};
use crate::env::{Output, TestEnv};

/// Writes a line when it starts, waits for the file `go`, and deploys.
const SLOW: &str = "echo $$ >> ../starts; while ! test -e ../go; do sleep 0.02; done; \
                    echo \"$HOTFIX_RELEASE\" >> ../deploys; echo \"$HOTFIX_RELEASE\" > ../running";

/// A clone with the release v1.0.0, which runs, and v1.1.0, whose deploy takes until it may end.
fn slow(kind: Kind) -> TestEnv {
    let env = TestEnv::on(kind);
    env.instant();
    let deploy = "deploy = 'echo \"$HOTFIX_RELEASE\" >> ../deploys && echo \"$HOTFIX_RELEASE\" > ../running'";
    env.configure(deploy, &format!("deploy = '{SLOW}'"));
    env.git(&["tag", "v1.0.0"]);
    env.commit("Deploy slowly");
    env.git(&["tag", "v1.1.0"]);
    env.git(&["push", "--quiet", "origin", "main", "v1.0.0", "v1.1.0"]);
    env
}

impl TestEnv {
    /// Another clone of the same remote, with the journal in the same store.
    pub fn clone_to(&self, name: &str) {
        self.git_in(".", &["clone", "--quiet", "remote.git", name]);
    }

    /// A run of hotfix in another clone, not started yet.
    pub fn hotfix_command_in(&self, clone: &str, args: &[&str]) -> Command {
        let mut command = self.hotfix_command(args);
        command.current_dir(self.path(clone));
        command
    }

    /// Runs hotfix in another clone.
    pub fn hotfix_in(&self, clone: &str, args: &[&str]) -> Output {
        self.run(&mut self.hotfix_command_in(clone, args))
    }

    /// The same in another namespace of processes, on a host of another name. `None` where this can't be had.
    fn hotfix_elsewhere(&self, args: &[&str]) -> Option<Command> {
        let own = ["--pid", "--fork", "--mount-proc", "--uts", "--kill-child"];
        let tried = Command::new("unshare").args(own).arg("true").output();
        if !tried.is_ok_and(|tried| tried.status.success()) {
            eprintln!("skipped: no other namespace of processes can be made here");
            return None;
        }
        let line = ["sh", "-c", "hostname elsewhere; \"$0\" \"$@\"", env!("CARGO_BIN_EXE_hotfix")];
        let command = self.hotfix_command(args);
        let mut unshared = Command::new("unshare");
        unshared.args(own).args(line).args(args).current_dir(self.path("work")).stdin(Stdio::null()).env_clear();
        unshared.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        Some(unshared)
    }

    /// Starts a deploy, and kills hotfix while its command runs.
    fn interrupted(&self) {
        let mut deploy = self.hotfix_command(&["deploy", "v1.1.0", "--yes"]);
        let killed = self.run(deploy.env("HOTFIX_CRASH", "within:deploy"));
        assert_eq!(killed.status, None, "{killed}");
        until("the command runs", || self.path("starts").exists());
    }

    /// Lets the command end.
    fn go(&self) {
        fs::write(self.path("go"), "").unwrap();
    }

    fn deployed_once(&self) {
        assert_eq!(self.read("../starts").lines().count(), 1, "{}", self.read("../starts"));
        assert_eq!(self.read("../deploys"), "v1.1.0\n");
        assert_eq!(self.read("../running"), "v1.1.0\n");
    }

    /// Which processes the only command was: its own, and its supervisor's.
    fn processes(&self) -> (Pid, Pid) {
        let commands = self.path("work/.git/hotfix/commands");
        let attempts: Vec<PathBuf> = fs::read_dir(commands)
            .unwrap()
            .flatten()
            .flat_map(|command| fs::read_dir(command.path()).unwrap().flatten())
            .map(|attempt| attempt.path().join("started.json"))
            .filter(|started| started.exists())
            .collect();
        assert_eq!(attempts.len(), 1, "{attempts:?}");
        let started: Value = serde_json::from_slice(&fs::read(&attempts[0]).unwrap()).unwrap();
        let id = |name: &str| Pid::from_raw(started[name]["id"].as_i64().unwrap() as i32).unwrap();
        (id("process"), id("supervisor"))
    }
}

pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(60), "waited too long until {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn spawn(command: &mut Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn end(child: Child) -> Output {
    child.wait_with_output().unwrap().into()
}

/// Waits until a resumed hotfix has the lease of the environment, which it takes before it waits for a command.
fn until_it_waits(env: &TestEnv, child: &mut Child) {
    let work = || env.hotfix(&["lease", "--json"]).stdout;
    until("the resumed one works on it", || {
        assert!(child.try_wait().unwrap().is_none(), "it did not wait");
        let leases: Value = serde_json::from_str(&work()).unwrap();
        let holder = format!("process {}", child.id());
        leases["leases"].as_array().unwrap().iter().any(|lease| lease["holder"].as_str().unwrap().contains(&holder))
    });
}

#[test]
fn a_service_that_the_deploy_leaves_running_holds_nothing() {
    let env = slow(Kind::Sqlite);
    env.go();
    let start = "nohup sleep 300 > /dev/null 2>&1 & echo $! > ../server; sleep 301 & echo $! >> ../server; ";
    env.configure("deploy = '", &format!("deploy = '{start}"));
    for (release, deploys) in [("v1.1.0", 1), ("v1.0.0", 2)] {
        let output = env.hotfix(&["deploy", release, "--yes"]);
        assert_eq!(output.status, Some(0), "{output}");
        assert_eq!(env.read("../deploys").lines().count(), deploys);
        for server in env.read("../server").lines() {
            kill_process(Pid::from_raw(server.parse().unwrap()).unwrap(), Signal::KILL).expect("it still runs");
        }
    }
    let leases = env.hotfix(&["lease"]);
    assert_eq!(leases.stdout, "nobody holds anything, and nothing runs\n", "{leases}");
}

#[test]
fn a_command_whose_supervisor_was_killed_is_waited_for_and_production_tells_how_it_ended() {
    let env = slow(Kind::Sqlite);
    env.interrupted();
    let (_, supervisor) = env.processes();
    kill_process(supervisor, Signal::KILL).unwrap();
    let mut resumed = spawn(&mut env.hotfix_command(&["resume"]));
    until_it_waits(&env, &mut resumed);
    env.go();
    let resumed = end(resumed);
    assert_eq!(resumed.status, Some(0), "{resumed}");
    env.deployed_once();
}

#[test]
fn a_command_that_was_killed_with_its_supervisor_is_started_again() {
    let env = slow(Kind::Sqlite);
    env.interrupted();
    let (command, supervisor) = env.processes();
    kill_process(supervisor, Signal::KILL).unwrap();
    rustix::process::kill_process_group(command, Signal::KILL).unwrap();
    env.go();
    let resumed = env.hotfix(&["resume"]);
    assert_eq!(resumed.status, Some(0), "{resumed}");
    assert_eq!(env.read("../deploys"), "v1.1.0\n");
    assert_eq!(env.read("../starts").lines().count(), 2);
}

#[test]
fn a_supervisor_that_is_killed_while_hotfix_waits_changes_nothing() {
    let env = slow(Kind::Sqlite);
    let deploy = spawn(&mut env.hotfix_command(&["deploy", "v1.1.0", "--yes"]));
    until("the command runs", || env.path("starts").exists());
    let (_, supervisor) = env.processes();
    // Short, so that a machine that dies keeps nobody from rolling back.
    let found: Value = serde_json::from_str(&env.hotfix(&["lease", "--json"]).stdout).unwrap();
    let held = found["leases"].as_array().unwrap().iter().find(|lease| lease["name"] == "environment/production");
    let until: Timestamp = held.unwrap()["until"].as_str().unwrap().parse().unwrap();
    assert!(until.duration_since(Timestamp::now()).as_secs() <= 30, "{found}");
    assert_eq!(found["commands"][0]["place"], "environment/production");
    kill_process(supervisor, Signal::KILL).unwrap();
    env.go();
    let ended = end(deploy);
    assert_eq!(ended.status, Some(0), "{ended}");
    env.deployed_once();
}

#[test]
fn a_command_in_another_namespace_of_processes_is_not_taken_for_dead() {
    let env = slow(Kind::Sqlite);
    env.interrupted();
    // Of a holder that can't be seen from there they have to run out.
    execute(&env.journal(), "update lease set expires = 0");
    let Some(mut elsewhere) = env.hotfix_elsewhere(&["resume"]) else { return };
    let mut resumed = spawn(&mut elsewhere);
    until("the resumed one works on it", || {
        assert!(resumed.try_wait().unwrap().is_none(), "it did not wait");
        env.hotfix(&["lease"]).stdout.contains("on elsewhere, process")
    });
    env.go();
    let resumed = end(resumed);
    assert_eq!(resumed.status, Some(0), "{resumed}");
    env.deployed_once();
}

#[test]
fn a_command_of_which_nothing_is_heard_holds_until_a_person_says_that_it_is_gone() {
    let env = slow(Kind::Sqlite);
    env.interrupted();
    let (command, supervisor) = env.processes();
    kill_process(supervisor, Signal::KILL).unwrap();
    let hour = "update running set seen_at = seen_at - 3600000; update lease set expires = 0";
    execute(&env.journal(), hour);
    let Some(mut elsewhere) = env.hotfix_elsewhere(&["resume"]) else { return };
    let held = env.run(&mut elsewhere);
    assert_eq!(held.status, Some(3), "{held}");
    assert!(held.stderr.contains("nothing was heard of it for 36"), "{held}");
    assert!(held.stdout.contains("`hotfix lease --break environment/production --reason WHY`"), "{held}");
    // Here it is seen to run, so nobody can say that it does not.
    let said = ["lease", "--break", "environment/production", "--reason", "it is off"];
    let refused = env.hotfix(&said);
    assert_eq!(refused.status, Some(3), "{refused}");
    assert!(refused.stderr.contains("still runs as process"), "{refused}");
    rustix::process::kill_process_group(command, Signal::KILL).unwrap();
    let broken = env.run(&mut env.hotfix_elsewhere(&said).unwrap());
    assert_eq!(broken.status, Some(0), "{broken}");
    env.go();
    let resumed = env.run(&mut env.hotfix_elsewhere(&["resume"]).unwrap());
    assert_eq!(resumed.status, Some(0), "{resumed}");
    assert_eq!(env.read("../deploys"), "v1.1.0\n");
    let timeline = env.hotfix(&["timeline"]);
    assert!(timeline.stdout.contains("took environment/production from `sh -c"), "{timeline}");
    assert_eq!(env.hotfix(&["audit", "verify"]).status, Some(0));
}

#[test]
#[ignore = "needs PostgreSQL: run ./test"]
fn a_deploy_that_runs_is_waited_for_in_another_clone_on_postgres() {
    let env = slow(Kind::Postgres);
    env.clone_to("second");
    env.interrupted();
    let mut resumed = spawn(&mut env.hotfix_command_in("second", &["resume"]));
    until_it_waits(&env, &mut resumed);
    env.go();
    let resumed = end(resumed);
    assert_eq!(resumed.status, Some(0), "{resumed}");
    env.deployed_once();
    let leases = env.hotfix(&["lease"]);
    assert_eq!(leases.stdout, "nobody holds anything, and nothing runs\n", "{leases}");
}

#[tokio::test]
async fn two_commands_never_run_in_one_place() {
    one_at_a_time(Kind::Sqlite).await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run ./test"]
async fn two_commands_never_run_in_one_place_on_postgres() {
    one_at_a_time(Kind::Postgres).await;
}

async fn one_at_a_time(kind: Kind) {
    let directory = tempfile::tempdir().unwrap();
    let name = directory.path().file_name().unwrap().to_str().unwrap().to_owned();
    let database = Database::new(kind, &name);
    let store = Store::open(&database.location, directory.path(), &Claim::default()).await.unwrap();
    let work = |name: &str, place: &str| Work { name: name.to_owned(), place: place.to_owned(), ..Work::default() };
    let (one, two, other) = (work("one", "production"), work("two", "production"), work("other", "staging"));
    let own = Process::own();
    // Both may be about to start; one of them starts.
    assert_eq!(store.begin(&one, "deploy").await.unwrap(), Some(1));
    assert_eq!(store.begin(&two, "deploy").await.unwrap(), Some(1));
    assert!(store.started("one", 1, &own, &own).await.unwrap());
    assert!(!store.started("two", 1, &own, &own).await.unwrap_or(false));
    for blocked in [&one, &two] {
        assert_eq!(store.begin(blocked, "deploy").await.unwrap(), None);
    }
    assert_eq!(store.begin(&other, "deploy").await.unwrap(), Some(1));
    store.ended("one", 1, None).await.unwrap();
    // Whoever comes later takes over from an attempt that has not started, and that one never does.
    assert_eq!(store.begin(&one, "deploy").await.unwrap(), Some(2));
    assert_eq!(store.begin(&one, "deploy").await.unwrap(), Some(3));
    assert!(!store.started("one", 2, &own, &own).await.unwrap());
    assert!(store.cancel("one", 3).await.unwrap());
    assert!(!store.started("one", 3, &own, &own).await.unwrap());
    store.close().await;
}

#[test]
#[ignore = "needs PostgreSQL: run ./test"]
fn a_colleague_ships_from_another_clone_on_postgres() {
    let env = TestEnv::on(Kind::Postgres);
    env.instant();
    env.configure("P0 = []", "P0 = [\"on-call\"]");
    env.commit("Ask for an approval");
    env.git(&["push", "--quiet"]);
    env.clone_to("second");
    let start = env.hotfix(&["start", "Payment API returns 500", "--severity", "P0", "--issue-id", "001"]);
    assert_eq!(start.status, Some(0), "{start}");
    env.fix("001");
    let held = env.hotfix(&["ship"]);
    assert_eq!(held.status, Some(3), "{held}");
    let approve = ["approve", "--role", "on-call", "--as", "Eva <eva@example.org>"];
    let approved = env.hotfix_in("second", &approve);
    assert_eq!(approved.status, Some(0), "{approved}");
    let shipped = env.hotfix_in("second", &["ship"]);
    assert_eq!(shipped.status, Some(0), "{shipped}");
    assert!(!shipped.stderr.contains("void"), "{shipped}");
    assert_eq!(env.read("../deploys").lines().count(), 1);
    let remote = env.git_in("remote.git", &["for-each-ref", "--format=%(refname)", "refs/heads"]);
    assert_eq!(remote, "refs/heads/main");
}

#[test]
#[ignore = "needs PostgreSQL: run ./test"]
fn a_colleague_makes_the_fix_in_another_clone_on_postgres() {
    let env = TestEnv::on(Kind::Postgres);
    env.instant();
    env.clone_to("second");
    let start = env.hotfix(&["start", "Payment API returns 500", "--severity", "P0", "--issue-id", "001"]);
    assert_eq!(start.status, Some(0), "{start}");
    let held = env.hotfix_in("second", &["ship"]);
    assert_eq!(held.status, Some(3), "{held}");
    let tree = "second-001";
    fs::write(env.path(tree).join("fix.txt"), "fixed\n").unwrap();
    env.git_in(tree, &["add", "--all"]);
    env.git_in(tree, &["commit", "--quiet", "--message", "Fix it"]);
    let shipped = env.hotfix_in("second", &["ship"]);
    assert_eq!(shipped.status, Some(0), "{shipped}");
    assert_eq!(env.read("../deploys").lines().count(), 1);
    assert!(!env.path(tree).exists());
}

/// Each clone has a commit on the fix's branch, and only one of them was released.
#[test]
#[ignore = "needs PostgreSQL: run ./test"]
fn a_commit_of_ones_own_stays_and_the_branch_of_the_remote_goes_on_postgres() {
    let env = TestEnv::on(Kind::Postgres);
    env.instant();
    env.clone_to("second");
    let start = env.hotfix(&["start", "Payment API returns 500", "--severity", "P0", "--issue-id", "001"]);
    assert_eq!(start.status, Some(0), "{start}");
    let own = env.fix("001");
    assert_eq!(env.hotfix_in("second", &["ship"]).status, Some(3));
    let tree = "second-001";
    fs::write(env.path(tree).join("fix.txt"), "fixed otherwise\n").unwrap();
    env.git_in(tree, &["add", "--all"]);
    env.git_in(tree, &["commit", "--quiet", "--message", "Fix it otherwise"]);
    let killed = env.run(env.command_in("second", &["ship"]).env("HOTFIX_CRASH", "within:deploy"));
    assert_eq!(killed.status, None, "{killed}");
    let shipped = env.hotfix(&["ship"]);
    assert_eq!(shipped.status, Some(0), "{shipped}");
    assert!(shipped.stderr.contains("has commits that were not released"), "{shipped}");
    assert_eq!(env.git_in("work-001", &["rev-parse", "HEAD"]), own);
    let remote = env.git_in("remote.git", &["for-each-ref", "--format=%(refname)", "refs/heads"]);
    assert_eq!(remote, "refs/heads/main", "{shipped}");
}

#[test]
fn a_work_tree_that_git_was_killed_in_is_made_again() {
    let (env, whole) = (TestEnv::new(), TestEnv::new());
    let started = ["start", "Payment API returns 500", "--severity", "P0", "--issue-id", "001"];
    env.instant();
    whole.instant();
    whole.hotfix(&started);
    let events = whole.hotfix(&["timeline", "--events"]).stdout;
    let made =
        events.lines().find(|line| line.contains("\"event\":\"step-done\",\"step\":\"branch\"")).expect("it is made");
    let seq = made.split_whitespace().next().unwrap();
    let killed = env.run(env.hotfix_command(&started).env("HOTFIX_CRASH", format!("before:{seq}")));
    assert_eq!(killed.status, None, "{killed}");
    let admin = env.path("work/.git/worktrees/work-001");
    assert!(admin.is_dir(), "{:?}", env.git(&["worktree", "list"]));
    // As git leaves it where it is killed while it writes the files.
    fs::write(admin.join("locked"), "initializing").unwrap();
    fs::remove_file(admin.join("index")).unwrap();
    fs::write(admin.join("index.lock"), "").unwrap();
    fs::remove_file(env.path("work-001/README.md")).unwrap();
    let resumed = env.hotfix(&["resume"]);
    assert_eq!(resumed.status, Some(3), "{resumed}");
    assert_eq!(env.git_in("work-001", &["status", "--porcelain"]), "");
    assert!(env.path("work-001/README.md").exists());
    assert!(!env.git(&["worktree", "list", "--porcelain"]).contains("locked"));
    env.fix("001");
    let shipped = env.hotfix(&["ship"]);
    assert_eq!(shipped.status, Some(0), "{shipped}");
}
