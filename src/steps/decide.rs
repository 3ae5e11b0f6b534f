//! Chooses the strategy: a person does, or the matrix if the policy allows it.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;

use super::Tools;
use crate::domain::decision::{Recommendation, Signs, minutes, recommend};
use crate::domain::event::Declaration;
use crate::domain::evidence::Evidence;
use crate::domain::investigation::Investigation;
use crate::domain::next::Next;
use crate::domain::production::RollBack;
use crate::domain::release::last_verified;
use crate::domain::step_name::StepName;
use crate::workflow::step::{Action, Moment, Outcome, Step, StepError, Undo};

pub struct Decide(pub Arc<Tools>);

#[async_trait]
impl Step for Decide {
    fn name(&self) -> StepName {
        StepName::Decide
    }

    async fn actions(&self, _: &Moment<'_>) -> Result<Vec<Action>, StepError> {
        Ok(vec![Action::new("choose", "a strategy by the decision matrix")])
    }

    async fn run(&self, at: &Moment<'_>) -> Result<Outcome, StepError> {
        let matrix = recommend(&self.signs(at).await?);
        let decision = match &at.incident.choice {
            None if self.0.config.decide.automatic.contains(&matrix.strategy) => matrix,
            None => {
                let (strategy, title) = (matrix.strategy, matrix.strategy.title());
                let (from, to) = matrix.minutes;
                return Ok(Outcome::Held {
                    reason: format!(
                        "the matrix recommends {strategy}, {title} ({from} to {to} min): {}; a person decides",
                        matrix.reasons.join("; ")
                    ),
                    hint: Next::decide(strategy).into(),
                });
            }
            Some((strategy, reason)) => Recommendation {
                strategy: *strategy,
                reasons: vec![if reason.is_empty() { "chosen by a person".to_owned() } else { reason.clone() }],
                minutes: minutes(*strategy),
                instead_of: (*strategy != matrix.strategy).then_some(matrix.strategy),
            },
        };
        let (from, to) = decision.minutes;
        let summary = format!(
            "{}, {} ({from} to {to} min): {}",
            decision.strategy,
            decision.strategy.title(),
            decision.reasons.join("; ")
        );
        Ok(Outcome::Done(Evidence::with(summary, &decision)))
    }

    async fn undo(&self, _: &Moment<'_>) -> Result<Undo, StepError> {
        Ok(Undo::Nothing("a decision changes nothing outside".to_owned()))
    }
}

impl Decide {
    async fn signs(&self, at: &Moment<'_>) -> Result<Signs, StepError> {
        let incident = at.incident;
        let investigation = incident.detail::<Investigation>().unwrap_or_default();
        let releases = self.0.store.releases(&self.0.config.deploy.environment, 50).await?;
        let since = incident.detected().checked_sub(self.0.config.investigate.since.0).unwrap_or(Timestamp::MIN);
        // What runs counts, whoever deployed it.
        let other = investigation.running.filter(|running| !running.is_known);
        let recent_deploy = match &other {
            Some(running) => running.tagged.filter(|tagged| *tagged >= since).map(|_| running.release.clone()),
            None => investigation.deploys.first().map(|deploy| deploy.release.clone()),
        };
        let running = other.as_ref().map(|running| &running.release).or(recent_deploy.as_ref());
        let verified = last_verified(&releases, &running.map(String::as_str).into_iter().collect::<Vec<_>>());
        Ok(Signs {
            text: incident.declaration().map(Declaration::text).unwrap_or_default(),
            previous: verified.map(|release| release.release.clone()),
            recent_deploy,
            unverified: other.and_then(|running| running.before),
            migration: !investigation.migrations.is_empty(),
            rolled_back: incident.detail::<RollBack>().is_some(),
        })
    }
}
