//! A remote, a clone of it, and the program run in it: all that a test of a command needs.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::database::{Database, Kind};

#[path = "promise.rs"]
pub mod promise;

const INSTANT: &str = r#"
[guard]
marker = ""
regression_test = false

[review.roles]
P0 = []

[deploy.by.command]
deploy = 'echo "$HOTFIX_RELEASE" >> ../deploys && echo "$HOTFIX_RELEASE" > ../running'
rollback = 'echo "$HOTFIX_RELEASE" >> ../deploys && echo "$HOTFIX_RELEASE" > ../running'
current = "cat ../running"

[watch]
window = "50ms"
certify = 0.9

[[watch.probe]]
name = "health"
every = "1ms"
by.memory = {}
"#;

pub struct TestEnv {
    sandbox: TempDir,
    database: Database,
    /// What differs from run to run is a placeholder in snapshots while this lives.
    _filters: insta::internals::SettingsBindDropGuard,
}

/// What the program printed, and how it ended. Shows all three.
pub struct Output {
    /// `None` where a signal ended it.
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl TestEnv {
    pub fn new() -> TestEnv {
        TestEnv::on(Kind::Sqlite)
    }

    /// A remote whose `main` has the first commit, and a clone of it, with the journal in `kind`.
    pub fn on(kind: Kind) -> TestEnv {
        TestEnv::with(|name| Database::new(kind, name))
    }

    /// Another remote and a clone of it, with the journal in the same database, which is gone with `self`.
    pub fn beside(&self) -> TestEnv {
        TestEnv::with(|_| self.database.shared())
    }

    fn with(database: impl FnOnce(&str) -> Database) -> TestEnv {
        let env = TestEnv::empty(database);
        // ./test names a directory for what tests share; a copy costs less than eight runs of git.
        let begun = std::env::var_os("HOTFIX_TEST_CACHE").map(|cache| PathBuf::from(cache).join("begun"));
        match begun {
            Some(begun) if begun.exists() => copy(&begun, env.sandbox.path()),
            Some(begun) => {
                env.begin();
                let own = begun.with_file_name(env.sandbox.path().file_name().expect("it has a name"));
                copy(env.sandbox.path(), &own);
                // Of several tests at once, one leaves its own.
                let _ = fs::rename(&own, &begun).or_else(|_| fs::remove_dir_all(&own));
            }
            None => env.begin(),
        }
        env
    }

    /// A copy of another one's sandbox, with a journal that nothing is in.
    pub fn copy_of(sandbox: &Path, kind: Kind) -> TestEnv {
        let env = TestEnv::empty(|name| Database::new(kind, name));
        copy(sandbox, env.sandbox.path());
        env
    }

    /// `database` is called with a name that no other test uses.
    fn empty(database: impl FnOnce(&str) -> Database) -> TestEnv {
        let sandbox = tempfile::Builder::new().prefix("hotfix-").tempdir().expect("a directory");
        let name = sandbox.path().file_name().expect("it has a name").to_string_lossy();
        TestEnv { database: database(&name), _filters: filters(sandbox.path()), sandbox }
    }

    fn begin(&self) {
        fs::create_dir(self.path("home")).expect("a directory");
        self.git_in(".", &["init", "--quiet", "--bare", "--initial-branch=main", "remote.git"]);
        // As on a forge, a push does not start housekeeping.
        self.git_in("remote.git", &["config", "receive.autogc", "false"]);
        self.git_in(".", &["init", "--quiet", "--initial-branch=main", "work"]);
        self.git(&["remote", "add", "origin", "../remote.git"]);
        self.write("README.md", "payment-api\n");
        self.commit("Begin");
        self.git(&["push", "--quiet", "--set-upstream", "origin", "main"]);
    }

    /// Configures the clone so that the whole job runs at once and waits for nobody but the fix.
    /// What runs is in the file `running` of the sandbox; every deploy is a line in `deploys`.
    pub fn instant(&self) {
        self.write("hotfix.toml", INSTANT);
        self.write("../running", "v1.0.0\n");
        self.commit("Configure hotfix");
        self.git(&["push", "--quiet"]);
    }

    /// Replaces a part of the clone's hotfix.toml, where it is first.
    pub fn configure(&self, from: &str, to: &str) {
        let text = self.read("hotfix.toml");
        assert!(text.contains(from), "{text}");
        self.settings(&text.replacen(from, to, 1));
    }

    /// Writes the clone's hotfix.toml; production's branch gets it too where it has one, which is the one that
    /// counts then.
    pub fn settings(&self, text: &str) {
        let has_one = !self.git_in("remote.git", &["branch", "--list", "main"]).is_empty()
            && !self.git_in("remote.git", &["ls-tree", "--name-only", "main", "hotfix.toml"]).is_empty();
        if has_one { self.rules(text) } else { self.write("hotfix.toml", text) }
    }

    /// Writes the clone's hotfix.toml, and makes it the one of production's branch, here and on the remote.
    pub fn rules(&self, text: &str) {
        self.write("hotfix.toml", text);
        self.git(&["fetch", "--quiet", "origin"]);
        let tip = self.git(&["rev-parse", "origin/main"]);
        if self.git(&["rev-parse", "HEAD"]) == tip
            && self.git(&["symbolic-ref", "--quiet", "HEAD"]) == "refs/heads/main"
        {
            self.git(&["add", "hotfix.toml"]);
            self.git(&["commit", "--quiet", "--allow-empty", "--message", "Configure hotfix", "--", "hotfix.toml"]);
            self.git(&["push", "--quiet", "origin", "main"]);
            return;
        }
        // Whatever is checked out stays.
        let index = self.path("index");
        let run = |args: &[&str]| {
            let output = self.run(self.command("git", args).env("GIT_INDEX_FILE", &index));
            assert_eq!(output.status, Some(0), "git {args:?}\n{output}");
            output.stdout.trim_end().to_owned()
        };
        run(&["read-tree", &tip]);
        let blob = run(&["hash-object", "-w", "hotfix.toml"]);
        run(&["update-index", "--add", "--cacheinfo", &format!("100644,{blob},hotfix.toml")]);
        let tree = run(&["write-tree"]);
        let commit = run(&["commit-tree", "-m", "Configure hotfix", "-p", &tip, &tree]);
        run(&["push", "--quiet", "origin", &format!("{commit}:refs/heads/main")]);
        if run(&["for-each-ref", "--format=%(objectname) %(HEAD)", "refs/heads/main"]) == tip {
            run(&["update-ref", "refs/heads/main", &commit, &tip]);
        }
    }

    /// Makes a fix in the incident's work tree, and returns its commit.
    pub fn fix(&self, id: &str) -> String {
        let tree = format!("work-{id}");
        fs::write(self.path(&tree).join("fix.txt"), format!("fixed {id}\n")).expect("there is a work tree");
        self.git_in(&tree, &["add", "--all"]);
        self.git_in(&tree, &["commit", "--quiet", "--message", "Fix it"]);
        self.git_in(&tree, &["rev-parse", "HEAD"])
    }

    /// A path in the sandbox: `work` is the clone, `remote.git` the remote.
    pub fn path(&self, name: &str) -> PathBuf {
        self.sandbox.path().join(name)
    }

    /// Writes a file in the clone.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.path("work").join(path);
        fs::create_dir_all(path.parent().expect("it lies in the clone")).expect("a directory");
        fs::write(path, text).expect("a file");
    }

