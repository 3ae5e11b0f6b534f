//! Commands of the configuration: started without a shell of ours, with a time limit, ended with all
//! that they started, their output bounded.

pub mod contained;
pub mod follow;
pub mod installed;
pub mod machine;
pub mod running;
pub mod sandbox;
pub mod supervised;
pub mod walls;

use std::collections::VecDeque;
use std::fs::File;
use std::io::Read;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::redact::redact;
use contained::Contained;
use sandbox::Confinement;

/// The most that is kept of a command's output, in bytes; the end of it.
pub const TAIL: usize = 64 * 1024;

/// The most that is shown of one line, in bytes.
const LINE: usize = 4 * 1024;

/// A command, and what it runs with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Spec {
    /// The program and its arguments.
    pub arguments: Vec<String>,
    pub directory: std::path::PathBuf,
    pub environment: Vec<(String, String)>,
    pub limit: Duration,
    /// What holds it; `None` for a command of the person's own, which may do what they may.
    #[serde(default)]
    pub confinement: Option<Confinement>,
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

impl Ending {
    /// The end in words.
    pub fn words(&self) -> String {
        match self {
            Ending::Exit(status) => format!("exit status {status}"),
            Ending::Signal(signal) => format!("ended by signal {signal}"),
            Ending::TimedOut(limit) => format!("took longer than {} s", limit.as_secs()),
            Ending::NotStarted(reason) => format!("could not be started: {reason}"),
        }
    }
}

/// What came of a command.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ended {
    pub ending: Ending,
    /// The end of what it printed, both streams together, secrets and colours taken out.
    pub output: String,
    pub seconds: f64,
}

impl Ended {
    pub fn succeeded(&self) -> bool {
        self.ending == Ending::Exit(0)
    }

    /// How it ended, in words.
    pub fn words(&self) -> String {
        self.ending.words()
    }

    /// The last `count` lines that are not empty, the end of each left out where it is very long.
    pub fn last_lines(&self, count: usize) -> String {
        let lines: Vec<_> = self.output.lines().filter(|line| !line.trim().is_empty()).collect();
        let last = lines[lines.len().saturating_sub(count)..].iter();
        last.map(|line| &line[..line.floor_char_boundary(LINE)]).collect::<Vec<_>>().join("\n")
    }

    /// The part of the output that shows what failed, of `count` lines: from the first line that looks like an
    /// error, or its end. How many more lines there are stands below.
    pub fn first_error(&self, count: usize) -> String {
        let lines: Vec<&str> = self.output.lines().filter(|line| !line.trim().is_empty()).collect();
        let last = lines.len().saturating_sub(count);
        let first = lines.iter().position(|line| is_error(line)).unwrap_or(last).min(last);
        let shown = &lines[first..lines.len().min(first + count)];
        let shown: Vec<_> = shown.iter().map(|line| &line[..line.floor_char_boundary(LINE)]).collect();
        match lines.len() - first - shown.len() {
            0 => shown.join("\n"),
            more => format!("{}\n... {more} more lines", shown.join("\n")),
        }
    }
}

fn is_error(line: &str) -> bool {
    let line = line.trim_start().to_lowercase();
    ["error", "fail", "panicked", "fatal", "e   "].iter().any(|word| line.starts_with(word))
        || [": error", " panicked at ", "importerror", "modulenotfounderror"].iter().any(|word| line.contains(word))
}

/// Where a command's output goes, and how much of it is kept.
#[derive(Debug)]
pub struct Output {
    /// Takes standard output, all of it, and only that; `None` where both streams are kept together.
    pub stdout: Option<File>,
    /// The most bytes that are kept of what is not in `stdout`; the end of it.
    pub keep: usize,
}

/// How long the output is waited for once a command has ended, where a process that could not be ended
/// keeps the pipe open.
const STRAGGLERS: Duration = Duration::from_millis(500);

/// Runs a command to its end, off the async threads. What it leaves running is killed, and so is all of
/// it when the returned future is dropped.
pub async fn run(spec: Spec) -> Ended {
    run_into(spec, Output { stdout: None, keep: TAIL }).await
}

