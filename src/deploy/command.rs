//! Deploys by commands: any script that a team has already.

use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;

use super::{Change, DeployError, Deployer, Preparation, Surroundings, failed};
use crate::process::Spec;
use crate::process::supervised::RunError;
use crate::value::CommandLine;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Replaces HOTFIX_PREVIOUS by HOTFIX_RELEASE (HOTFIX_COMMIT, HOTFIX_IMAGE).
    pub deploy: CommandLine,
    /// Puts HOTFIX_RELEASE back; `deploy` where it is left out.
    pub rollback: Option<CommandLine>,
    /// Prints the release that runs, or nothing.
    pub current: CommandLine,
}

pub struct Command {
    config: Config,
    surroundings: Surroundings,
}

impl Command {
    pub fn new(config: Config, surroundings: Surroundings) -> Command {
        Command { config, surroundings }
    }

    async fn change(&self, verb: &str, command: &CommandLine, change: &Change) -> Result<(), DeployError> {
        let supervised = self.surroundings.supervised(verb, change);
        if let Some(ended) = supervised.settled().await?
            && ended.succeeded()
            && self.current().await?.as_deref() == Some(change.release.as_str())
        {
            return Ok(());
        }
        let mut environment = change.environment.clone();
        environment.extend([
            ("HOTFIX_RELEASE".to_owned(), change.release.clone()),
            ("HOTFIX_COMMIT".to_owned(), change.commit.clone()),
            ("HOTFIX_PREVIOUS".to_owned(), change.previous.clone()),
            ("HOTFIX_IMAGE".to_owned(), change.images.join("\n")),
        ]);
        let ended = match supervised.run(&self.spec(command, environment, self.surroundings.limit), verb).await {
            // Only what runs can tell then.
            Err(RunError::Lost) if self.current().await?.as_deref() == Some(change.release.as_str()) => return Ok(()),
            ended => ended?,
        };
        if ended.succeeded() { Ok(()) } else { Err(failed(command, &ended)) }
    }

    fn spec(&self, command: &CommandLine, environment: Vec<(String, String)>, limit: Duration) -> Spec {
        Spec {
            arguments: command.arguments(),
            directory: self.surroundings.directory.clone(),
            environment,
            limit,
            confinement: None,
        }
    }
}

#[async_trait]
impl Deployer for Command {
    async fn current(&self) -> Result<Option<String>, DeployError> {
        self.surroundings.printed(&self.config.current).await.map_err(|error| match error {
            // As `cat` of a file that the first deploy writes.
            DeployError::Command { command, ended, output } => {
                let output = format!("{output}\nbefore the first deploy, `current` has to print nothing and succeed");
                DeployError::Command { command, ended, output: output.trim_start().to_owned() }
            }
            error => error,
        })
    }

    async fn prepare(&self, _: &Change) -> Result<Preparation, DeployError> {
        Ok(Preparation::default())
    }

    async fn settle(&self, change: &Change) -> Result<(), DeployError> {
        self.surroundings.supervised("roll-back", change).settled().await?;
        match self.surroundings.supervised("deploy", change).settled().await? {
            // The release may be there, and not all that the command was to do for it.
            Some(ended) if !ended.succeeded() => {
                Err(DeployError::Rollout(failed(&self.config.deploy, &ended).to_string()))
            }
            _ => Ok(()),
        }
    }

    async fn deploy(&self, change: &Change) -> Result<(), DeployError> {
        self.change("deploy", &self.config.deploy, change).await
    }

    async fn roll_back(&self, change: &Change) -> Result<(), DeployError> {
        self.change("roll-back", self.config.rollback.as_ref().unwrap_or(&self.config.deploy), change).await
    }
}
