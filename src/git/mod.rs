//! The only place that starts the git program.

pub mod address;
pub mod anchor;
pub mod backport;
mod batch;
pub mod change;
pub mod entries;
pub mod inbox;
pub mod leftovers;
pub mod merge_tree;
pub mod objects;
pub mod oid;
pub mod pack;
mod pack_index;
mod programs;
pub mod project;
pub mod published;
pub mod push;
pub mod quarantine;
pub mod repository;
pub mod texts;
pub mod tree;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;

use crate::redact::redact;
use programs::Instead;

/// A directory in which git commands are run. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Git {
    directory: PathBuf,
    environment: Vec<(&'static str, OsString)>,
    /// What is said instead of the programs that the clone's own configuration names.
    instead: Arc<Instead>,
}

/// What a git command printed and how it ended.
#[derive(Debug)]
pub struct Output {
    /// The exit status; `None` where a signal ended git.
    pub status: Option<i32>,
    pub stdout: Vec<u8>,
    /// The error output, secrets taken out.
    pub stderr: String,
}

#[derive(Debug, thiserror::Error)]
pub enum GitError {
    #[error("git is not installed, or not on the PATH")]
    NotInstalled,
    #[error("`git {command}` could not be started in `{directory}`")]
    NotStarted { command: String, directory: String, source: std::io::Error },
    #[error("`git {command}` failed: {stderr}")]
    Failed { command: String, status: Option<i32>, stderr: String },
    #[error("`git {command}` took longer than {seconds} s")]
    TimedOut { command: String, seconds: u64 },
}

/// What git would take from the environment instead of from the repository that it is run in: where objects,
/// refs and the index are, how paths are read, which programs are run, and settings.
const INHERITED: &[&str] = &[
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_PREFIX",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_QUARANTINE_PATH",
    "GIT_SHALLOW_FILE",
    "GIT_GRAFT_FILE",
    "GIT_REPLACE_REF_BASE",
    "GIT_ATTR_SOURCE",
    "GIT_CONFIG",
    "GIT_CONFIG_PARAMETERS",
    "GIT_CONFIG_COUNT",
    "GIT_TEMPLATE_DIR",
    "GIT_EXTERNAL_DIFF",
    "GIT_DIFF_OPTS",
    "GIT_LITERAL_PATHSPECS",
    "GIT_GLOB_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
    "GIT_DEFAULT_HASH",
    "GIT_DEFAULT_REF_FORMAT",
    "GIT_REF_PARANOIA",
];

impl Git {
    pub fn at(directory: impl Into<PathBuf>) -> Git {
        Git { directory: directory.into(), environment: Vec::new(), instead: Arc::default() }
    }

