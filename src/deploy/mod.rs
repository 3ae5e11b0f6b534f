//! How a release gets to run. A new deployer is a file here and three lines below.

mod command;
mod memory;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;

/// The deployers that can be configured.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Config {
    Command(command::Config),
    Memory(memory::Config),
}

impl Config {
    pub fn build(&self, surroundings: Surroundings) -> Arc<dyn Deployer> {
        match self {
            Config::Command(config) => Arc::new(command::Command::new(config.clone(), surroundings)),
            Config::Memory(config) => Arc::new(memory::Memory::new(config.clone())),
        }
    }
}

/// What a deployer gets besides its own configuration.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// Where commands are run: the repository's top directory.
    pub directory: PathBuf,
    /// Where the state of commands under way lies.
    pub state: PathBuf,
    pub limit: Duration,
}

/// Puts releases into production.
#[async_trait]
pub trait Deployer: Send + Sync {
    /// Returns the release that runs; `None` where nothing does.
    async fn current(&self) -> Result<Option<String>, DeployError>;

    /// Waits for a deploy or rollback to `change.release` that a process which is gone left under
    /// way.
    async fn settle(&self, change: &Change) -> Result<(), DeployError>;

    /// Puts `change.release` in the place of what runs. Where a process that is gone has begun
    /// this very change, its end is waited for, and where it ended well, it was it.
    async fn deploy(&self, change: &Change) -> Result<(), DeployError>;

    /// Puts `change.release`, an earlier one, back; otherwise like [`Deployer::deploy`].
    async fn roll_back(&self, change: &Change) -> Result<(), DeployError>;
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
    /// What the commands get besides.
    pub environment: Vec<(String, String)>,
}

#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    #[error("`{command}`: {ended}{}", tail(.output))]
    Command { command: String, ended: String, output: String },
    #[error("the state of the deploy can't be kept: {0}")]
    State(#[from] std::io::Error),
}

fn tail(output: &str) -> String {
    if output.is_empty() { String::new() } else { format!("\n{output}") }
}
