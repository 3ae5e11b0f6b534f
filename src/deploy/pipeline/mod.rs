//! Deploys by the forge's pipeline: pushes, then follows the run. How it is done, and why:
//! docs/deploy.md.

mod command;
mod follow;
mod push;
mod runs;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;

use super::{Change, DeployError, Deployer, Preparation, Surroundings, mark};
use crate::crash::{self, Point};
use crate::value::{CommandLine, Length};
use follow::Follow;
use push::Push;
use runs::{Pushed, Runs};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub push: Push,
    pub runs: runs::Config,
    /// Prints the release that runs, or nothing. That a run succeeded is not the same.
    pub current: CommandLine,
    /// How long a run may take to appear.
    #[serde(default = "two_minutes")]
    pub appear: Length,
    /// How long it may take in all.
    #[serde(default = "fifteen_minutes")]
    pub deadline: Length,
    /// How often it is looked at.
    #[serde(default = "two_seconds")]
    pub every: Length,
}

pub struct Pipeline {
    config: Config,
    runs: Arc<dyn Runs>,
    surroundings: Surroundings,
}

impl Pipeline {
    pub fn new(config: Config, surroundings: Surroundings) -> Pipeline {
        Pipeline { runs: config.runs.build(&surroundings.directory), config, surroundings }
    }

    /// What was pushed for the change under `verb`, if anything was.
    async fn pushed(&self, verb: &str, change: &Change) -> Result<Option<Pushed>, DeployError> {
        let Surroundings { project, environment, .. } = &self.surroundings;
        self.config.push.find(project, environment, change, &mark(verb, change)).await
    }

    async fn follow(&self, pushed: &Pushed) -> Result<(), DeployError> {
        let Config { appear, deadline, every, .. } = &self.config;
        let follow = Follow { appear: appear.0, deadline: deadline.0, every: every.0 };
        follow.to_the_end(self.runs.as_ref(), pushed).await
    }

    async fn change(&self, verb: &str, change: &Change) -> Result<(), DeployError> {
        let pushed = match self.pushed(verb, change).await? {
            Some(pushed) => pushed,
            None => {
                let Surroundings { project, environment, .. } = &self.surroundings;
                self.config.push.put(project, environment, change, &mark(verb, change)).await?
            }
        };
        crash::point(Point::Within(verb));
        self.follow(&pushed).await
    }
}

#[async_trait]
impl Deployer for Pipeline {
    async fn current(&self) -> Result<Option<String>, DeployError> {
        self.surroundings.printed(&self.config.current).await
    }

    async fn prepare(&self, change: &Change) -> Result<Preparation, DeployError> {
        let mut preparation = Preparation::default();
        if change.release.is_empty() {
            return Ok(preparation);
        }
        let commit = push::commit(&self.surroundings.project, change).await?;
        // The forge is asked before anything depends on its answer.
        let refname = format!("refs/tags/{}", change.release);
        self.runs.find(&Pushed { commit, refname }).await.map_err(DeployError::Refused)?;
        let back = Change { release: change.previous.clone(), commit: String::new(), ..change.clone() };
        if let Err(DeployError::Refused(reason)) = push::commit(&self.surroundings.project, &back).await {
            preparation.warnings.push(format!("{reason}: a rollback is by hand"));
        }
        Ok(preparation)
    }

    async fn look(&self, change: &Change) -> Result<Preparation, DeployError> {
        self.prepare(change).await
    }

    async fn settle(&self, change: &Change) -> Result<(), DeployError> {
        for verb in ["deploy", "roll-back"] {
            if let Some(pushed) = self.pushed(verb, change).await? {
                self.follow(&pushed).await?;
            }
        }
        Ok(())
    }

    async fn deploy(&self, change: &Change) -> Result<(), DeployError> {
        self.change("deploy", change).await
    }

    async fn roll_back(&self, change: &Change) -> Result<(), DeployError> {
        self.change("roll-back", change).await
    }
}

fn two_minutes() -> Length {
    Length(Duration::from_secs(120))
}

fn fifteen_minutes() -> Length {
    Length(Duration::from_secs(900))
}

fn two_seconds() -> Length {
    Length(Duration::from_secs(2))
}
