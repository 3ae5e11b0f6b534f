//! The records of commands that change production, which every clone and machine reads.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;

use super::Ended;
use super::machine::{Process, Reach};

/// How often whoever supervises a command says that it does.
pub const BEAT: Duration = Duration::from_secs(5);

/// A command of another machine of which nothing was heard for this long may be gone.
pub const SILENCE: Duration = Duration::from_secs(30);

/// What a command is for.
#[derive(Clone, Debug, Default)]
pub struct Work {
    /// The same for each attempt at the same thing, in every clone.
    pub name: String,
    /// What it changes, of which one command at a time runs: `environment/production`.
    pub place: String,
    /// The key of the journal that it belongs to.
    pub incident: String,
    pub step: String,
    /// The git directory that it was started in.
    pub clone: PathBuf,
    /// Where its attempts have their output and result.
    pub directory: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing of it can have happened.
    Starting,
    Running,
    Ended,
}

/// A command as the store has it.
#[derive(Clone, Debug)]
pub struct Record {
    pub work: Work,
    /// Grows with each attempt.
    pub token: i64,
    pub state: State,
    /// The command, for people.
    pub words: String,
    /// The leader of the command's own process group.
    pub process: Process,
    pub supervisor: Process,
    /// How it ended; `None` where nobody saw that.
    pub ended: Option<Ended>,
    /// Milliseconds since 1970, by the store's clock.
    pub started_at: i64,
    /// How long it has run.
    pub age: Duration,
    /// How long nothing was heard of it.
    pub silence: Duration,
}

impl Record {
    /// Where this attempt has its files, on the machine that it was started on.
    pub fn attempt(&self) -> PathBuf {
        attempt(&self.work.directory, self.token)
    }
}

pub fn attempt(directory: &Path, token: i64) -> PathBuf {
    directory.join(token.to_string())
}

/// Where the records are.
#[async_trait]
pub trait Records: Send + Sync {
    /// Records that a command is about to start, and returns its token; `None` while another runs in the
    /// same place.
    async fn begin(&self, work: &Work, words: &str) -> io::Result<Option<i64>>;

    /// Records its process; false where it must not run, as another attempt took its place.
    async fn started(&self, name: &str, token: i64, process: &Process, supervisor: &Process) -> io::Result<bool>;

    /// Says that it is still looked after.
    async fn beat(&self, name: &str, token: i64) -> io::Result<()>;

    /// Records its end, `None` where nobody saw that; the first one stays.
    async fn ended(&self, name: &str, token: i64, ended: Option<&Ended>) -> io::Result<()>;

    /// Takes back a start of which no process is known; false where there is one meanwhile.
    async fn cancel(&self, name: &str, token: i64) -> io::Result<bool>;

    async fn find(&self, name: &str) -> io::Result<Option<Record>>;

    /// What runs in a place.
    async fn running_in(&self, place: &str) -> io::Result<Option<Record>>;

    /// How another process of this program opens the same records. It may have a password in it.
    fn address(&self) -> String;
}

/// What is known here of a command that is recorded as running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It runs, or whoever looks after it is about to say how it ended.
    Runs,
    /// It has ended, and nobody saw how.
    Lost,
    /// It may run where it can't be seen from here.
    Unseen,
}

/// Judges a record: `is_alive` is whether its command or its supervisor is, where they would be seen;
/// `is_home` whether its own files are on this machine.
///
/// Silence alone proves nothing: a machine that is cut off continues to deploy. A person has to say it.
pub fn judge(record: &Record, here: &Process, is_alive: bool, is_home: bool) -> Standing {
    match record.process.reach(here) {
        Reach::Here if is_alive => Standing::Runs,
        Reach::Here => Standing::Lost,
        // Hosts may share a name; they don't share the files of one attempt.
        Reach::BeforeBoot if is_home => Standing::Lost,
        Reach::BeforeBoot | Reach::Elsewhere if record.silence <= SILENCE => Standing::Runs,
        Reach::BeforeBoot | Reach::Elsewhere => Standing::Unseen,
    }
}

#[cfg(test)]
mod tests {
    use super::{Record, SILENCE, Standing, State, Work, judge};
    use crate::process::machine::Process;
    use std::time::Duration;

    #[test]
    fn dead_is_only_who_would_be_seen_or_whose_machine_was_started_again() {
        let here = Process { host: "a".into(), boot: "1".into(), namespace: "n".into(), id: 1, start: 5 };
        let (short, long) = (Duration::ZERO, SILENCE + Duration::from_millis(1));
        for (host, boot, namespace, silence, is_alive, is_home, standing) in [
            ("a", "1", "n", long, true, true, Standing::Runs),
            ("a", "1", "n", short, false, true, Standing::Lost),
            ("a", "1", "n", short, false, false, Standing::Lost),
            ("a", "2", "n", short, false, true, Standing::Lost),
            ("a", "2", "n", short, false, false, Standing::Runs),
            ("a", "2", "n", long, false, false, Standing::Unseen),
            ("a", "1", "m", short, false, true, Standing::Runs),
            ("a", "1", "m", long, false, true, Standing::Unseen),
            ("b", "2", "n", short, false, true, Standing::Runs),
            ("b", "2", "n", long, false, true, Standing::Unseen),
        ] {
            let process =
                Process { host: host.into(), boot: boot.into(), namespace: namespace.into(), id: 2, start: 7 };
            let record = Record {
                work: Work::default(),
                token: 1,
                state: State::Running,
                words: String::new(),
                supervisor: process.clone(),
                process,
                ended: None,
                started_at: 0,
                age: long,
                silence,
            };
            let judged = judge(&record, &here, is_alive, is_home);
            assert_eq!(judged, standing, "{host} {boot} {namespace} {silence:?} {is_alive} {is_home}");
        }
    }
}