/// The same, with a say in where the output goes.
pub async fn run_into(spec: Spec, output: Output) -> Ended {
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
    let stdout = output.stdout.map_or_else(|| writer.try_clone().map(Stdio::from), |file| Ok(Stdio::from(file)));
    let started = stdout.map_err(|error| error.to_string());
    let mut contained = match started.and_then(|stdout| Contained::start(&spec, stdout, writer.into())) {
        Ok(contained) => contained,
        Err(reason) => return not_started(reason),
    };
    let tail = Arc::new(Mutex::new(Tail::keeping(output.keep)));
    let (send, receive) = tokio::sync::oneshot::channel();
    let kept = Arc::clone(&tail);
    std::thread::spawn(move || {
        let mut buffer = [0; 16 * 1024];
        while let Ok(count @ 1..) = reader.read(&mut buffer) {
            lock(&kept).push(&buffer[..count]);
        }
        let _ = send.send(());
    });
    let ended = tokio::time::timeout(spec.limit, contained.ended()).await;
    let ending = ended.unwrap_or(Ending::TimedOut(spec.limit));
    contained.end().await;
    let _ = tokio::time::timeout(STRAGGLERS, receive).await;
    let output = std::mem::take(&mut *lock(&tail)).text();
    Ended { ending, output, seconds: start.elapsed().as_secs_f64() }
}

fn lock(tail: &Mutex<Tail>) -> std::sync::MutexGuard<'_, Tail> {
    tail.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Whether a program of this name is on the PATH.
pub fn is_on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|directory| directory.join(program).is_file())
}

/// This program once more.
fn this_program() -> std::io::Result<Command> {
    // The file may have been replaced since by a newer one, which could phrase this in another way.
    let image = Path::new("/proc/self/exe");
    let mut program = if image.exists() { Command::new(image) } else { Command::new(std::env::current_exe()?) };
    program.arg0("hotfix").env_remove("HOTFIX_CRASH");
    Ok(program)
}

/// The command of `spec`, leading a process group of its own, reading nothing.
fn command(spec: &Spec) -> Command {
    let mut command = Command::new(spec.arguments.first().map_or("", String::as_str));
    if let Some(confinement) = &spec.confinement {
        let passed = |name: &std::ffi::OsStr| name.to_str().is_some_and(|name| confinement.passes(name));
        command.env_clear().envs(std::env::vars_os().filter(|(name, _)| passed(name)));
    }
    command
        .args(spec.arguments.iter().skip(1))
        .current_dir(&spec.directory)
        .envs(spec.environment.iter().map(|(name, value)| (name, value.replace('\0', ""))))
        .env_remove("HOTFIX_CRASH")
        .stdin(Stdio::null())
        .process_group(0);
    // A hook of git's that calls hotfix has these, and they name another repository than the command's.
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX"] {
        command.env_remove(name);
    }
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
struct Tail {
    bytes: VecDeque<u8>,
    most: usize,
}

impl Default for Tail {
    fn default() -> Tail {
        Tail::keeping(TAIL)
    }
}

impl Tail {
    fn keeping(most: usize) -> Tail {
        Tail { bytes: VecDeque::new(), most }
    }

    fn push(&mut self, bytes: &[u8]) {
        let bytes = &bytes[bytes.len().saturating_sub(self.most)..];
        let over = (self.bytes.len() + bytes.len()).saturating_sub(self.most);
        self.bytes.drain(..over);
        self.bytes.extend(bytes);
    }

    fn text(mut self) -> String {
        let text = String::from_utf8_lossy(self.bytes.make_contiguous());
        redact(&anstream::adapter::strip_str(&text).to_string()).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_error_is_shown_not_the_chatter_behind_it() {
        let first = |output: String| Ended { ending: Ending::Exit(1), output, seconds: 0.0 }.first_error(20);
        let chatter = |from: usize, to: usize| (from..to).map(|line| format!("line {line}\n")).collect::<String>();
        let shown = first(format!("{}error: no `x`\n{}", chatter(0, 50), chatter(50, 100)));
        assert!(
            shown.starts_with("error: no `x`\nline 50\n") && shown.ends_with("line 68\n... 31 more lines"),
            "{shown}"
        );
        assert!(first(chatter(0, 50)).starts_with("line 30\n"));
        assert_eq!(first(String::new()), "");
    }
}
