//! Commands that change production: they continue when hotfix dies, how they ended is not lost, and
//! no other is started over one of which that is not known, in any clone, on any machine.
//!
//! hotfix starts itself once more as a supervisor (`hotfix supervise DIRECTORY`) in a process group that
//! neither Ctrl-C nor the death of the parent reaches. The supervisor starts the command's process,
//! which waits (`hotfix supervise --gate DIRECTORY`) until the store has its number, and only then
//! becomes the command. So what runs is recorded before it does anything. No open file says so:
//! a service that the command leaves running would hold it for ever.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::machine::{Life, Process};
use super::running::{BEAT, Record, Records, Standing, State, Work, attempt, judge};
use super::{Ended, Ending, Spec, TAIL, Tail, command, ending, kill_group, starting, this_program};
use crate::crash::{self, Point};
use crate::redact::redact;

/// A command that prints more than this, in bytes, has its output so far thrown away.
const MOST: u64 = 16 * 1024 * 1024;

/// How long a command may take besides its own limit where nobody looks after it any more.
const GRACE: Duration = Duration::from_secs(5);

#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error("the state of the command can't be kept: {0}")]
    State(#[from] io::Error),
    /// It may still run, where it can't be seen from here.
    #[error("{0}")]
    Unseen(String),
    #[error("how it ended is not known: its supervisor was killed")]
    Lost,
}

/// One command, whose attempts have the same name in every clone.
#[derive(Clone)]
pub struct Supervised {
    pub records: Arc<dyn Records>,
    pub work: Work,
}

/// What the supervisor is told besides the command, over a socket: it may have a password in it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Order {
    pub address: String,
    name: String,
    token: i64,
}

impl Order {
    /// What hotfix says to the supervisor that this process is.
    pub fn read() -> io::Result<Order> {
        let mut line = String::new();
        BufReader::new(io::stdin()).read_line(&mut line)?;
        Ok(serde_json::from_str(&line)?)
    }
}

/// Which process an attempt was, in its directory: what is there is of this very attempt.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
struct Started {
    process: Process,
    supervisor: Process,
}

impl Supervised {
    /// Starts the command once nothing else runs in its place, and returns its end. `step` names it to
    /// [`crash`].
    ///
    /// Fails where another may still run unseen, where the state can't be kept, and with
    /// [`RunError::Lost`] where its supervisor was killed.
    pub async fn run(&self, spec: &Spec, step: &str) -> Result<Ended, RunError> {
        let words = words(spec);
        let token = loop {
            settle_place(self.records.as_ref(), &self.work.place).await?;
            if let Some(token) = self.records.begin(&self.work, &words).await? {
                break token;
            }
        };
        let directory = attempt(&self.work.directory, token);
        for old in [attempt(&self.work.directory, token - 1), directory.clone()] {
            let _ = fs::remove_dir_all(old);
        }
        fs::create_dir_all(&directory)?;
        fs::write(directory.join("spec.json"), serde_json::to_vec(spec).map_err(io::Error::from)?)?;
        let (mut ours, theirs) = UnixStream::pair()?;
        let mut supervisor = this_program()?;
        supervisor.arg("supervise").arg(&directory).stdin(OwnedFd::from(theirs));
        supervisor.stdout(Stdio::null()).stderr(File::create(directory.join("supervisor"))?).process_group(0);
        let mut child = tokio::process::Command::from(supervisor).spawn()?;
        let order = Order { address: self.records.address(), name: self.work.name.clone(), token };
        writeln!(ours, "{}", serde_json::to_string(&order).map_err(io::Error::from)?)?;
        crash::point(Point::Within(step));
        child.wait().await?;
        match self.settled().await? {
            Some(ended) => Ok(ended),
            None => match fs::read_to_string(directory.join("supervisor"))?.trim() {
                "" => Err(RunError::Lost),
                said => Err(io::Error::other(redact(said).into_owned()).into()),
            },
        }
    }

