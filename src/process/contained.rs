//! A command and all that it starts, which end together.
//!
//! hotfix starts itself once more between itself and the command (`hotfix supervise`). On Linux a
//! process whose parent is gone becomes a child of that supervisor (prctl(2), PR_SET_CHILD_SUBREAPER):
//! neither a session of its own nor a cleared environment lets it get away. What still runs when the
//! command has ended is killed; and all of it is, when hotfix is gone, however that came about, as its
//! end of a socket is closed then. Elsewhere only the command's process group is ended.

use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, WaitOptions, WaitStatus, wait};
use tokio::io::AsyncReadExt;
use tokio::process::{Child, ChildStdout};

use super::walls::Walled;
use super::{Ending, Group, Spec, command, ending, kill_group, starting, this_program};

/// How long is waited for processes to be gone that were killed.
const GONE: Duration = Duration::from_secs(5);

/// Whether this program is hotfix, and not one that only has hotfix as a library.
static SUPERVISES: AtomicBool = AtomicBool::new(false);

/// Declares that this program, started with `supervise`, calls [`contain`]. Before that, only their
/// process group holds the processes of a command.
pub fn by_this_program() {
    SUPERVISES.store(true, Ordering::Relaxed);
}

/// A command under way. All of it is killed when this goes out of scope.
pub struct Contained {
    child: Child,
    /// The supervisor ends all when this is closed.
    link: Option<tokio::net::UnixStream>,
    /// What the supervisor has reported so far.
    report: Vec<u8>,
    group: Option<Group>,
}

impl Contained {
    /// Starts the command; fails, in words, where that can't be done.
    pub fn start(spec: &Spec, stdout: Stdio, stderr: Stdio) -> Result<Contained, String> {
        let own = |error: io::Error| format!("hotfix can't start itself: {error}");
        if !SUPERVISES.load(Ordering::Relaxed) {
            if spec.confinement.as_ref().is_some_and(|confinement| confinement.walls.is_some()) {
                return Err("walls need the program `hotfix`, and this one only has its library".to_owned());
            }
            let mut command = command(spec);
            command.stdout(stdout).stderr(stderr);
            let child = tokio::process::Command::from(command).spawn().map_err(|error| starting(spec, &error))?;
            let group = Some(Group(child.id()));
            return Ok(Contained { child, link: None, report: Vec::new(), group });
        }
        let (mut ours, theirs) = UnixStream::pair().map_err(own)?;
        let mut supervisor = this_program().map_err(own)?;
        supervisor.arg("supervise").stdin(OwnedFd::from(theirs)).stdout(stdout).stderr(stderr).process_group(0);
        let child = tokio::process::Command::from(supervisor).spawn().map_err(own)?;
        let text = serde_json::to_string(spec).map_err(|error| own(error.into()))?;
        writeln!(ours, "{text}").and_then(|()| ours.set_nonblocking(true)).map_err(own)?;
        let link = tokio::net::UnixStream::from_std(ours).map_err(own)?;
        Ok(Contained { child, link: Some(link), report: Vec::new(), group: None })
    }

    /// What the command prints, where that is a pipe.
    pub fn stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Returns how the command ended, once nothing of it runs any more. May be called again where it was
    /// not waited for to the end.
    pub async fn ended(&mut self) -> Ending {
        if let Some(link) = &mut self.link {
            while let Ok(1..) = link.read_buf(&mut self.report).await {}
        }
        let status = self.child.wait().await;
        match (serde_json::from_slice(&self.report), status) {
            (Ok(ending), _) => ending,
            (Err(_), Ok(status)) if self.link.is_some() => {
                Ending::NotStarted(format!("what supervises it ended early, {status}"))
            }
            (Err(_), Ok(status)) => ending(status),
            (Err(_), Err(error)) => Ending::NotStarted(error.to_string()),
        }
    }

    /// Ends what still runs of it, and returns when nothing does.
    pub async fn end(mut self) {
        drop(self.link.take());
        drop(self.group.take());
        let _ = tokio::time::timeout(GONE + Duration::from_secs(1), self.child.wait()).await;
    }
}

/// What the supervisor does: runs the command that comes over standard input, ends what it leaves, and
/// reports how it ended.
pub fn contain() -> io::Result<()> {
    #[cfg(target_os = "linux")]
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    let hotfix = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    let mut input = BufReader::new(hotfix.try_clone()?);
    let mut line = String::new();
    input.read_line(&mut line)?;
    let spec: Spec = serde_json::from_str(&line)?;
    let mut command = command(&spec);
    command.stdout(Stdio::inherit()).stderr(Stdio::inherit());
    let started = match spec.confinement.as_ref().and_then(|confinement| confinement.walls.as_ref()) {
        Some(walls) => walls.start(command),
        None => command.spawn().map(Walled::without),
    };
    // What it has of temporary files goes when all has ended.
    let walled = match started {
        Ok(walled) => walled,
        Err(error) => return report(&hotfix, &Ending::NotStarted(starting(&spec, &error))),
    };
    let child = walled.child.id();
    thread::spawn(move || {
        // Nothing more comes, so this ends when hotfix is gone or has stopped waiting.
        let _ = io::copy(&mut input, &mut io::sink());
        loop {
            kill_all(child);
            thread::sleep(Duration::from_millis(10));
        }
    });
    let mut ended = first(child)?;
    let start = Instant::now();
    while !none_left() && start.elapsed() < GONE {
        kill_all(child);
        thread::sleep(Duration::from_millis(1));
    }
    for path in walled.put_back()? {
        eprintln!("hotfix: it changed `{}`, which is put back", path.display());
        ended = Ending::Exit(1);
    }
    report(&hotfix, &ended)
}

fn report(mut hotfix: &UnixStream, ending: &Ending) -> io::Result<()> {
    hotfix.write_all(&serde_json::to_vec(ending)?)
}

/// Waits until the command itself has ended; what was left to us by then and has ended is forgotten.
fn first(command: u32) -> io::Result<Ending> {
    loop {
        match wait(WaitOptions::empty()) {
            Ok(Some((pid, status))) if pid.as_raw_nonzero().get().unsigned_abs() == command => {
                return Ok(ending_of(status));
            }
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn ending_of(status: WaitStatus) -> Ending {
    match status.exit_status() {
        Some(code) => Ending::Exit(code),
        None => Ending::Signal(status.terminating_signal().unwrap_or_default()),
    }
}

/// Whether no child is left, after those that have ended are forgotten.
fn none_left() -> bool {
    loop {
        match wait(WaitOptions::NOHANG) {
            Ok(Some(_)) => {}
            Ok(None) => return false,
            Err(_) => return true,
        }
    }
}

/// Kills the command's group and every child; the children of those are ours then.
fn kill_all(command: u32) {
    kill_group(Some(command));
    for child in children() {
        let _ = rustix::process::kill_process(child, rustix::process::Signal::KILL);
    }
}

/// Returns the processes whose parent this one is (proc_pid_stat(5)); none where there is no such file.
fn children() -> Vec<Pid> {
    let own = rustix::process::getpid().as_raw_nonzero().to_string();
    let is_child = |pid: &i32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // A program's name may have any character, brackets too.
        let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
        fields.split_whitespace().nth(1) == Some(&own)
    };
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter(is_child).filter_map(Pid::from_raw).collect()
}
