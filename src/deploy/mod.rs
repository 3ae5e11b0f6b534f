//! How a release is deployed. A new deployer is a file here and three lines below.

mod command;
mod compose;
mod image;
mod kubernetes;
mod memory;
mod pipeline;
mod wait;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::domain::hex::hex;
use crate::git::project::Project;
use crate::process::running::{Records, Work};
use crate::process::supervised::{RunError, Supervised};
use crate::process::{self, Ended, Spec};
use crate::value::{CommandLine, Length};

use crate::domain::rung::Rung;

/// The deployers that can be configured.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Config {
    Command(command::Config),
    Compose(compose::Config),
    Kubernetes(kubernetes::Config),
    Memory(memory::Config),
    Pipeline(pipeline::Config),
}

impl Config {
    pub fn build(&self, surroundings: Surroundings) -> Arc<dyn Deployer> {
        match self {
            Config::Command(config) => Arc::new(command::Command::new(config.clone(), surroundings)),
            Config::Compose(config) => Arc::new(compose::Compose::new(config.clone(), surroundings)),
            Config::Kubernetes(config) => Arc::new(kubernetes::Kubernetes::new(config.clone())),
            Config::Memory(config) => Arc::new(memory::Memory::new(config.clone())),
            Config::Pipeline(config) => Arc::new(pipeline::Pipeline::new(config.clone(), surroundings)),
        }
    }
}

/// What a deployer gets besides its own configuration.
#[derive(Clone)]
pub struct Surroundings {
    /// Where commands are run: the repository's top directory.
    pub directory: PathBuf,
    /// Where the state of commands under way is kept.
    pub state: PathBuf,
    pub limit: Duration,
    pub environment: String,
    pub project: Project,
    /// Where it is recorded what runs, for every clone.
    pub records: Arc<dyn Records>,
}

impl Surroundings {
    /// Where the command of `verb` for this very change has its lock and its result.
    fn supervised(&self, verb: &str, change: &Change) -> Supervised {
        // A release's name may be hostile, so the directory is named by a digest of it.
        let name = mark(verb, change);
        let work = Work {
            place: format!("environment/{}", self.environment),
            incident: change.id.split(' ').next().unwrap_or_default().to_owned(),
            step: verb.to_owned(),
            clone: self.project.common.clone(),
            directory: self.state.join(&name),
            name,
        };
        Supervised { records: Arc::clone(&self.records), work }
    }

    /// What a command prints on its last line; `None` where that is nothing.
    async fn printed(&self, command: &CommandLine) -> Result<Option<String>, DeployError> {
        let limit = self.limit.min(Duration::from_secs(60));
        let (arguments, directory) = (command.arguments(), self.directory.clone());
        let ended =
            process::run(Spec { arguments, directory, environment: Vec::new(), limit, confinement: None }).await;
        if !ended.succeeded() {
            return Err(failed(command, &ended));
        }
        let printed = ended.last_lines(1).trim().to_owned();
        Ok((!printed.is_empty()).then_some(printed))
    }
}

/// Puts releases into production.
#[async_trait]
pub trait Deployer: Send + Sync {
    /// Returns the release that runs; `None` where nothing does.
    async fn current(&self) -> Result<Option<String>, DeployError>;

    /// Finds what a change to `change.release` will meet, and keeps what is needed to go back from it;
    /// production is not touched. Empty for no change: only what runs is kept.
    ///
    /// Fails with [`DeployError::Refused`] where the change would not be accepted.
    async fn prepare(&self, change: &Change) -> Result<Preparation, DeployError>;

    /// Returns what [`Deployer::prepare`] would find, as far as that is known without keeping anything.
    async fn look(&self, _: &Change) -> Result<Preparation, DeployError> {
        Ok(Preparation::default())
    }

    /// Waits for a deploy or rollback to `change.release` that a process which is gone left under
    /// way, and continues it where it was left half-done. Does nothing where none was started.
    async fn settle(&self, change: &Change) -> Result<(), DeployError>;

    /// Replaces what runs by `change.release`. Where a process that is gone has started
    /// this very change, its end is waited for, and where it ended well, it was it.
    async fn deploy(&self, change: &Change) -> Result<(), DeployError>;

    /// Puts `change.release`, an earlier one, back; otherwise like [`Deployer::deploy`].
    async fn roll_back(&self, change: &Change) -> Result<(), DeployError>;

