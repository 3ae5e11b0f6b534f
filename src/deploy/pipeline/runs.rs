//! The runs of a pipeline, as a forge knows them. A new forge is a file here and three lines below.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use serde::Deserialize;

use super::command;

/// Where runs are looked up.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Config {
    Command(command::Config),
}

impl Config {
    /// `directory` is where commands are run.
    pub fn build(&self, directory: &Path) -> Arc<dyn Runs> {
        match self {
            Config::Command(config) => Arc::new(command::Command::new(config.clone(), directory)),
        }
    }
}

#[async_trait]
pub trait Runs: Send + Sync {
    /// Returns the newest run for what was pushed; `None` where there is none yet.
    ///
    /// Fails, in words, where the forge does not answer.
    async fn find(&self, pushed: &Pushed) -> Result<Option<Run>, String>;
}

/// What a pipeline is to run for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    pub commit: String,
    /// `refs/heads/...` or `refs/tags/...`.
    pub refname: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Run {
    pub state: State,
    /// Where people look at it.
    #[serde(default)]
    pub url: Option<String>,
}

/// How a run stands; the words of GitHub and GitLab are taken too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    #[serde(
        alias = "created",
        alias = "pending",
        alias = "preparing",
        alias = "requested",
        alias = "scheduled",
        alias = "waiting",
        alias = "waiting_for_resource"
    )]
    Queued,
    #[serde(alias = "in_progress", alias = "canceling")]
    Running,
    /// A person has to start it there.
    #[serde(alias = "action_required")]
    Manual,
    #[serde(alias = "success")]
    Succeeded,
    #[serde(alias = "failure", alias = "startup_failure", alias = "timed_out", alias = "stale")]
    Failed,
    #[serde(alias = "canceled")]
    Cancelled,
    #[serde(alias = "neutral")]
    Skipped,
}
