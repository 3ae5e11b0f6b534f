//! Notices by a command, such as a team's own Telegram script.

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;

use super::Notifier;
use crate::domain::name;
use crate::process::{self, Ended, Ending, Spec};
use crate::value::CommandLine;
use crate::workflow::courier::{Notice, Undelivered};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Sends HOTFIX_SUBJECT and HOTFIX_TEXT; HOTFIX_NOTICE is the same at every attempt.
    pub send: CommandLine,
    /// Checks whether HOTFIX_NOTICE arrived: status 0 for yes, 1 for no.
    #[serde(default)]
    pub has: Option<CommandLine>,
}

pub struct Command {
    config: Config,
    directory: PathBuf,
}

impl Command {
    pub fn new(config: Config, directory: PathBuf) -> Command {
        Command { config, directory }
    }

    async fn run(&self, command: &CommandLine, notice: &Notice) -> Ended {
        let topic = serde_json::to_value(notice.topic).ok().and_then(|topic| Some(topic.as_str()?.to_owned()));
        let topic = topic.unwrap_or_default();
        let environment = [
            ("HOTFIX_NOTICE", &notice.id),
            ("HOTFIX_TOPIC", &topic),
            ("HOTFIX_INCIDENT", &notice.incident),
            ("HOTFIX_SUBJECT", &notice.subject),
            ("HOTFIX_TEXT", &notice.text),
        ];
        process::run(Spec {
            arguments: command.arguments(),
            directory: self.directory.clone(),
            environment: environment.map(|(name, value)| (name.to_owned(), value.clone())).to_vec(),
            limit: Duration::from_secs(10),
            confinement: None,
        })
        .await
    }
}

fn failed(ended: &Ended) -> String {
    name::line(&format!("{}: {}", ended.words(), ended.last_lines(1)), 200)
}

#[async_trait]
impl Notifier for Command {
    async fn send(&self, notice: &Notice) -> Result<(), Undelivered> {
        if let Some(has) = &self.config.has {
            let ended = self.run(has, notice).await;
            match ended.ending {
                Ending::Exit(0) => return Ok(()),
                Ending::Exit(1) => {}
                _ => return Err(failed(&ended).into()),
            }
        }
        let ended = self.run(&self.config.send, notice).await;
        if ended.succeeded() { Ok(()) } else { Err(failed(&ended).into()) }
    }
}
