//! A remote and a clone of it, in a directory of their own.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use hotfix::git::Git;
use hotfix::git::backport::report::Report;
use tempfile::TempDir;

pub struct Sandbox {
    directory: TempDir,
}

impl Sandbox {
    /// A remote whose `main` has one commit, and a clone of it.
    pub fn new() -> Sandbox {
        Sandbox::with(&[])
    }

    /// The same, with more arguments for `git init`.
    pub fn with(options: &[&str]) -> Sandbox {
        let sandbox = Sandbox { directory: tempfile::tempdir().expect("a directory") };
        let path = |name: &str| sandbox.path(name).display().to_string();
        let init = |more: &[&str]| {
            let args = [&["init", "-q", "-b", "main"], options, more].concat();
            run(sandbox.directory.path(), &args);
        };
        init(&["--bare", &path("remote.git")]);
        init(&[&path("work")]);
        sandbox.git(&["remote", "add", "origin", &path("remote.git")]);
        sandbox.commit("first", &[("code.txt", &lines(0, ""))]);
        sandbox.git(&["push", "-q", "-u", "origin", "main"]);
        sandbox
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn runner(&self) -> Git {
        Git::at(self.path("work"))
            .with("GIT_CONFIG_GLOBAL", "/dev/null")
            .with("GIT_CONFIG_SYSTEM", "/dev/null")
            .with("GIT_AUTHOR_NAME", "Ours")
            .with("GIT_AUTHOR_EMAIL", "ours@example.org")
            .with("GIT_COMMITTER_NAME", "Ours")
            .with("GIT_COMMITTER_EMAIL", "ours@example.org")
    }

    /// Runs git in the clone and returns what it printed.
    pub fn git(&self, args: &[&str]) -> String {
        run(&self.path("work"), args)
    }

    /// Runs git in the remote and returns what it printed.
    pub fn remote(&self, args: &[&str]) -> String {
        run(&self.path("remote.git"), args)
    }

    /// Commits these contents in the clone and returns the commit.
    pub fn commit(&self, message: &str, files: &[(&str, &str)]) -> String {
        for (path, content) in files {
            let path = self.path("work").join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            std::fs::write(path, content).expect("a file");
        }
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
        self.head()
    }

    pub fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"])
    }

    /// Makes a branch of the remote from a revision, with a commit of its own where files are given.
    pub fn branch(&self, name: &str, from: &str, files: &[(&str, &str)]) {
        self.git(&["checkout", "-q", "--detach", from]);
        if !files.is_empty() {
            self.commit(&format!("work on {name}"), files);
        }
        self.git(&["push", "-q", "origin", &format!("HEAD:refs/heads/{name}")]);
        self.git(&["checkout", "-q", "main"]);
    }

    /// The content of a file on a branch of the remote.
    pub fn show(&self, branch: &str, path: &str) -> String {
        self.remote(&["show", &format!("refs/heads/{branch}:{path}")])
    }
}

/// Ten numbered lines, one of which ends in `word`.
pub fn lines(at: usize, word: &str) -> String {
    (1..=10).map(|line| if line == at { format!("line {line} {word}\n") } else { format!("line {line}\n") }).collect()
}

/// One line for each target: what a person sees of a report.
pub fn table(report: &Report) -> String {
    let rows = report.targets.iter().map(|row| {
        let verdict = serde_json::to_value(&row.outcome.verdict).expect("a verdict")["verdict"].clone();
        let obstacle = serde_json::to_value(&row.outcome.obstacle).expect("an obstacle")["obstacle"].clone();
        let moved = if row.outcome.new.is_some() && row.outcome.obstacle.is_none() { " moved" } else { "" };
        let obstacle = obstacle.as_str().map(|kind| format!(" {kind}")).unwrap_or_default();
        let files = if row.files.is_empty() { String::new() } else { format!(" {}", row.files.join(" ")) };
        format!("{} {}{moved}{obstacle}{files}\n", row.outcome.branch, verdict.as_str().expect("a name"))
    });
    rows.collect()
}

/// Runs git and returns what it printed; panics where it fails.
pub fn run(directory: &Path, args: &[&str]) -> String {
    try_run(directory, args, &[]).unwrap_or_else(|said| panic!("git {args:?}: {said}"))
}

/// The same with text to read.
pub fn feed(directory: &Path, args: &[&str], input: &str) {
    let mut child = command(directory, args).stdin(Stdio::piped()).spawn().expect("git");
    child.stdin.take().expect("standard input").write_all(input.as_bytes()).expect("git reads");
    assert!(child.wait().expect("git").success(), "git {args:?}");
}

/// Runs git and returns what it printed, or all that it said where it failed.
pub fn try_run(directory: &Path, args: &[&str], environment: &[(&str, &str)]) -> Result<String, String> {
    let output = command(directory, args).envs(environment.iter().copied()).output().expect("git");
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
    match output.status.success() {
        true => Ok(said(&output.stdout)),
        false => Err(format!("{}\n{}", said(&output.stdout), said(&output.stderr))),
    }
}

fn command(directory: &Path, args: &[&str]) -> Command {
    let mut command = Command::new("git");
    command
        .current_dir(directory)
        .args(["-c", "commit.gpgSign=false", "-c", "init.defaultBranch=main", "-c", "advice.detachedHead=false"])
        .args(args)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .env("GIT_AUTHOR_NAME", "Author")
        .env("GIT_AUTHOR_EMAIL", "author@example.org")
        .env("GIT_COMMITTER_NAME", "Committer")
        .env("GIT_COMMITTER_EMAIL", "committer@example.org");
    command
}
