//! A team with keys: who is who, and approvals that are signed. Real `ssh-keygen`, `gpg` and agents.

use std::fs;
use std::process::Command;

use insta::assert_snapshot;

use crate::env::{Output, TestEnv};

/// A team whose P0 needs two approvals, with an incident 001 whose fix waits for them.
pub struct Team {
    pub env: TestEnv,
}

/// Those who have a key, with their roles.
const PEOPLE: [(&str, &str, &str); 3] = [
    ("Ada", "ada@example.org\", \"ada@home.example", "tech-lead"),
    ("Lea", "lea@example.org", "tech-lead"),
    ("Olu", "olu@example.org", "on-call"),
];

impl Team {
    pub fn new() -> Team {
        let env = TestEnv::new();
        env.instant();
        env.configure("P0 = []", "P0 = [\"tech-lead\", \"on-call\"]\nP1 = [\"tech-lead\"]\nP2 = [\"on-call\"]");
        let team = Team { env };
        let people = PEOPLE.map(|(name, addresses, role)| person(name, addresses, role, &team.key(name)));
        team.people_since("2026-01-01T00:00:00Z", &people.concat());
        team
    }

    /// The same with the fix checked.
    pub fn in_review() -> Team {
        let team = Team::new();
        team.declare();
        team.env.fix("001");
        held(&team.env.hotfix(&["ship"]));
        team
    }

    pub fn declare(&self) {
        ok(&self.env.hotfix(&["start", "Payment API returns 500", "--severity", "P0", "--issue-id", "001"]));
    }

    /// Makes a key, and settings of git in which `name` signs with it; returns the public key.
    pub fn key(&self, name: &str) -> String {
        self.key_of(name, "ed25519")
    }

    pub fn key_of(&self, name: &str, kind: &str) -> String {
        let file = self.env.path(&format!("home/{name}"));
        let path = file.display().to_string();
        if !file.exists() {
            run("ssh-keygen", &["-q", "-t", kind, "-N", "", "-C", name, "-f", &path]);
        }
        let settings = format!("[gpg]\n\tformat = ssh\n[user]\n\tsigningkey = {path}.pub\n");
        fs::write(self.env.path(&format!("home/{name}.gitconfig")), settings).unwrap();
        fs::read_to_string(format!("{path}.pub")).unwrap().trim().to_owned()
    }

    /// Puts a file of people on production's branch.
    pub fn people(&self, text: &str) {
        self.env.write(".hotfix/people.toml", text);
        self.env.publish("Say who is who");
    }

