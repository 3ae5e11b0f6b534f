//! Sends notices to people. A new notifier is one file here and three lines below.

mod command;
mod file;
mod http;
mod outbox;
mod pagerduty;
mod slack;
mod statuspage;
mod telegram;
mod webhook;

use std::path::Path;

use async_trait::async_trait;
use serde::Deserialize;

use crate::domain::incident::Topic;
use crate::domain::severity::Severity;
use crate::workflow::courier::{Notice, Undelivered};

pub use outbox::{Outbox, Pending};

/// Who gets notices, and how.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Destination {
    pub name: String,
    /// The topics of the notices; all if empty.
    #[serde(default)]
    pub topics: Vec<Topic>,
    /// The severities of the incidents; all, and orders without an incident, if empty.
    #[serde(default)]
    pub severities: Vec<Severity>,
    pub by: Config,
}

/// The notifiers that can be configured.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Config {
    Command(command::Config),
    File(file::Config),
    Pagerduty(pagerduty::Config),
    Slack(slack::Config),
    Statuspage(statuspage::Config),
    Telegram(telegram::Config),
    Webhook(webhook::Config),
}

impl Config {
    /// Returns the notifier; its commands are run in `directory`.
    pub fn build(&self, directory: &Path) -> Box<dyn Notifier> {
        match self {
            Config::Command(config) => Box::new(command::Command::new(config.clone(), directory.to_owned())),
            Config::File(config) => Box::new(file::File::new(config.clone())),
            Config::Pagerduty(config) => Box::new(pagerduty::Pagerduty::new(config.clone())),
            Config::Slack(config) => Box::new(slack::Slack::new(config.clone())),
            Config::Statuspage(config) => Box::new(statuspage::Statuspage::new(config.clone())),
            Config::Telegram(config) => Box::new(telegram::Telegram::new(config.clone())),
            Config::Webhook(config) => Box::new(webhook::Webhook::new(config.clone())),
        }
    }
}

/// A way to reach people.
#[async_trait]
pub trait Notifier: Send + Sync {
    /// Whether it has a use for notices of this topic. What it has none for is never pending.
    fn takes(&self, _: Topic) -> bool {
        true
    }

    /// Whether it gets notices of this topic where none is named.
    fn is_usual(&self, topic: Topic) -> bool {
        // Each of them is one more message, where messages can't be edited.
        !matches!(topic, Topic::Acknowledged | Topic::Wanted)
    }

    /// Whether one message may stand for several that could not be delivered: people read it, no program.
    fn merges(&self) -> bool {
        false
    }

    /// Delivers the notice, and looks first whether it arrived already, where the destination can say.
    async fn send(&self, notice: &Notice) -> Result<(), Undelivered>;

    /// Tries the destination with `notice`, which is about no incident. Returns what was done, in words.
    async fn test(&self, notice: &Notice) -> Result<&'static str, Undelivered> {
        self.send(notice).await.map(|()| "delivered")
    }
}
