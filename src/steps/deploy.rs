//! Puts the release into production: one deploy at a time, with a known way back.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;

use super::exclusive::{self, exclusively};
use super::{Tools, needed, short};
use crate::deploy::{Change, DeployError, Deployer};
use crate::domain::evidence::Evidence;
use crate::domain::incident::Incident;
use crate::domain::next::Next;
use crate::domain::production::{Deploy, Image, Release, WayBack};
use crate::domain::rung::{Back, Rung};
use crate::domain::step_name::StepName;
use crate::workflow::step::{Action, Moment, Outcome, Step, StepError, Undo};

pub struct DeployRelease(pub Arc<Tools>);

#[async_trait]
impl Step for DeployRelease {
    fn name(&self) -> StepName {
        StepName::Deploy
    }

    async fn actions(&self, at: &Moment<'_>) -> Result<Vec<Action>, StepError> {
        let current = self.0.deployer()?.current().await?.unwrap_or_else(|| "nothing".to_owned());
        let release = release(at.incident).map_or_else(|_| "the release".to_owned(), |release| release.tag);
        let environment = &self.0.config.deploy.environment;
        Ok(vec![Action::new("deploy", format!("{release} to {environment}, where {current} runs"))])
    }

    async fn run(&self, at: &Moment<'_>) -> Result<Outcome, StepError> {
        let release = release(at.incident)?;
        let deployer = self.0.deployer()?;
        let deployed = exclusively(&self.0, at, self.deploy(at.incident, &release, deployer)).await?;
        Ok(deployed.unwrap_or_else(|held| held))
    }

    async fn verify(&self, at: &Moment<'_>) -> Result<Option<Evidence>, StepError> {
        let release = release(at.incident)?;
        let deployer = self.0.deployer()?;
        // Production may be changing right now, by a command of a process that has died.
        let change = change(&self.0, at.incident, &release.tag, &release.commit, "").await?;
        match deployer.settle(&change).await {
            // It went wrong, or can't be seen: running it again finds that, and says what can be done.
            Err(DeployError::Rollout(_) | DeployError::Unseen(_)) => return Ok(None),
            settled => settled?,
        }
        if deployer.current().await?.as_deref() != Some(release.tag.as_str()) {
            return Ok(None);
        }
        exclusive::leave(&self.0, at).await?;
        let way_back: WayBack = needed(at.incident)?;
        Ok(Some(evidence(&self.0, &Change { previous: way_back.release, ..change }, None)))
    }

    async fn undo(&self, at: &Moment<'_>) -> Result<Undo, StepError> {
        let Some(deploy) = at.incident.detail::<Deploy>() else {
            return Ok(Undo::Nothing("nothing was deployed".to_owned()));
        };
        let deployer = self.0.deployer()?;
        // A rollback may be running, by a command of a process that has died.
        let back = change(&self.0, at.incident, &deploy.previous, "", &deploy.release).await?;
        match deployer.settle(&back).await {
            Err(DeployError::Unseen(reason)) => {
                return Err(StepError::failed(reason, exclusive::unseen(&exclusive::place(&self.0))));
            }
            settled => settled?,
        }
        let current = deployer.current().await?.unwrap_or_default();
        if current != deploy.release {
            return Ok(Undo::Nothing(format!("production runs `{current}`, not `{}`", deploy.release)));
        }
        if deploy.previous.is_empty() {
            return Err(StepError::stuck(
                format!("nothing ran before `{}`, so there is nothing to go back to", deploy.release),
                Next::by_hand("put production right by hand").then(Next::Resume),
            ));
        }
        let back = Back { from: deploy.release, to: deploy.previous, rung: Rung::Undo };
        match exclusively(&self.0, at, super::roll_back::put_back(&self.0, at.incident, &back)).await? {
            Ok(()) => Ok(Undo::Done(format!("production is back on `{}`", back.to))),
            Err(Outcome::Held { reason, hint }) => Err(StepError::failed(reason, hint)),
            Err(_) => Ok(Undo::Nothing("nothing was put back".to_owned())),
        }
    }
}

