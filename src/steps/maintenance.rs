//! Turns the service off and on again (strategy D): by commands, or by its scale.

use std::sync::Arc;

use async_trait::async_trait;

use super::Tools;
use super::deploy::change;
use super::exclusive::{exclusively, place, unseen};
use crate::config::MaintenanceBy;
use crate::deploy::DeployError;
use crate::domain::evidence::Evidence;
use crate::domain::hex::hex;
use crate::domain::incident::Incident;
use crate::domain::next::Next;
use crate::domain::production::MaintenanceOn;
use crate::domain::step_name::StepName;
use crate::process::Spec;
use crate::process::supervised::{RunError, Supervised};
use crate::value::CommandLine;
use crate::workflow::step::{Action, Moment, Outcome, Step, StepError, Undo};
use serde_json::json;
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

    fn by_scale(&self) -> bool {
        self.tools.config.maintenance.by == MaintenanceBy::Scale
    }

    /// Takes every instance away, or brings them back. A second run finds what is already done.
    async fn scale(&self, at: &Moment<'_>, on: bool) -> Result<Outcome, StepError> {
        let incident = at.incident;
        let deployer = self.tools.deployer()?;
        let autoscalers = if on { deployer.autoscalers().await? } else { Vec::new() };
        let waking = autoscalers.iter().find(|autoscaler| autoscaler.wakes);
        if let Some(autoscaler) = waking.filter(|_| !incident.is_waived("autoscaler")) {
            return Ok(Outcome::Held {
                reason: autoscaler.words.clone(),
                hint: Next::by_hand("switch it off").then(Next::Resume).or(Next::waive("autoscaler")),
            });
        }
        let mut change = change(&self.tools, incident, "", "", "").await?;
        if let Some(kept) = incident.detail::<MaintenanceOn>() {
            let states = kept.instances.iter().map(|(name, number)| (name.clone(), json!({ "replicas": number })));
            change.state = states.collect();
        }
        let scaled =
            async { Ok(if on { deployer.take_away(&change).await } else { deployer.bring_back(&change).await }) };
        let ended = match exclusively(&self.tools, at, scaled).await? {
            Ok(ended) => ended,
            Err(held) => return Ok(held),
        };
        let instances = match ended {
            Ok(instances) => instances,
            Err(DeployError::Refused(reason)) => {
                let hint = Next::by_hand("put that right").then(Next::Resume);
                return Ok(Outcome::Held { reason, hint });
            }
            Err(error) => return Err(error.into()),
        };
        let each = instances.iter().map(|(name, number)| format!("{name}: {number}"));
        let warnings = autoscalers.into_iter().map(|autoscaler| format!("warning: {}", autoscaler.words));
        let changes: Vec<String> = each.chain(warnings).collect();
        let what = if on { "no instances" } else { "the instances are back" };
        let summary = format!("{what} ({})", changes.join("; "));
        Ok(Outcome::Done(match on {
            true => Evidence::with(summary, &MaintenanceOn { instances }),
            false => Evidence::new(summary),
        }))
    }

    fn command(&self, on: bool) -> Option<&CommandLine> {
        let config = &self.tools.config.maintenance;
        if on { config.on.as_ref() } else { config.off.as_ref() }
    }

    fn supervised(&self, incident: &Incident, on: bool) -> Supervised {
        let name = hex(&Sha256::digest(format!("maintenance {on}\0{}\0{}", incident.key, incident.plans.len())));
        // One command at a time changes the environment, whether it deploys or not.
        self.tools.supervised(&name[..32], place(&self.tools), incident, self.name())
    }

    async fn switch(&self, incident: &Incident, on: bool, command: &CommandLine) -> Result<Evidence, StepError> {
        let spec = Spec {
            arguments: command.arguments(),
            directory: self.tools.project.top.clone(),
            environment: self.tools.environment(incident),
            limit: self.tools.config.maintenance.limit.0,
            confinement: None,
        };
        let ended = match self.supervised(incident, on).run(&spec, self.name().as_str()).await {
            Err(RunError::Unseen(reason)) => return Err(StepError::stuck(reason, unseen(&place(&self.tools)))),
            ended => ended?,
        };
        if ended.succeeded() {
            return Ok(evidence(on));
        }
        let message = format!("`{command}`: {}\n{}", ended.words(), ended.last_lines(10));
        Err(StepError::failed(message.trim_end(), Next::Resume))
    }
}

#[async_trait]
impl Step for Maintenance {
    fn name(&self) -> StepName {
        if self.on { StepName::MaintenanceOn } else { StepName::MaintenanceOff }
    }

    async fn actions(&self, _: &Moment<'_>) -> Result<Vec<Action>, StepError> {
        if self.by_scale() {
            let (verb, environment) =
                (if self.on { "take away" } else { "bring back" }, &self.tools.config.deploy.environment);
            return Ok(vec![Action::new(verb, format!("every instance in {environment}"))]);
        }
        Ok(self.command(self.on).map(|command| Action::new("run", command.to_string())).into_iter().collect())
    }

    async fn run(&self, at: &Moment<'_>) -> Result<Outcome, StepError> {
        if self.by_scale() {
            return self.scale(at, self.on).await;
        }
        let Some(command) = self.command(self.on) else {
            let word = if self.on { "on" } else { "off" };
            return Ok(match at.incident.is_waived("maintenance") {
                true => Outcome::Skipped("waived".to_owned()),
                false => Outcome::Held {
                    reason: format!("no command turns maintenance mode {word}"),
                    hint: Next::configure(format!("maintenance.{word}")).or(Next::waive("maintenance")),
                },
            });
        };
        self.switch(at.incident, self.on, command).await.map(Outcome::Done)
    }

    async fn verify(&self, at: &Moment<'_>) -> Result<Option<Evidence>, StepError> {
        if self.by_scale() {
            return Ok(None);
        }
        let ended = match self.supervised(at.incident, self.on).settled().await {
            Err(RunError::Unseen(_)) => return Ok(None),
            settled => settled?,
        };
        Ok(ended.filter(|ended| ended.succeeded()).map(|_| evidence(self.on)))
    }

    async fn undo(&self, at: &Moment<'_>) -> Result<Undo, StepError> {
        if self.on && self.by_scale() {
            return match self.scale(at, false).await? {
                Outcome::Done(evidence) => Ok(Undo::Done(evidence.summary)),
                Outcome::Held { reason, hint } => Err(StepError::stuck(reason, hint)),
                _ => Ok(Undo::Nothing("nothing was taken away".to_owned())),
            };
        }
        match (self.on, self.command(false)) {
            (true, Some(command)) => {
                self.switch(at.incident, false, command).await?;
                Ok(Undo::Done("maintenance mode is off".to_owned()))
            }
            (true, None) if at.incident.is_waived("maintenance") => Ok(Undo::Nothing("waived".to_owned())),
            (true, None) => Err(StepError::stuck(
                "no command turns maintenance mode off",
                Next::by_hand("turn it off by hand").then(Next::waive("maintenance")).then(Next::Resume),
            )),
            (false, _) => Ok(Undo::Nothing("the service stays up".to_owned())),
        }
    }
}

fn evidence(on: bool) -> Evidence {
    Evidence::new(if on { "maintenance mode is on" } else { "maintenance mode is off" })
}
