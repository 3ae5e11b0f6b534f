//! A smoke test of the team's own: status 0 is good.

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;

use super::Look;
use crate::domain::name;
use crate::domain::reading::Reading;
use crate::process::{self, Ending, Spec};
use crate::value::{CommandLine, Length};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub run: CommandLine,
    #[serde(default = "limit")]
    pub limit: Length,
}

fn limit() -> Length {
    Length(Duration::from_secs(60))
}

pub struct Command {
    config: Config,
    directory: PathBuf,
}

impl Command {
    pub fn new(config: Config, directory: PathBuf) -> Command {
        Command { config, directory }
    }
}

#[async_trait]
impl Look for Command {
    async fn look(&self) -> Reading {
        let ended = process::run(Spec {
            arguments: self.config.run.arguments(),
            directory: self.directory.clone(),
            environment: Vec::new(),
            limit: self.config.limit.0,
            confinement: None,
        })
        .await;
        // How long a script takes says nothing about the service's latency.
        let latency = None;
        match ended.ending {
            Ending::Exit(0) => Reading::Good { latency },
            Ending::NotStarted(_) => Reading::None { why: ended.words() },
            _ => {
                Reading::Error { latency, why: name::line(&format!("{}: {}", ended.words(), ended.last_lines(1)), 160) }
            }
        }
    }
}