impl DeployRelease {
    async fn deploy(
        &self,
        incident: &Incident,
        release: &Release,
        deployer: &dyn Deployer,
    ) -> Result<Outcome, StepError> {
        let way_back: WayBack = needed(incident)?;
        let current = deployer.current().await?.unwrap_or_default();
        if current == release.tag {
            let change = change(&self.0, incident, &release.tag, &release.commit, &way_back.release).await?;
            return match deployer.settle(&change).await {
                Err(DeployError::Rollout(reason)) => Ok(self.half_way(&change, &current, &reason)),
                settled => {
                    settled?;
                    Ok(Outcome::Done(evidence(&self.0, &change, None)))
                }
            };
        }
        if current != way_back.release {
            let reason = format!("production runs `{current}`, no longer `{}`", way_back.release);
            return Ok(Outcome::Back { to: StepName::Prepare, reason });
        }
        let start = Instant::now();
        let change = change(&self.0, incident, &release.tag, &release.commit, &current).await?;
        let deployed = deployer.deploy(&change).await;
        let runs = deployer.current().await.ok().flatten().unwrap_or_default();
        if runs == release.tag && deployed.is_ok() {
            return Ok(Outcome::Done(evidence(&self.0, &change, Some(start.elapsed().as_secs_f64()))));
        }
        let reason = match deployed {
            Ok(()) => "the command ended well".to_owned(),
            Err(DeployError::Unknown(reason)) => {
                let message = format!("{reason}; whether production runs `{}` is unknown", release.tag);
                return Err(StepError::failed(message, Next::Resume));
            }
            Err(DeployError::Refused(reason)) => {
                return Err(StepError::failed(format!("{reason}; production runs `{runs}`"), Next::Resume));
            }
            Err(error) => error.to_string(),
        };
        if runs == current {
            return Err(StepError::failed(format!("{reason}; production still runs `{runs}`"), Next::Resume));
        }
        Ok(self.half_way(&change, &runs, &reason))
    }

    /// A deploy that has changed production and did not finish.
    fn half_way(&self, change: &Change, runs: &str, reason: &str) -> Outcome {
        let now = if runs.is_empty() { "nothing that answers".to_owned() } else { format!("`{runs}`") };
        let summary = format!("deploy of `{}` failed half-way, production runs {now}: {reason}", change.release);
        Outcome::Bad(Evidence::with(summary, &detail(&self.0, change)))
    }
}

/// The release to deploy: the one that was ordered, or the one that the step `release` made.
pub fn release(incident: &Incident) -> Result<Release, StepError> {
    match incident.order() {
        Some(order) => Ok(Release { tag: order.release.clone(), commit: order.commit.clone() }),
        None => needed(incident),
    }
}

/// The change to `release`, identified by the incident and the number of its plan.
pub async fn change(
    tools: &Tools,
    incident: &Incident,
    release: &str,
    commit: &str,
    previous: &str,
) -> Result<Change, StepError> {
    let built = incident.details::<Image>().into_iter().rfind(|image| image.release == release);
    let images = match built {
        Some(built) => built.references,
        None => tools.store.images(release).await?,
    };
    Ok(Change {
        id: format!("{} {}", incident.key, incident.plans.len()),
        release: release.to_owned(),
        commit: commit.to_owned(),
        previous: previous.to_owned(),
        images,
        state: serde_json::Value::Null,
        environment: tools.environment(incident),
    })
}

fn evidence(tools: &Tools, change: &Change, seconds: Option<f64>) -> Evidence {
    let environment = &tools.config.deploy.environment;
    let from = if change.previous.is_empty() { "nothing" } else { &change.previous };
    let took = seconds.map_or_else(String::new, |seconds| format!(", {seconds:.1} s"));
    let summary = format!("{environment}: {from} -> {} ({}){took}", change.release, short(&change.commit));
    Evidence::with(summary, &detail(tools, change))
}

fn detail(tools: &Tools, change: &Change) -> Deploy {
    Deploy {
        environment: tools.config.deploy.environment.clone(),
        release: change.release.clone(),
        commit: change.commit.clone(),
        previous: change.previous.clone(),
        images: change.images.clone(),
    }
}