    /// Waits while the command that an earlier hotfix started still runs, here or on another machine, and
    /// returns how it ended; `None` where none was started, or nobody saw its end.
    pub async fn settled(&self) -> Result<Option<Ended>, RunError> {
        settle(self.records.as_ref(), &self.work.name).await
    }
}

/// The command in one line of bounded length, for people.
fn words(spec: &Spec) -> String {
    let line = spec.arguments.iter().flat_map(|argument| argument.split_whitespace()).collect::<Vec<_>>().join(" ");
    redact(&line).chars().take(200).collect()
}

/// Waits until nothing runs in a place.
pub async fn settle_place(records: &dyn Records, place: &str) -> Result<(), RunError> {
    while let Some(record) = records.running_in(place).await? {
        settle(records, &record.work.name).await?;
    }
    Ok(())
}

async fn settle(records: &dyn Records, name: &str) -> Result<Option<Ended>, RunError> {
    let here = Process::own();
    loop {
        let Some(record) = records.find(name).await? else { return Ok(None) };
        match record.state {
            State::Ended => return Ok(record.ended),
            State::Starting => {
                // Taken back, so that a supervisor that is only now about to start it does not.
                records.cancel(name, record.token).await?;
            }
            State::Running => match look(&record, &here)? {
                Look::Runs(pause) => tokio::time::sleep(pause).await,
                Look::Ended(ended) => records.ended(name, record.token, ended.as_ref()).await?,
                Look::Unseen => return Err(RunError::Unseen(unseen(&record))),
            },
        }
    }
}

enum Look {
    Runs(Duration),
    /// `None` where nobody saw how.
    Ended(Option<Ended>),
    Unseen,
}

/// Looks at a command that is recorded as running.
fn look(record: &Record, here: &Process) -> io::Result<Look> {
    let is_supervised = record.supervisor.life(here) == Life::Alive;
    let is_alive = record.process.life(here) == Life::Alive;
    let is_home = is_home(record);
    // Read after that: a supervisor writes the result before it ends.
    if is_home && let Some(ended) = result(&record.attempt())? {
        return Ok(Look::Ended(Some(ended)));
    }
    Ok(match judge(record, here, is_alive || is_supervised, is_home) {
        Standing::Lost => Look::Ended(None),
        Standing::Unseen => Look::Unseen,
        Standing::Runs if is_alive && !is_supervised => orphan(record)?,
        Standing::Runs if is_alive || is_supervised => Look::Runs(Duration::from_millis(20)),
        Standing::Runs => Look::Runs(Duration::from_millis(500)),
    })
}

/// A command whose supervisor was killed: nobody else ends it when its time is up.
fn orphan(record: &Record) -> io::Result<Look> {
    let spec = fs::read(record.attempt().join("spec.json"));
    let limit = spec.ok().and_then(|spec| serde_json::from_slice::<Spec>(&spec).ok()).map(|spec| spec.limit);
    if let Some(limit) = limit.filter(|limit| record.age > *limit + GRACE) {
        kill_group(u32::try_from(record.process.id).ok());
        let (ending, seconds) = (Ending::TimedOut(limit), record.age.as_secs_f64());
        return Ok(Look::Ended(Some(Ended { ending, output: String::new(), seconds })));
    }
    Ok(Look::Runs(Duration::from_millis(20)))
}

/// Whether the files of this very attempt are on this machine.
fn is_home(record: &Record) -> bool {
    let started = fs::read(record.attempt().join("started.json")).ok();
    let started = started.and_then(|text| serde_json::from_slice::<Started>(&text).ok());
    started.is_some_and(|started| started.process == record.process && started.supervisor == record.supervisor)
}

fn unseen(record: &Record) -> String {
    format!(
        "`{}` was started on {}, in {}, {} s ago, and nothing was heard of it for {} s; it may still run",
        record.words,
        record.process,
        record.work.clone.display(),
        record.age.as_secs(),
        record.silence.as_secs()
    )
}

