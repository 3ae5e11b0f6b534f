//! Takes the service out of the way, and brings it back (strategy D).

use std::sync::Arc;

use async_trait::async_trait;

use super::Tools;
use crate::config::value::CommandLine;
use crate::domain::event::hex;
use crate::domain::evidence::Evidence;
use crate::domain::incident::Incident;
use crate::process::Spec;
use crate::process::supervised::Supervised;
use crate::workflow::step::{Action, Moment, Outcome, Step, StepError, Undo};
use sha2::{Digest, Sha256};

pub struct Maintenance {
    tools: Arc<Tools>,
    on: bool,
}

impl Maintenance {
    pub fn on(tools: Arc<Tools>) -> Maintenance {
        Maintenance { tools, on: true }
    }

    pub fn off(tools: Arc<Tools>) -> Maintenance {
        Maintenance { tools, on: false }
    }

    fn command(&self, on: bool) -> Option<&CommandLine> {
        let config = &self.tools.config.maintenance;
        if on { config.on.as_ref() } else { config.off.as_ref() }
    }

    fn supervised(&self, incident: &Incident, on: bool) -> Supervised {
        let place = hex(&Sha256::digest(format!("maintenance {on}\0{}\0{}", incident.key, incident.plans.len())));
        Supervised::at(self.tools.state.join(&place[..32]))
    }

    async fn switch(&self, incident: &Incident, on: bool, command: &CommandLine) -> Result<Evidence, StepError> {
        let spec = Spec {
            arguments: command.arguments(),
            directory: self.tools.project.top.clone(),
            environment: self.tools.environment(incident),
            limit: self.tools.config.maintenance.limit.0,
        };
        let ended = self.supervised(incident, on).run(&spec, self.name()).await?;
        if ended.succeeded() {
            return Ok(evidence(on));
        }
        let message = format!("`{command}`: {}\n{}", ended.words(), ended.last_lines(10));
        Err(StepError::failed(message.trim_end(), "hotfix resume"))
    }
}

#[async_trait]
impl Step for Maintenance {
    fn name(&self) -> &'static str {
        if self.on { "maintenance-on" } else { "maintenance-off" }
    }

    async fn actions(&self, _: &Moment<'_>) -> Result<Vec<Action>, StepError> {
        Ok(self.command(self.on).map(|command| Action::new("run", command.to_string())).into_iter().collect())
    }

    async fn run(&self, at: &Moment<'_>) -> Result<Outcome, StepError> {
        let Some(command) = self.command(self.on) else {
            let word = if self.on { "on" } else { "off" };
            return Ok(match at.incident.is_waived("maintenance") {
                true => Outcome::Skipped("waived".to_owned()),
                false => Outcome::Held {
                    reason: format!("no command turns maintenance mode {word}"),
                    hint: format!("set maintenance.{word} in hotfix.toml, or `hotfix waive maintenance --reason ...`"),
                },
            });
        };
        self.switch(at.incident, self.on, command).await.map(Outcome::Done)
    }

    async fn verify(&self, at: &Moment<'_>) -> Result<Option<Evidence>, StepError> {
        let ended = self.supervised(at.incident, self.on).settled().await?;
        Ok(ended.filter(|ended| ended.succeeded()).map(|_| evidence(self.on)))
    }

    async fn undo(&self, at: &Moment<'_>) -> Result<Undo, StepError> {
        match (self.on, self.command(false)) {
            (true, Some(command)) => {
                self.switch(at.incident, false, command).await?;
                Ok(Undo::Done("maintenance mode is off".to_owned()))
            }
            (true, None) if at.incident.is_waived("maintenance") => Ok(Undo::Nothing("waived".to_owned())),
            (true, None) => Err(StepError::stuck(
                "no command turns maintenance mode off",
                "turn it off by hand, `hotfix waive maintenance --reason ...`, then `hotfix resume`",
            )),
            (false, _) => Ok(Undo::Nothing("the service stays up".to_owned())),
        }
    }
}

fn evidence(on: bool) -> Evidence {
    Evidence::new(if on { "maintenance mode is on" } else { "maintenance mode is off" })
}
