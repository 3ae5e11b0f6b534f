//! What a fix's tests and gates can't reach, and what they still can.

use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::process::Command;

use crate::check::{MENDED, NEW_TEST, fix, shop};
use crate::env::{Output, TestEnv};

/// Prints the name of each attempt that succeeds. `$1` is the clone of the person, `$2` a port.
const ATTEMPTS: &str = r#"
clone=$1 port=$2
attempt() { name=$1; shift; if ("$@") > /dev/null 2>&1; then echo "$name"; fi; }
append() { echo "$2" >> "$1"; }
put() { echo x > "$1"; }
says() { "$@" | grep -q .; }
connects() { perl -MIO::Socket::UNIX -e 'exit !IO::Socket::UNIX->new(Peer => shift)' "$1"; }
dials() { perl -MIO::Socket::INET -e 'exit !IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => shift)' "$1"; }
kills() { for process in $(pgrep -x hotfix); do kill -URG "$process" && return 0; done; return 1; }
writes() { echo "$$" | git -C "$clone" hash-object -w --stdin; }
moves() { mv "$clone" "$clone.away" && mv "$clone.away" "$clone"; }

attempt settings append "$clone/hotfix.toml" '# changed'
attempt sources append "$clone/src/shop.txt" 'changed'
attempt config git -C "$clone" config core.editor changed
attempt hook put "$clone/.git/hooks/pre-push"
attempt ref git -C "$clone" update-ref refs/heads/changed HEAD
attempt object writes
attempt state put "$clone/.git/hotfix/changed"
attempt journal says cat "$clone/.git/hotfix/journal.db"
attempt permissions chmod 666 "$clone/.git/hotfix/journal.db"
attempt other-tree put "$clone-third/changed"
attempt key says cat "$HOME/.ssh/id_ed25519"
attempt new-key put "$HOME/.ssh/authorized_keys"
attempt profile append "$HOME/.profile" 'changed'
attempt token says printenv APP_TOKEN
attempt token-of-another grep -qa s3cr3t-of-a-person /proc/[0-9]*/environ
attempt agent-variable says printenv SSH_AUTH_SOCK
attempt agent connects "$clone/../agent"
attempt signal kills
attempt network dials "$port"
attempt moved moves
echo done
"#;

/// A shop with a key, an agent, two more work trees, and a gate that does what `ATTEMPTS` says.
struct Attacked {
    env: TestEnv,
    listener: TcpListener,
    _agent: UnixListener,
}

fn attacked(settings: &str) -> Attacked {
    let env = shop();
    let agent = UnixListener::bind(env.path("agent")).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    env.write("../home/.ssh/id_ed25519", "key\n");
    env.write(".git/hotfix/journal.db", "journal\n");
    env.git(&["worktree", "add", "--quiet", "--detach", "../work-other", "main"]);
    env.git(&["worktree", "add", "--quiet", "--detach", "../work-third", "main"]);
    std::fs::write(env.path("attempts.sh"), ATTEMPTS).unwrap();
    let attacked = Attacked { env, listener, _agent: agent };
    attacked.configure(settings, &attacked.attempts());
    fix(&attacked.env, &[MENDED, NEW_TEST]);
    attacked
}

impl Attacked {
    fn attempts(&self) -> String {
        let port = self.listener.local_addr().unwrap().port();
        format!("sh {} {} {port}", self.env.path("attempts.sh").display(), self.env.path("work").display())
    }

    fn configure(&self, settings: &str, gate: &str) {
        let gate = format!("[[gate]]\nname = \"a\"\ncommand = {gate:?}\nlimit = \"1m\"\n");
        self.env.rules(&format!("[guard]\nmarker = \"\"\n[sandbox]\n{settings}\n{gate}"));
    }

    /// Checks in the linked work tree, as a job does, with a secret and an agent in the environment.
    fn check(&self, command: &mut Command) -> Output {
        command.current_dir(self.env.path("work-other"));
        command.env("APP_TOKEN", "s3cr3t-of-a-person").env("SSH_AUTH_SOCK", self.env.path("agent"));
        self.env.run(command)
    }

    fn gates(&self) -> Output {
        self.env.git_in("work-other", &["switch", "--quiet", "--detach", "fix"]);
        self.check(&mut self.env.hotfix_command(&["check", "--only", "gates", "--base", "main"]))
    }

    /// What the gate printed, on one line.
    fn printed(&self) -> String {
        let commit = self.env.git(&["rev-parse", "fix"]);
        self.env
            .read(&format!(".git/hotfix/check/{commit}/gate-a.log"))
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    }
}

#[test]
fn a_gate_reaches_only_what_it_needs() {
    let attacked = attacked("");
    let output = attacked.gates();
    assert_eq!(output.status, Some(0), "{output}");
    assert!(!output.stdout.contains("not held"), "{output}");
    assert_eq!(attacked.printed(), "network done", "{output}");
    assert_eq!(attacked.env.git(&["status", "--porcelain"]), "");
}

#[test]
fn the_network_can_be_switched_off() {
    let attacked = attacked("network = false");
    let output = attacked.gates();
    assert_eq!(attacked.printed(), "done", "{output}");
    let own = "perl -MIO::Socket::INET -e '$l = IO::Socket::INET->new(Listen => 1, LocalAddr => \"127.0.0.1\") or exit 1; \
               exit !IO::Socket::INET->new(PeerAddr => \"127.0.0.1\", PeerPort => $l->sockport)'";
    attacked.configure("network = false", own);
    let output = attacked.gates();
    assert_eq!(output.status, Some(0), "it has a loopback device of its own: {output}");
}