fn result(directory: &Path) -> io::Result<Option<Ended>> {
    match fs::read(directory.join("result.json")) {
        Ok(text) => Ok(Some(serde_json::from_slice(&text)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes a file that is there as a whole or not at all.
fn put<T: Serialize>(directory: &Path, name: &str, value: &T) -> io::Result<()> {
    let temporary = directory.join(format!("{name}.new"));
    fs::write(&temporary, serde_json::to_vec(value)?)?;
    fs::rename(temporary, directory.join(name))
}

/// What the supervisor does: runs the command in `directory`'s spec to its end and writes the
/// result. Processes that the command leaves running stay: they may be the service itself.
pub async fn supervise(directory: &Path, records: &dyn Records, order: &Order) -> io::Result<()> {
    let spec: Spec = serde_json::from_slice(&fs::read(directory.join("spec.json"))?)?;
    // Appended to, so that it can be cut while the command writes.
    let path = directory.join("output");
    let mut output = OpenOptions::new().create(true).append(true).read(true).open(&path)?;
    let (ours, theirs) = UnixStream::pair()?;
    let mut gate = this_program()?;
    gate.arg("supervise").arg("--gate").arg(directory).stdin(OwnedFd::from(theirs)).process_group(0);
    let mut child = gate.stdout(output.try_clone()?).stderr(output.try_clone()?).spawn()?;
    // The gate has the only other end, and it is closed when the gate becomes the command.
    drop(gate);
    let started = Started { process: Process::of(child.id().cast_signed()), supervisor: Process::own() };
    let start = Instant::now();
    let recorded = async {
        put(directory, "started.json", &started)?;
        records.started(&order.name, order.token, &started.process, &started.supervisor).await
    };
    if !matches!(recorded.await, Ok(true)) {
        drop(ours);
        child.wait()?;
        return Err(io::Error::other("another attempt has taken its place, or the store does not answer"));
    }
    let beats = async {
        loop {
            tokio::time::sleep(BEAT).await;
            // The command continues whether the store answers or not.
            let _ = records.beat(&order.name, order.token).await;
        }
    };
    let ending = tokio::select! {
        ending = ended(&spec, ours, &mut child, &output, start) => ending?,
        () = beats => unreachable!("it beats until the command has ended"),
    };
    let ended = Ended { ending, output: tail(&mut output)?, seconds: start.elapsed().as_secs_f64() };
    put(directory, "result.json", &ended)?;
    // Where the store does not answer, the next hotfix on this machine reads the file.
    let _ = tokio::time::timeout(GRACE, records.ended(&order.name, order.token, Some(&ended))).await;
    Ok(())
}

/// Lets the command start, and returns its end.
async fn ended(
    spec: &Spec,
    mut gate: UnixStream,
    child: &mut Child,
    output: &File,
    start: Instant,
) -> io::Result<Ending> {
    let mut why_not = String::new();
    if gate.write_all(b"!").is_ok() && gate.read_to_string(&mut why_not).is_ok() && !why_not.is_empty() {
        child.wait()?;
        return Ok(Ending::NotStarted(why_not));
    }
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(ending(status));
        }
        if start.elapsed() > spec.limit {
            kill_group(Some(child.id()));
            child.wait()?;
            return Ok(Ending::TimedOut(spec.limit));
        }
        if output.metadata()?.len() > MOST {
            output.set_len(0)?;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The end of what the command printed.
fn tail(output: &mut File) -> io::Result<String> {
    let length = output.metadata()?.len();
    output.seek(SeekFrom::Start(length.saturating_sub(TAIL as u64)))?;
    let mut bytes = Vec::new();
    output.take(TAIL as u64).read_to_end(&mut bytes)?;
    let mut tail = Tail::default();
    tail.push(&bytes);
    Ok(tail.text())
}

/// What the command's process does first: it waits until it is recorded, then becomes the command. It
/// ends where the supervisor is gone before that.
pub fn gate(directory: &Path) -> io::Result<()> {
    // A copy, as the command gets another standard input; it is closed when the command starts.
    let mut link = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    let spec: Spec = serde_json::from_slice(&fs::read(directory.join("spec.json"))?)?;
    if link.read(&mut [0])? == 0 {
        return Ok(());
    }
    let error = command(&spec).exec();
    link.write_all(starting(&spec, &error).as_bytes())
}