    /// The same, merged at another time.
    pub fn people_since(&self, time: &str, text: &str) {
        self.env.write(".hotfix/people.toml", text);
        self.env.git(&["add", "--all"]);
        let mut commit = Command::new("git");
        commit.args(["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "commit", "--quiet", "-m", "Say it"]);
        commit.current_dir(self.env.path("work")).env("GIT_COMMITTER_DATE", time);
        assert!(commit.status().unwrap().success());
        self.env.git(&["push", "--quiet", "origin", "main"]);
    }

    /// Runs hotfix as a person, with the key of `key`.
    pub fn by(&self, person: &str, key: &str, args: &[&str]) -> Output {
        self.env.run(&mut self.command(person, key, args))
    }

    pub fn command(&self, person: &str, key: &str, args: &[&str]) -> Command {
        let mut command = self.env.hotfix_command(&[&["--as", person], args].concat());
        command.env("GIT_CONFIG_GLOBAL", self.env.path(&format!("home/{key}.gitconfig")));
        command
    }

    pub fn approve(&self, person: &str, key: &str, role: &str) -> Output {
        self.by(person, key, &["approve", "--role", role])
    }
}

pub const LEA: &str = "Lea <lea@example.org>";
pub const OLU: &str = "Olu <olu@example.org>";

pub fn person(name: &str, addresses: &str, role: &str, key: &str) -> String {
    format!(
        "[[person]]\nname = \"{name}\"\naddresses = [\"{addresses}\"]\nroles = [\"{role}\"]\nkeys = [\"{key}\"]\n\n"
    )
}

pub fn run(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output().unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(output.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn ok(output: &Output) {
    assert_eq!(output.status, Some(0), "{output}");
}

fn held(output: &Output) {
    assert_eq!(output.status, Some(3), "{output}");
}

pub fn refused(output: &Output, why: &str) {
    assert_eq!(output.status, Some(1), "{output}");
    assert!(output.stderr.contains(why), "{why}: {output}");
}

#[test]
fn signed_approvals_let_a_fix_pass_and_hold_years_later() {
    let team = Team::in_review();
    let approved = team.approve(LEA, "Lea", "tech-lead");
    assert!(approved.stdout.contains(" as tech-lead, signed by SHA256:"), "{approved}");
    ok(&team.approve(OLU, "Olu", "on-call"));
    let shipped = team.env.hotfix(&["ship"]);
    ok(&shipped);
    assert!(shipped.stderr.contains("2 of 2 approvals"), "{shipped}");
    assert!(shipped.stderr.contains("as tech-lead, signed by SHA256:"), "{shipped}");
    let timeline = team.env.hotfix(&["timeline"]);
    assert!(timeline.stdout.contains("as on-call, signed by SHA256:"), "{timeline}");
    let report = team.env.hotfix(&["report"]);
    assert!(report.stdout.contains("signed by SHA256:"), "{report}");
    assert_snapshot!(team.env.hotfix(&["audit", "verify"]), @r"
    exit status: 0
    --- stdout
    2 journals hold
    2 signatures hold
    ");
}

#[test]
fn keys_of_every_kind_sign() {
    let team = Team::in_review();
    for kind in ["ecdsa", "rsa"] {
        let keys = [("Ann", "tech-lead"), ("Ben", "on-call")].map(|(name, role)| {
            let key = team.key_of(&format!("{name}-{kind}"), kind);
            person(name, &format!("{name}@example.org"), role, &key)
        });
        team.people(&keys.concat());
        let approved = team.approve("Ann <ann@example.org>", &format!("Ann-{kind}"), "tech-lead");
        if kind == "ecdsa" {
            ok(&approved);
        } else {
            // The key of before is nobody's by now, so the approval of before does not count.
            ok(&approved);
            ok(&team.approve("Ben <ben@example.org>", "Ben-rsa", "on-call"));
            ok(&team.env.hotfix(&["ship"]));
        }
    }
}

#[test]
fn without_a_key_nothing_is_approved_and_what_to_do_is_said() {
    let team = Team::in_review();
    assert_snapshot!(team.env.hotfix(&["--as", LEA, "approve", "--role", "tech-lead"]), @r"
    exit status: 1
    --- stderr
    error: git names no key to sign with, and no key of Lea by .hotfix/people.toml is in an agent or in ~/.ssh
    hint: git config --global gpg.format ssh
    hint: git config --global user.signingkey ~/.ssh/id_ed25519.pub
    ");
    refused(&team.env.hotfix(&["--as", LEA, "waive", "size", "--reason", "small"]), "git names no key");
    refused(&team.env.hotfix(&["--as", LEA, "decide", "--strategy", "C"]), "git names no key");
    assert!(!team.env.hotfix(&["timeline"]).stdout.contains("approved"));
}

#[test]
fn a_key_in_the_home_directory_or_in_an_agent_is_found() {
    let team = Team::in_review();
    let home = team.env.path("home/.ssh");
    fs::create_dir(&home).unwrap();
    fs::rename(team.env.path("home/Lea"), home.join("id_work")).unwrap();
    fs::rename(team.env.path("home/Lea.pub"), home.join("id_work.pub")).unwrap();
    ok(&team.env.hotfix(&["--as", LEA, "approve", "--role", "tech-lead"]));
    // The agent has the private key alone.
    let socket = team.env.path("agent");
    let mut agent = Command::new("ssh-agent").args(["-D", "-a"]).arg(&socket).spawn().unwrap();
    while !socket.exists() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let key = team.env.path("home/Olu");
    let added = Command::new("ssh-add").arg("-q").arg(&key).env("SSH_AUTH_SOCK", &socket).status().unwrap();
    assert!(added.success());
    fs::remove_file(&key).unwrap();
    let mut approve = team.env.hotfix_command(&["--as", OLU, "approve", "--role", "on-call"]);
    let approved = team.env.run(approve.env("SSH_AUTH_SOCK", &socket));
    agent.kill().unwrap();
    agent.wait().unwrap();
    ok(&approved);
}

#[test]
fn what_is_waived_and_decided_is_signed() {
    let team = Team::in_review();
    ok(&team.by(LEA, "Lea", &["waive", "watch", "--reason", "no probe reaches it"]));
    ok(&team.by(LEA, "Lea", &["decide", "--strategy", "B", "--reason", "try it"]));
    let audited = team.env.hotfix(&["audit", "verify"]);
    assert!(audited.stdout.contains("2 signatures hold"), "{audited}");
    let observer = person("Obi", "obi@example.org", "observer", &team.key("Obi"));
    team.people(&(team.env.read(".hotfix/people.toml") + &observer));
    let by_observer = team.by("Obi <obi@example.org>", "Obi", &["waive", "size", "--reason", "small"]);
    refused(&by_observer, "no role but `observer`");
}

#[test]
fn without_the_file_approvals_are_claimed_and_that_is_said() {
    let env = TestEnv::new();
    env.instant();
    env.configure("P0 = []", "P0 = [\"tech-lead\"]");
    let team = Team { env };
    team.declare();
    team.env.fix("001");
    held(&team.env.hotfix(&["ship"]));
    let approved = team.env.hotfix(&["--as", LEA, "approve", "--role", "tech-lead"]);
    assert!(approved.stdout.contains(" as tech-lead, claimed\n"), "{approved}");
    let people = team.env.hotfix(&["people"]);
    assert!(people.stdout.contains("has no .hotfix/people.toml: approvals are claimed"), "{people}");
    ok(&team.env.hotfix(&["ship"]));
}

#[test]
fn who_is_who_is_shown_and_checked() {
    let team = Team::new();
    ok(&team.env.hotfix(&["people"]));
    let shown = team.env.hotfix(&["people"]).stdout;
    for part in ["3 people by origin/main at ", "Olu  on-call", "ed25519", "Olu alone can approve as `on-call`"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let (shared, wrong) = (team.key("Lea"), "ssh-ed25519 AAAA nonsense");
    let text = [
        person("Ada", "ada@example.org", "tech-lead", wrong),
        person("Lea", "lea@example.org", "tech-lead", &shared),
        person("Eve", "lea@example.org", "tech-lead", &shared),
    ];
    team.env.write("new.toml", &text.concat());
    let checked = team.env.hotfix(&["people", "--check", "new.toml"]);
    assert_eq!(checked.status, Some(1), "{checked}");
    for part in [
        "Ada: the key `ssh-ed25519 AAAA nonsense` does not count",
        "is in the names of Lea and Eve",
        "the address `lea@example.org` is in the names of Lea and Eve",
        "nobody can approve as `on-call`",
    ] {
        assert!(checked.stdout.contains(part), "{part}: {checked}");
    }
    team.env.write(".hotfix/people.toml", &text.concat());
    let other = team.env.hotfix(&["people"]);
    assert!(other.stdout.contains("here is another one than production's, which is followed"), "{other}");
    team.env.write("new.toml", "[[person]]\nname = \"Ada\"\naddresses = [\"a@x\"]\nrols = []\n");
    let typo = team.env.hotfix(&["people", "--check", "new.toml"]);
    assert!(typo.stderr.contains("did you mean `roles`?"), "{typo}");
}