#[test]
fn without_walls_everything_is_reached_and_that_is_said() {
    let attacked = attacked("enabled = false");
    let output = attacked.gates();
    assert!(output.stdout.contains("tests and gates were not held: switched off"), "{output}");
    assert_eq!(
        attacked.printed(),
        "settings sources config hook ref object state journal permissions other-tree key new-key profile token \
         token-of-another agent-variable agent signal network moved done"
    );
}

/// As where a system allows no namespaces to people: Ubuntu's default, or a container.
#[test]
fn landlock_alone_holds_what_is_written_and_read() {
    let attacked = attacked("");
    attacked.env.git_in("work-other", &["switch", "--quiet", "--detach", "fix"]);
    let without =
        "echo 0 > /proc/sys/user/max_mnt_namespaces; echo 0 > /proc/sys/user/max_user_namespaces; exec \"$@\"";
    let mut command = attacked.env.hotfix_command(&[]);
    let program = command.get_program().to_owned();
    let mut unshared = Command::new("unshare");
    unshared.args(["--user", "--map-root-user", "sh", "-c", without, "sh"]).arg(program).env_clear();
    unshared.args(["check", "--only", "gates", "--base", "main"]);
    unshared.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command = unshared;
    let output = attacked.check(&mut command);
    assert!(output.stdout.contains("no namespace for mounts"), "{output}");
    assert_eq!(attacked.printed(), "permissions agent network done", "{output}");
}

#[test]
fn a_gate_can_do_its_work() {
    let attacked = attacked("environment = [\"APP_TOKEN\"]\nwritable = [\"~/tools\"]");
    std::fs::create_dir_all(attacked.env.path("home/tools")).unwrap();
    std::fs::create_dir_all(attacked.env.path("home/.cache")).unwrap();
    let line = "set -e; git diff --stat main; git status --short; git log --oneline -1; echo x > .eslintcache; mkdir -p build/a; \
                mv .eslintcache build/a; ln build/a/.eslintcache build/b; echo x > /dev/null; mktemp; touch ~/.cache/pip; \
                touch ~/tools/x; test \"$APP_TOKEN\" = s3cr3t-of-a-person; test -s \"$HOTFIX_CHANGED\"; test -z \"$HOTFIX_STORE\"; \
                ! touch .git; ! touch hotfix.toml; ! mv hotfix.toml build; ! rm -f .git";
    attacked.configure("environment = [\"APP_TOKEN\"]\nwritable = [\"~/tools\"]", line);
    let output = attacked.gates();
    assert_eq!(output.status, Some(0), "{output}");
}

/// The test is green only where no attempt succeeds, and nothing is changed by it.
#[test]
fn a_hostile_test_changes_nothing_outside_of_its_tree() {
    let attacked = attacked("");
    let test =
        format!("test \"$({} | xargs)\" = \"network done\" && grep -q 'price 2' src/shop.txt", attacked.attempts());
    let settings = |sandbox: &str| {
        let text = format!("{}\n{sandbox}\n", crate::check::CONFIG);
        attacked.env.rules(&text);
    };
    settings("");
    fix(&attacked.env, &[("tests/new.case", &test)]);
    attacked.env.git_in("work-other", &["switch", "--quiet", "--detach", "fix"]);
    let mut command = attacked.env.hotfix_command(&["check", "--only", "proof", "--base", "main", "--json"]);
    let output = attacked.check(command.env("RUNS", attacked.env.path("runs")));
    let check: serde_json::Value = serde_json::from_str(&output.stdout).unwrap_or_else(|_| panic!("{output}"));
    assert_eq!(check["proof"]["fail_to_pass"], serde_json::json!(["cases::new"]), "{output}");
    assert_eq!(attacked.env.git(&["status", "--porcelain"]), "");
    // Trees are tested side by side, and hotfix itself needs the clone meanwhile.
    let attempts = ATTEMPTS.replace("attempt moved moves\n", "");
    std::fs::write(attacked.env.path("attempts.sh"), attempts).unwrap();
    settings("enabled = false");
    let mut command = attacked.env.hotfix_command(&["check", "--only", "proof", "--base", "main", "--json"]);
    let output = attacked.check(command.env("RUNS", attacked.env.path("runs")));
    assert!(output.stdout.contains("\"sandbox_off\": \"switched off in the configuration\""), "{output}");
    assert!(attacked.env.read("hotfix.toml").contains("# changed"), "{output}");
}

/// Whether a gate could waive a rule of its own incident.
fn waives(sandbox: &str) -> bool {
    let env = TestEnv::new();
    env.instant();
    let (hotfix, clone) = (env!("CARGO_BIN_EXE_hotfix"), env.path("work").display().to_string());
    let waive = format!("unset HOTFIX_ID; {hotfix} -C {clone} --as eve waive size --id 001 --reason mine; true");
    let gate = format!("\n[sandbox]\n{sandbox}\n[[gate]]\nname = \"a\"\ncommand = {waive:?}\nlimit = \"1m\"\n");
    env.write("hotfix.toml", &format!("{}{gate}", env.read("hotfix.toml")));
    env.commit("Have a gate");
    env.git(&["push", "--quiet"]);
    let started = env.hotfix(&["start", "Prices are wrong", "--severity", "P0", "--issue-id", "001"]);
    assert_eq!(started.status, Some(0), "{started}");
    env.fix("001");
    let shipped = env.hotfix(&["ship"]);
    assert_eq!(shipped.status, Some(0), "{shipped}");
    let events = env.hotfix(&["timeline", "001", "--events", "--json"]).stdout;
    assert_eq!(events.contains("tests and gates were not held: switched off"), !sandbox.is_empty(), "{events}");
    events.contains("\"mine\"")
}

#[test]
fn a_gate_waives_nothing() {
    assert!(!waives(""));
    assert!(waives("enabled = false"), "or the test tells nothing");
}
