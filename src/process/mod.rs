//! Commands of the configuration: started without a shell of ours, with a time limit, in a process
//! group of their own, their output bounded.

pub mod follow;
pub mod supervised;

use std::io::Read;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::redact::redact;

/// The most that is kept of a command's output, in bytes; the end of it.
pub const TAIL: usize = 64 * 1024;

/// A command, and what it runs with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Spec {
    /// The program and its arguments.
    pub arguments: Vec<String>,
    pub directory: std::path::PathBuf,
    pub environment: Vec<(String, String)>,
    pub limit: Duration,
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    Exit(i32),
    Signal(i32),
    TimedOut(Duration),
    NotStarted(String),
}

/// What came of a command.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ended {
    pub ending: Ending,
    /// The end of what it printed, both streams together, secrets taken out.
    pub output: String,
    pub seconds: f64,
}

impl Ended {
    pub fn succeeded(&self) -> bool {
        self.ending == Ending::Exit(0)
    }

    /// How it ended, in words.
    pub fn words(&self) -> String {
        match &self.ending {
            Ending::Exit(status) => format!("exit status {status}"),
            Ending::Signal(signal) => format!("ended by signal {signal}"),
            Ending::TimedOut(limit) => format!("took longer than {} s", limit.as_secs()),
            Ending::NotStarted(reason) => format!("could not be started: {reason}"),
        }
    }

    /// The last `count` lines that are not empty.
    pub fn last_lines(&self, count: usize) -> String {
        let lines: Vec<_> = self.output.lines().filter(|line| !line.trim().is_empty()).collect();
        lines[lines.len().saturating_sub(count)..].join("\n")
    }
}

/// Runs a command to its end, off the async threads. What it leaves behind in its process group is
/// killed, and so is all of it when the returned future is dropped.
pub async fn run(spec: Spec) -> Ended {
    let start = Instant::now();
    let not_started = move |reason: String| Ended {
        ending: Ending::NotStarted(reason),
        output: String::new(),
        seconds: start.elapsed().as_secs_f64(),
    };
    let (mut reader, writer) = match std::io::pipe() {
        Ok(pipe) => pipe,
        Err(error) => return not_started(error.to_string()),
    };
    let mut command = command(&spec);
    match writer.try_clone() {
        Ok(second) => command.stdout(writer).stderr(second),
        Err(error) => return not_started(error.to_string()),
    };
    let mut child = match tokio::process::Command::from(command).spawn() {
        Ok(child) => child,
        Err(error) => return not_started(starting(&spec, &error)),
    };
    let group = Group(child.id());
    let (send, receive) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let mut tail = Tail::default();
        let mut buffer = [0; 16 * 1024];
        while let Ok(count @ 1..) = reader.read(&mut buffer) {
            tail.push(&buffer[..count]);
        }
        let _ = send.send(tail.text());
    });
    let ending = match tokio::time::timeout(spec.limit, child.wait()).await {
        Ok(Ok(status)) => ending(status),
        Ok(Err(error)) => Ending::NotStarted(error.to_string()),
        Err(_) => Ending::TimedOut(spec.limit),
    };
    // Whoever is left in the group would keep the pipe open.
    drop(group);
    let output = receive.await.unwrap_or_default();
    Ended { ending, output, seconds: start.elapsed().as_secs_f64() }
}

/// The command of `spec`, leading a process group of its own, reading nothing.
fn command(spec: &Spec) -> Command {
    let mut command = Command::new(spec.arguments.first().map_or("", String::as_str));
    command
        .args(spec.arguments.iter().skip(1))
        .current_dir(&spec.directory)
        .envs(spec.environment.iter().map(|(name, value)| (name, value.replace('\0', ""))))
        .env_remove("HOTFIX_CRASH")
        .stdin(Stdio::null())
        .process_group(0);
    command
}

fn starting(spec: &Spec, error: &std::io::Error) -> String {
    match error.kind() {
        _ if !Path::new(&spec.directory).is_dir() => format!("there is no directory `{}`", spec.directory.display()),
        std::io::ErrorKind::NotFound => {
            format!("there is no program `{}`", spec.arguments.first().map_or("", String::as_str))
        }
        _ => error.to_string(),
    }
}

fn ending(status: std::process::ExitStatus) -> Ending {
    match (status.code(), status.signal()) {
        (Some(code), _) => Ending::Exit(code),
        (None, signal) => Ending::Signal(signal.unwrap_or_default()),
    }
}

/// Kills a process group when it goes out of scope.
struct Group(Option<u32>);

impl Drop for Group {
    fn drop(&mut self) {
        kill_group(self.0);
    }
}

fn kill_group(leader: Option<u32>) {
    let leader = leader.and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
    if let Some(leader) = leader {
        let _ = rustix::process::kill_process_group(leader, rustix::process::Signal::KILL);
    }
}

/// The end of a stream of bytes.
#[derive(Default)]
struct Tail(std::collections::VecDeque<u8>);

impl Tail {
    fn push(&mut self, bytes: &[u8]) {
        let bytes = &bytes[bytes.len().saturating_sub(TAIL)..];
        let over = (self.0.len() + bytes.len()).saturating_sub(TAIL);
        self.0.drain(..over);
        self.0.extend(bytes);
    }

    fn text(mut self) -> String {
        redact(&String::from_utf8_lossy(self.0.make_contiguous())).into_owned()
    }
}
