//! Chaos: the whole job, killed at random moments, wherever it hits, and continued wherever somebody is.
//!
//! Independent of single steps: a round knows the commands that a person types, and what the world outside
//! may have seen afterwards. `HOTFIX_CHAOS_ROUNDS` is the number of rounds on each store, `HOTFIX_CHAOS_SEED`
//! the first seed; one that went wrong is printed and can be tried again.

pub mod machine;
mod receiver;
mod victim;

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::database::Kind;
use crate::env::{Output, TestEnv};
use machine::Machine;
use receiver::Receiver;
use victim::Victim;

/// How many rounds there are on each store, unless `HOTFIX_CHAOS_ROUNDS` says otherwise.
const ROUNDS: u64 = 5;

/// The longest that a round may take after its last kill: a lease of a machine that died has to run out.
const PATIENCE: Duration = Duration::from_secs(150);

#[test]
fn nothing_is_doubled_lost_or_stuck_in_one_clone() {
    rounds(Kind::Sqlite);
}

#[test]
#[ignore = "needs PostgreSQL: ./test"]
fn nothing_is_doubled_lost_or_stuck_in_two_clones() {
    rounds(Kind::Postgres);
}

fn rounds(kind: Kind) {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let (count, first) = (number("HOTFIX_CHAOS_ROUNDS").unwrap_or(ROUNDS), number("HOTFIX_CHAOS_SEED").unwrap_or(1));
    let expected = Round::new(kind, 0).undisturbed();
    let mut wrong = Vec::new();
    for seed in first..first + count {
        let mut round = Round::new(kind, seed);
        round.disturb();
        let found = round.finish(&expected);
        println!("{kind:?} {seed}: {}{}", round.said.join(", "), if found.is_empty() { "" } else { ": WRONG" });
        wrong.extend(
            found
                .into_iter()
                .map(|what| format!("HOTFIX_CHAOS_SEED={seed} ({kind:?}): {what}\n{}", round.said.join("\n"))),
        );
    }
    assert!(wrong.is_empty(), "{} of {count} rounds went wrong:\n{}", wrong.len(), wrong.join("\n\n"));
}

struct Round {
    env: TestEnv,
    receiver: Receiver,
    random: fastrand::Rng,
    clones: &'static [&'static str],
    machine: Option<Machine>,
    had_machine: bool,
    /// What was done, for whoever has to find out what went wrong.
    said: Vec<String>,
}

impl Round {
    fn new(kind: Kind, seed: u64) -> Round {
        let env = TestEnv::on(kind);
        let receiver = Receiver::new(&env);
        let clones: &[&str] = match kind {
            Kind::Sqlite => &["work"],
            Kind::Postgres => &["work", "other"],
        };
        for name in clones {
            receiver.clone(&env, name);
        }
        Round {
            env,
            receiver,
            random: fastrand::Rng::with_seed(seed),
            clones,
            machine: None,
            had_machine: false,
            said: Vec::new(),
        }
    }

    /// What the world has seen of a job that nobody disturbs.
    fn undisturbed(self) -> String {
        for _ in 0..2 {
            let ended = self.run("work");
            assert_eq!(ended.status, Some(0), "{ended}");
        }
        self.receiver.world(&self.env)
    }

    /// Some commands, each killed after a random time, if it does not end before.
    fn disturb(&mut self) {
        for _ in 0..self.random.usize(2..6) {
            let clone = self.clones[self.random.usize(..self.clones.len())];
            let victim = Victim::random(&mut self.random);
            if self.random.u8(..3) == 0 && self.machine.is_none() {
                self.machine = Machine::start();
                self.had_machine |= self.machine.is_some();
            }
            let elsewhere = self.machine.is_some() && (victim == Victim::Machine || self.random.bool());
            // Most kills hit early, where much happens in little time.
            let after = Duration::from_secs_f64(2.5 * self.random.f64().powi(2));
            self.kill(clone, victim, elsewhere, after);
        }
    }

