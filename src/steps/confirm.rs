//! Checks production after a rollback, by the same test as after a deploy.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::watch::{evidence, observe, other_release};
use super::{Tools, ladder, needed};
use crate::domain::evidence::Evidence;
use crate::domain::next::Next;
use crate::domain::production::RollBack;
use crate::domain::rung::Back;
use crate::domain::step_name::StepName;
use crate::domain::strategy::Strategy;
use crate::domain::verdict::Verdict;
use crate::probe::Subject;
use crate::workflow::step::{Action, Moment, Outcome, Step, StepError};

pub struct ConfirmRollBack(pub Arc<Tools>);

/// After a bad fix the incident itself is still open, so this does not wait long.
const WAY_BACK: Duration = Duration::from_secs(30);

#[async_trait]
impl Step for ConfirmRollBack {
    fn name(&self) -> StepName {
        StepName::Confirm
    }

    async fn actions(&self, _: &Moment<'_>) -> Result<Vec<Action>, StepError> {
        Ok(vec![Action::new("watch", "the release that is back")])
    }

    async fn run(&self, at: &Moment<'_>) -> Result<Outcome, StepError> {
        let back: RollBack = needed(at.incident)?;
        if let Some(other) = other_release(&self.0, &back.to).await? {
            return Err(StepError::stuck(
                format!("production runs `{other}`, not `{}`", back.to),
                Next::by_hand("put production right by hand").then(Next::Resume),
            ));
        }
        // On an incident's way back the incident continues, whatever is found.
        let is_end = at.incident.order().is_some() || at.incident.plan().is_some_and(|plan| plan.strategy.is_some());
        if at.incident.order().is_some() && at.incident.is_waived("watch") {
            return Ok(Outcome::Skipped("waived".to_owned()));
        }
        let subject = Subject { release: back.to.clone(), previous: back.from.clone() };
        let observed = observe(&self.0, at, &subject, |limits| {
            if !is_end {
                limits.window = limits.window.min(WAY_BACK);
                limits.patience = Duration::ZERO;
            }
        });
        // The rollback is on the record before its watch has ended.
        let standing = self.0.anchored(at.incident, observed).await?;
        let (evidence, verdict) = (evidence(&back.to, &standing), standing.judgement.verdict);
        Ok(match (verdict, is_end) {
            (Verdict::Verified, _) => Outcome::Done(evidence),
            // The problem that the fix was for is still there; that is why the incident continues.
            (_, false) => {
                let summary = format!("`{}` runs again, as before the fix: {}", back.to, evidence.summary);
                Outcome::Done(Evidence { summary, ..evidence })
            }
            (Verdict::Bad, true) => {
                let failed = Back { from: back.from, to: back.to, rung: back.rung };
                let message = format!("the rollback did not help: {}", evidence.summary);
                return ladder::next(&self.0, at.incident, &failed, message).await;
            }
            (Verdict::Blind | Verdict::Unproven, true) => {
                let hint = Next::WatchOn.or(match at.incident.order() {
                    None => Next::decide(Strategy::B),
                    Some(_) => Next::waive("watch"),
                });
                match standing.judgement.outage {
                    Some(outage) => Outcome::Outage { cause: self.0.cause_of(&outage), reason: evidence.summary, hint },
                    None => Outcome::Held { reason: evidence.summary, hint },
                }
            }
        })
    }
}