    /// The rungs of the ladder that it has, the mildest first.
    fn rungs(&self) -> &'static [Rung] {
        &[Rung::Undo, Rung::Release]
    }

    /// Puts `change.release` back by taking every instance away in between; otherwise like
    /// [`Deployer::deploy`].
    async fn restart(&self, _: &Change) -> Result<(), DeployError> {
        Err(DeployError::Refused("this deployer can't take instances away".to_owned()))
    }

    /// Puts `change.release` back by deleting what there is; otherwise like [`Deployer::deploy`].
    async fn recreate(&self, _: &Change) -> Result<(), DeployError> {
        Err(DeployError::Refused("this deployer can't make again what it deploys to".to_owned()))
    }

    /// Takes every instance away, writes down where they run how many there were, and returns how many
    /// by name. What was taken away already stays so.
    async fn take_away(&self, _: &Change) -> Result<BTreeMap<String, i32>, DeployError> {
        Err(DeployError::Refused("this deployer can't take instances away".to_owned()))
    }

    /// Brings back the instances that were taken away, waits until they run, and returns how many by
    /// name. Does nothing where they are back.
    async fn bring_back(&self, _: &Change) -> Result<BTreeMap<String, i32>, DeployError> {
        Err(DeployError::Refused("this deployer can't bring instances back".to_owned()))
    }

    /// Returns those who change the number of instances by themselves.
    async fn autoscalers(&self) -> Result<Vec<Autoscaler>, DeployError> {
        Ok(Vec::new())
    }
}

/// One change of what runs.
#[derive(Clone, Debug)]
pub struct Change {
    /// Distinguishes this change from any other to the same release: incident and number of plan.
    pub id: String,
    pub release: String,
    /// The release's commit; empty where it is not known.
    pub commit: String,
    /// What runs before; empty for nothing.
    pub previous: String,
    /// The images that were built of the release, by digest; none where that is not known.
    pub images: Vec<String>,
    /// For a rollback, what [`Deployer::prepare`] left before the deploy, where that is known.
    pub state: serde_json::Value,
    /// What the commands get besides.
    pub environment: Vec<(String, String)>,
}

/// What was found before a change.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Preparation {
    /// What runs, a line each.
    pub running: Vec<String>,
    /// What may come in the way later, a line each.
    pub warnings: Vec<String>,
    /// What a rollback leaves as it then is, each by name.
    pub not_put_back: Vec<String>,
    /// How long a rollback is likely to take, where that is known.
    pub seconds: Option<i64>,
    /// What a rollback needs to know, for the journal. No secrets.
    pub state: serde_json::Value,
}

/// What changes the number of instances by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Autoscaler {
    pub words: String,
    /// Whether it also brings back what has no instance at all.
    pub wakes: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    /// Nothing was changed.
    #[error("{0}")]
    Refused(String),
    /// Production was changed, and does not run as it should.
    #[error("{0}")]
    Rollout(String),
    /// What runs is unknown.
    #[error("{0}")]
    Unknown(String),
    #[error("`{command}`: {ended}{}", tail(.output))]
    Command { command: String, ended: String, output: String },
    /// A command may still change it where it can't be seen from here.
    #[error("{0}")]
    Unseen(String),
    #[error("the state of the deploy can't be kept: {0}")]
    State(#[from] std::io::Error),
}

impl From<RunError> for DeployError {
    fn from(error: RunError) -> DeployError {
        match error {
            RunError::Unseen(reason) => DeployError::Unseen(reason),
            RunError::State(error) => DeployError::State(error),
            RunError::Lost => DeployError::Unknown(error.to_string()),
        }
    }
}

fn tail(output: &str) -> String {
    if output.is_empty() { String::new() } else { format!("\n{output}") }
}

/// Names a change, so that it is known again: hexadecimal digits.
fn mark(verb: &str, change: &Change) -> String {
    hex(&Sha256::digest(format!("{verb}\0{}\0{}", change.id, change.release)))[..32].to_owned()
}

/// Whether `current` is the name of one release, not of a different one for each part.
fn is_one(current: &str) -> bool {
    !current.is_empty() && !current.contains(' ')
}

fn failed(command: &CommandLine, ended: &Ended) -> DeployError {
    DeployError::Command { command: command.to_string(), ended: ended.words(), output: ended.last_lines(10) }
}

/// Returns the release that all have, or each by name where they differ; `None` where there is nothing.
fn in_one_line(releases: &[(&str, Option<String>)]) -> Option<String> {
    let (_, first) = releases.first()?;
    if releases.iter().all(|(_, release)| release == first) {
        return first.clone();
    }
    let each = releases.iter().map(|(name, release)| format!("{name} {}", release.as_deref().unwrap_or("nothing")));
    Some(each.collect::<Vec<_>>().join(", "))
}

fn five_minutes() -> Length {
    Length(Duration::from_secs(300))
}

fn ten_seconds() -> Length {
    Length(Duration::from_secs(10))
}
