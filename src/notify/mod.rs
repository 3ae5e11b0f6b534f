//! Sends notices to people. A new notifier is one file here and three lines below.

mod command;
mod file;
mod outbox;
mod webhook;

use std::path::Path;

use async_trait::async_trait;
use serde::Deserialize;

use crate::domain::incident::Topic;
use crate::workflow::courier::Notice;

pub use outbox::Outbox;

/// Who gets notices, and how.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Destination {
    pub name: String,
    /// The topics of the notices; all if empty.
    #[serde(default)]
    pub topics: Vec<Topic>,
    pub by: Config,
}

/// The notifiers that can be configured.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Config {
    Command(command::Config),
    File(file::Config),
    Webhook(webhook::Config),
}

impl Config {
    /// Returns the notifier; its commands are run in `directory`.
    pub fn build(&self, directory: &Path) -> Box<dyn Notifier> {
        match self {
            Config::Command(config) => Box::new(command::Command::new(config.clone(), directory.to_owned())),
            Config::File(config) => Box::new(file::File::new(config.clone())),
            Config::Webhook(config) => Box::new(webhook::Webhook::new(config.clone())),
        }
    }
}

/// A way to reach people.
#[async_trait]
pub trait Notifier: Send + Sync {
    /// Whether the notice arrived already; `None` if the destination can't say.
    async fn has(&self, notice: &Notice) -> Result<Option<bool>, String>;

    /// Delivers the notice; an error is one line without secrets.
    async fn send(&self, notice: &Notice) -> Result<(), String>;
}