    fn kill(&mut self, clone: &str, victim: Victim, elsewhere: bool, after: Duration) {
        let args = self.next(clone);
        let mut command = self.env.command_in(clone, &args);
        if let Some(machine) = self.machine.as_ref().filter(|_| elsewhere) {
            command = machine.enter(&command);
        }
        let printed = fs::File::create(self.env.path("printed")).expect("a file");
        command.env(victim::MARK, self.mark()).stdout(printed.try_clone().expect("a file")).stderr(printed);
        let mut child = victim::alone(&mut command).spawn().expect("it starts");
        let place = if elsewhere { "elsewhere" } else { "here" };
        let started = Instant::now();
        while started.elapsed() < after {
            if let Ok(Some(status)) = child.try_wait() {
                let printed = if status.success() { String::new() } else { self.env.read("../printed") };
                self.said.push(format!("{} in {clone} {place} ended by itself ({status}) {printed}", args[0]));
                return;
            }
            sleep(Duration::from_millis(5));
        }
        self.said.push(format!("{} in {clone} {place}, {victim:?} killed after {} ms", args[0], after.as_millis()));
        match (victim, elsewhere) {
            (Victim::Machine, true) => drop(self.machine.take()),
            _ => victim.kill(&child, &self.mark()),
        }
        let _ = child.kill();
        let _ = child.wait();
    }

    /// Continues until the job is done, as people would; returns all that is wrong then.
    fn finish(&mut self, expected: &str) -> Vec<String> {
        let start = Instant::now();
        // The machine is gone by now: nothing of it comes back.
        self.machine = None;
        let mut last = None;
        while start.elapsed() < PATIENCE && !self.is_closed() {
            let clone = self.clones[self.random.usize(..self.clones.len())];
            let ended = self.run(clone);
            if ended.status != Some(0) {
                self.give_up_the_machine();
                sleep(Duration::from_millis(200));
            }
            last = Some(format!("in {clone}: {ended}"));
        }
        if !self.is_closed() {
            let status = self.env.hotfix(&["status"]);
            return vec![format!("stuck: {}\n{status}", last.unwrap_or_default())];
        }
        let mut wrong = self.receiver.wrong(&self.env);
        let world = self.receiver.world(&self.env);
        if world != expected {
            wrong.push(format!("the world is another one:\n{world}\n--- expected:\n{expected}"));
        }
        wrong.extend(self.left_behind());
        wrong
    }

    /// Says of the machine that is gone that it is, as a person does who has seen it burn.
    fn give_up_the_machine(&mut self) {
        let leases = self.env.hotfix(&["lease", "--json"]).stdout;
        let leases: serde_json::Value = serde_json::from_str(&leases).expect("what is promised");
        let of = |list: &str, name: &str, host: &str| {
            let all = leases[list].as_array().into_iter().flatten();
            let there =
                all.filter(|one| one[host].as_str().is_some_and(|host| host == "other" || host.contains(" on other,")));
            there.map(|one| one[name].as_str().expect("a name").to_owned()).collect::<Vec<_>>()
        };
        for name in of("leases", "name", "holder").into_iter().chain(of("commands", "place", "host")) {
            let broken = self.env.hotfix(&["lease", "--break", &name, "--reason", "the machine is gone"]);
            self.said.push(format!("broke {name}: {}", broken.status.map_or(-1, |status| status)));
        }
    }

    /// What is still there and should not be: processes, locks, leases, half-made files.
    fn left_behind(&self) -> Vec<String> {
        let mut left = victim::alive(&self.mark());
        for clone in self.clones {
            let directory = self.env.path(clone).join(".git");
            if self.had_machine {
                // Nobody here can see that the owner is dead, so its files are left alone for a day.
                receiver::age(&directory);
            }
            // Whoever works in this clone next.
            self.run(clone);
            left.extend(receiver::strays(&directory));
        }
        let audit = self.env.hotfix(&["audit", "verify"]);
        if audit.status != Some(0) {
            left.push(format!("the audit: {audit}"));
        }
        // That of a process that was killed after the end runs out.
        let start = Instant::now();
        while !self.env.hotfix(&["lease", "--json"]).stdout.contains("\"leases\": []") {
            if start.elapsed() > Duration::from_secs(40) {
                left.push(format!("leases: {}", self.env.hotfix(&["lease"])));
                break;
            }
            sleep(Duration::from_millis(500));
        }
        left
    }

    fn is_closed(&self) -> bool {
        self.env.hotfix(&["list"]).stdout.contains(" closed ")
    }

    fn run(&self, clone: &str) -> Output {
        let args = self.next(clone);
        let mut command = self.env.command_in(clone, &args);
        self.env.run(command.env(victim::MARK, self.mark()))
    }

    /// What a person types next.
    fn next(&self, clone: &str) -> Vec<&'static str> {
        let listed = self.env.run(&mut self.env.command_in(clone, &["list"]));
        match listed.stdout.starts_with("001") {
            true => vec!["ship", "001"],
            false => vec!["start", "Payment API returns 500", "--severity", "P0", "--issue-id", "001"],
        }
    }

    /// In the environment of every process of this round.
    fn mark(&self) -> String {
        self.env.path("").display().to_string()
    }
}