    /// Reads a file of the clone.
    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path("work").join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Commits all that is in the clone and not committed, and returns the commit.
    pub fn commit(&self, subject: &str) -> String {
        self.git(&["add", "--all"]);
        if !self.git(&["status", "--porcelain"]).is_empty() {
            self.git(&["commit", "--quiet", "--message", subject]);
        }
        self.git(&["rev-parse", "HEAD"])
    }

    /// Commits all that is in the clone, on production's branch of the remote too.
    pub fn publish(&self, subject: &str) {
        self.commit(subject);
        self.git(&["push", "--quiet", "origin", "main"]);
    }

    /// Runs git in the clone, and returns what it printed.
    pub fn git(&self, args: &[&str]) -> String {
        self.git_in("work", args)
    }

    /// Runs git in a directory of the sandbox, and returns what it printed.
    pub fn git_in(&self, directory: &str, args: &[&str]) -> String {
        let output = self.run(self.command("git", args).current_dir(self.path(directory)));
        assert_eq!(output.status, Some(0), "git {args:?}\n{output}");
        output.stdout.trim_end().to_owned()
    }

    /// Runs hotfix in the clone.
    pub fn hotfix(&self, args: &[&str]) -> Output {
        self.run(&mut self.hotfix_command(args))
    }

    /// A run of hotfix in the clone, not started yet.
    pub fn hotfix_command(&self, args: &[&str]) -> Command {
        self.command(env!("CARGO_BIN_EXE_hotfix"), args)
    }

    /// The same in another clone or directory of the sandbox.
    pub fn command_in(&self, directory: &str, args: &[&str]) -> Command {
        let mut command = self.hotfix_command(args);
        command.current_dir(self.path(directory));
        command
    }

    /// The same, with root held to the permissions of files as anybody else.
    pub fn hotfix_held_to_permissions(&self, args: &[&str]) -> Command {
        if !rustix::process::geteuid().is_root() {
            return self.hotfix_command(args);
        }
        let rights = ["--bounding-set=-dac_override", "--", env!("CARGO_BIN_EXE_hotfix")];
        self.command("setpriv", &[&rights, args].concat())
    }

