//! The lines of a log: kinds of errors that were not there before the deploy.
//!
//! A look is good if no new kind of error was printed since the previous look. How many lines a
//! service prints says nothing about how many requests it answers, so lines are not counted.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use serde::Deserialize;
use tokio::task::JoinHandle;

use super::Look;
use crate::domain::name;
use crate::domain::quote::quote;
use crate::domain::reading::Reading;
use crate::investigate::logs::error_shape;
use crate::process::follow::Following;
use crate::process::{self, Spec};
use crate::redact::redact;
use crate::value::{CommandLine, Length};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Prints the log and keeps printing, such as `kubectl logs -f` or `tail -F`.
    pub follow: CommandLine,
    /// Prints the log from before the deploy.
    #[serde(default)]
    pub baseline: Option<CommandLine>,
    /// What `follow` prints in this time after its start counts as from before the deploy.
    #[serde(default = "settle")]
    pub settle: Length,
}

fn settle() -> Length {
    Length(Duration::from_secs(2))
}

/// The most kinds of errors from before that are remembered; any other kind counts as new.
const KINDS: usize = 10_000;

/// How long the command for the baseline may take.
const LIMIT: Duration = Duration::from_secs(30);

/// How long until a command that ended is started again.
const AGAIN: Duration = Duration::from_secs(1);

pub struct Logs {
    config: Config,
    directory: PathBuf,
    seen: Arc<Mutex<Seen>>,
    reader: Mutex<Option<JoinHandle<()>>>,
}

/// The state of the reader.
#[derive(Default)]
struct Seen {
    /// The kinds of errors from before the deploy.
    known: HashSet<String>,
    /// Whether the baseline is known.
    settled: bool,
    /// Lines of new kinds since the last look, and one of them.
    new: u64,
    example: String,
    /// Why nothing is read right now.
    gap: Option<String>,
}

impl Logs {
    pub fn new(config: &Config, directory: &Path) -> Logs {
        let seen = Arc::new(Mutex::new(Seen::default()));
        Logs { config: config.clone(), directory: directory.to_owned(), seen, reader: Mutex::new(None) }
    }
}

impl Seen {
    fn line(&mut self, line: &str, is_baseline: bool) {
        let Some(shape) = error_shape(line) else { return };
        if is_baseline {
            if self.known.len() < KINDS {
                self.known.insert(shape);
            }
        } else if !self.known.contains(&shape) {
            self.new += 1;
            self.example = name::line(&redact(line), 160);
        }
    }

    fn take(&mut self) -> Reading {
        if let Some(why) = &self.gap {
            return Reading::None { why: why.clone() };
        }
        if !self.settled {
            return Reading::None { why: "it is still learning what is usual".to_owned() };
        }
        match std::mem::take(&mut self.new) {
            0 => Reading::Good { latency: None },
            new => {
                Reading::Error { latency: None, why: format!("new in the log, {new} times: {}", quote(&self.example)) }
            }
        }
    }
}

fn lock(seen: &Mutex<Seen>) -> std::sync::MutexGuard<'_, Seen> {
    // A panic in between leaves nothing half done: each line is one change.
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads the baseline, then follows the log forever.
async fn follow(config: Config, directory: PathBuf, seen: Arc<Mutex<Seen>>) {
    let spec = |command: &CommandLine| Spec {
        arguments: command.arguments(),
        directory: directory.clone(),
        environment: Vec::new(),
        limit: LIMIT,
        confinement: None,
    };
    if let Some(baseline) = &config.baseline {
        let ended = process::run(spec(baseline)).await;
        let mut seen = lock(&seen);
        ended.output.lines().for_each(|line| seen.line(line, true));
    }
    let start = Instant::now();
    loop {
        let ended = match Following::start(&spec(&config.follow)) {
            Ok(mut following) => read(&mut following, &config, start, &seen).await,
            Err(why) => why,
        };
        lock(&seen).gap = Some(name::line(&ended, 160));
        tokio::time::sleep(AGAIN).await;
    }
}

/// Reads until the command ends, and returns how it did.
async fn read(following: &mut Following, config: &Config, start: Instant, seen: &Mutex<Seen>) -> String {
    lock(seen).gap = None;
    loop {
        let left = config.settle.0.saturating_sub(start.elapsed());
        let is_baseline = !left.is_zero();
        let more = following.read(|line| lock(seen).line(line, is_baseline));
        let ended = match is_baseline {
            true => tokio::time::timeout(left, more).await.unwrap_or(None),
            false => more.await,
        };
        lock(seen).settled = start.elapsed() >= config.settle.0;
        if let Some(ended) = ended {
            return ended;
        }
    }
}

#[async_trait]
impl Look for Logs {
    async fn look(&self) -> Reading {
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        reader.get_or_insert_with(|| {
            tokio::spawn(follow(self.config.clone(), self.directory.clone(), Arc::clone(&self.seen)))
        });
        lock(&self.seen).take()
    }
}

impl Drop for Logs {
    fn drop(&mut self) {
        if let Some(reader) = self.reader.get_mut().unwrap_or_else(PoisonError::into_inner) {
            reader.abort();
        }
    }
}