    /// The same, with a variable set for every command.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<OsString>) -> Git {
        self.environment.push((name, value.into()));
        self
    }

    /// The same, without the programs that the clone's own configuration names and that the person has not allowed.
    pub async fn guarded(mut self) -> Result<Git, GitError> {
        let list = self.call(["config", "--null", "--show-scope", "--list", "--includes"]).bytes().await?;
        let instead = programs::instead(&String::from_utf8_lossy(&list));
        instead.remarks.iter().for_each(|remark| tracing::warn!("{remark}"));
        if instead.no_proxy && std::env::var_os("GIT_PROXY_COMMAND").is_none() {
            self = self.with("GIT_PROXY_COMMAND", "");
        }
        self.instead = Arc::new(instead);
        Ok(self)
    }

    /// The same repository or settings, from another directory.
    #[must_use]
    pub fn within(mut self, directory: impl Into<PathBuf>) -> Git {
        self.directory = directory.into();
        self
    }

    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// A command prepared as every git command here is: in this directory whatever the environment
    /// says, in English, asking nothing, and without starting housekeeping of its own.
    pub fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> std::process::Command {
        let args: Vec<S> = args.into_iter().collect();
        let mut command = std::process::Command::new("git");
        command
            .current_dir(&self.directory)
            .args(["-c", "core.quotePath=false", "-c", "gc.auto=0", "-c", "maintenance.auto=false"])
            // The repository's own configuration may name programs; no call needs these.
            .args(["-c", "core.fsmonitor=false"]);
        for setting in &self.instead.settings {
            command.args(["-c", setting]);
        }
        if args.first().is_none_or(|first| first.as_ref() != "push") {
            command.args(["-c", "core.hooksPath=/dev/null"]);
        }
        let other_side = match args.first().and_then(|first| first.as_ref().to_str()) {
            Some("fetch" | "ls-remote") => self.instead.upload_pack.as_ref().map(|own| format!("--upload-pack={own}")),
            Some("push") => self.instead.receive_pack.as_ref().map(|own| format!("--receive-pack={own}")),
            _ => None,
        };
        let (first, rest) = args.split_at(args.len().min(1));
        command
            .args(first)
            .args(other_side)
            .args(rest)
            .env("LC_ALL", "C")
            .env("GIT_TERMINAL_PROMPT", "0")
            // What is looked at is what is pushed: nobody else has the replacements of this clone.
            .env("GIT_NO_REPLACE_OBJECTS", "1")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_EDITOR", "true")
            .env("GIT_MERGE_AUTOEDIT", "no")
            .stdin(Stdio::null());
        for name in INHERITED {
            command.env_remove(name);
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Returns what the command printed, less the last line break.
    ///
    /// Fails where git can't be started or its exit status is not 0.
    pub async fn run<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Result<String, GitError> {
        self.call(args).text().await
    }

    /// A command with more to say than its arguments.
    pub fn call<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Call {
        let args: Vec<OsString> = args.into_iter().map(|arg| arg.as_ref().to_owned()).collect();
        Call { git: self.clone(), args, input: Vec::new(), environment: Vec::new(), limit: None }
    }
}

/// A git command about to be run.
#[derive(Debug)]
#[must_use]
pub struct Call {
    git: Git,
    args: Vec<OsString>,
    input: Vec<u8>,
    environment: Vec<(&'static str, OsString)>,
    limit: Option<Duration>,
}

impl Call {
    /// What git reads from its standard input.
    pub fn input(mut self, input: impl Into<Vec<u8>>) -> Call {
        self.input = input.into();
        self
    }

    pub fn env(mut self, name: &'static str, value: impl Into<OsString>) -> Call {
        self.environment.push((name, value.into()));
        self
    }

    /// The command is killed after `limit`: for anything that talks to a remote.
    pub fn limit(mut self, limit: Duration) -> Call {
        self.limit = Some(limit);
        self
    }

    /// Returns what the command printed, byte for byte; fails unless the status is 0.
    pub async fn bytes(self) -> Result<Vec<u8>, GitError> {
        let command = self.shown();
        let output = self.output().await?;
        if output.status != Some(0) {
            return Err(GitError::Failed { command, status: output.status, stderr: output.stderr.trim().to_owned() });
        }
        Ok(output.stdout)
    }

    /// Returns what the command printed, less the last line break; fails unless the status is 0.
    pub async fn text(self) -> Result<String, GitError> {
        let mut text = String::from_utf8_lossy(&self.bytes().await?).into_owned();
        if text.ends_with('\n') {
            text.pop();
        }
        Ok(text)
    }

    /// Returns whether the exit status is 0 (true) or 1 (false); fails on any other.
    pub async fn answer(self) -> Result<bool, GitError> {
        let command = self.shown();
        let output = self.output().await?;
        match output.status {
            Some(0) => Ok(true),
            Some(1) => Ok(false),
            status => Err(GitError::Failed { command, status, stderr: output.stderr.trim().to_owned() }),
        }
    }

    /// Returns whatever happened; fails only where git can't be started or took too long.
    pub async fn output(self) -> Result<Output, GitError> {
        let shown = self.shown();
        let mut command = self.git.command(&self.args);
        for (name, value) in &self.environment {
            command.env(name, value);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = tokio::process::Command::from(command)
            .kill_on_drop(true)
            .spawn()
            .map_err(|source| self.not_started(source))?;
        let mut stdin = child.stdin.take().expect("stdin is piped");
        let input = self.input;
        let ended = async {
            // A command that ends before it has read everything says so by its status.
            let write = async {
                let _ = stdin.write_all(&input).await;
                drop(stdin);
            };
            tokio::join!(write, child.wait_with_output()).1
        };
        let output = match self.limit {
            None => ended.await,
            Some(limit) => tokio::time::timeout(limit, ended)
                .await
                .map_err(|_| GitError::TimedOut { command: shown.clone(), seconds: limit.as_secs() })?,
        }
        .map_err(|source| GitError::NotStarted {
            command: shown,
            directory: self.git.directory.display().to_string(),
            source,
        })?;
        Ok(Output {
            status: output.status.code(),
            stdout: output.stdout,
            stderr: redact(&String::from_utf8_lossy(&output.stderr)).into_owned(),
        })
    }

    fn not_started(&self, source: std::io::Error) -> GitError {
        if source.kind() == std::io::ErrorKind::NotFound && self.git.directory.is_dir() {
            return GitError::NotInstalled;
        }
        GitError::NotStarted { command: self.shown(), directory: self.git.directory.display().to_string(), source }
    }

    /// The command as an error shows it: the first arguments, secrets taken out.
    fn shown(&self) -> String {
        let args: Vec<_> = self.args.iter().take(6).map(|arg| arg.to_string_lossy()).collect();
        let mut shown = redact(&args.join(" ")).into_owned();
        if self.args.len() > 6 {
            shown.push_str(" …");
        }
        shown
    }
}