    /// The same, with files that can't grow beyond `kilobytes`, as on a full disk.
    pub fn hotfix_on_a_full_disk(&self, kilobytes: u32, args: &[&str]) -> Command {
        self.hotfix_within(&format!("trap '' XFSZ; ulimit -f {}", kilobytes * 2), args)
    }

    /// The same, with limits that the shell sets.
    pub fn hotfix_within(&self, limits: &str, args: &[&str]) -> Command {
        let line = format!("{limits}; exec \"$0\" \"$@\"");
        self.command("sh", &[&["-c", &line, env!("CARGO_BIN_EXE_hotfix")], args].concat())
    }

    /// The database of the journal, behind the program's back.
    pub fn journal(&self) -> String {
        match self.database.location.as_str() {
            "sqlite" => format!("sqlite://{}", self.path("work/.git/hotfix/journal.db").display()),
            postgres => postgres.to_owned(),
        }
    }

    /// Runs a command, and returns how it ended. What hotfix prints with `--json` has to be as promised.
    pub fn run(&self, command: &mut Command) -> Output {
        let output: Output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}")).into();
        promise::hold(command, &output);
        output
    }

    /// A program that knows nothing of whose machine this is.
    fn command(&self, program: &str, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        // The person's own configuration of git, where a story has one.
        let own = Some(self.path("gitconfig")).filter(|own| own.exists()).unwrap_or_else(|| "/dev/null".into());
        command
            .args(args)
            .current_dir(self.path("work"))
            .stdin(Stdio::null())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").expect("there is a PATH"))
            .env("HOME", self.path("home"))
            .env("LC_ALL", "C.UTF-8")
            .env("TZ", "UTC")
            .env("NO_COLOR", "1")
            .env("GIT_CONFIG_GLOBAL", own)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_NAME", "Ada")
            .env("GIT_AUTHOR_EMAIL", "ada@example.org")
            .env("GIT_COMMITTER_NAME", "Ada")
            .env("GIT_COMMITTER_EMAIL", "ada@example.org")
            .env("HOTFIX_STORE", &self.database.location);
        command
    }
}

impl From<std::process::Output> for Output {
    fn from(ended: std::process::Output) -> Output {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Output { status: ended.status.code(), stdout: text(&ended.stdout), stderr: text(&ended.stderr) }
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.status {
            Some(status) => writeln!(f, "exit status: {status}")?,
            None => writeln!(f, "ended by a signal")?,
        }
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !text.is_empty() {
                writeln!(f, "--- {name}\n{}", text.trim_end())?;
            }
        }
        Ok(())
    }
}

/// Puts placeholders where snapshots would differ from run to run.
fn filters(sandbox: &Path) -> insta::internals::SettingsBindDropGuard {
    let mut settings = insta::Settings::clone_current();
    for path in [sandbox.canonicalize().expect("it is there").as_path(), sandbox] {
        settings.add_filter(&regex(&path.display().to_string()), "[SANDBOX]");
    }
    settings.add_filter(r"\b[0-9a-f]{40}([0-9a-f]{24})?\b", "[HASH]");
    settings.add_filter(r"\b(HOTFIX|hotfix|DEPLOY|ROLLBACK)-20\d{6}-", "$1-[DATE]-");
    settings.add_filter(r"-P[0-9a-f]{8}\b", "-[PROVISIONAL]");
    settings.add_filter(r"\b[0-9a-f]{9}\b", "[COMMIT]");
    settings.add_filter(r"\bby store [0-9a-f]{12}\b", "by store [STORE]");
    settings.add_filter(r"\b20\d\d-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?( ?(Z|UTC))?", "[TIME]");
    settings.add_filter(r" \(os error \d+\)", "");
    settings.add_filter(r"\b\d+(\.\d+)? (ms|s)\b", "[DURATION]");
    // On a busy machine a minute is soon gone.
    settings.add_filter(r"\bdue in 1[34] min\b", "due in 15 min");
    settings.bind_to_scope()
}

/// In snapshots, puts a placeholder where a watch says how much was seen, while this lives.
pub fn counts() -> insta::internals::SettingsBindDropGuard {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"\d+ errors in \d+ requests(, p95 \[DURATION\])?", "[COUNTS]");
    settings.bind_to_scope()
}

/// Copies what is in a directory, without git's samples of hooks.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory");
    for entry in fs::read_dir(from).expect("a directory").map(|entry| entry.expect("an entry")) {
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        match path.is_dir() {
            true => copy(&path, &to),
            false if path.extension().is_some_and(|extension| extension == "sample") => {}
            false => drop(fs::copy(&path, &to).expect("a file")),
        }
    }
}

/// A regular expression that matches `text` and nothing else.
fn regex(text: &str) -> String {
    text.chars().flat_map(|c| (!c.is_alphanumeric()).then_some('\\').into_iter().chain([c])).collect()
}
