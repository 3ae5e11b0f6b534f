//! Runs all tests on what production runs now, after the emergency: the result is in the report.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;

use super::{Tools, needed, short};
use crate::check;
use crate::domain::check::FullSuite;
use crate::domain::evidence::Evidence;
use crate::domain::fix::Merge;
use crate::domain::incident::Incident;
use crate::domain::next::Next;
use crate::domain::production::Release;
use crate::domain::step_name::StepName;
use crate::gate::{self, Gate};
use crate::process::walls::Access;
use crate::proof::slots::Slots;
use crate::proof::trees::KEEP;
use crate::workflow::step::{Action, Moment, Outcome, Step, StepError};

pub struct RunFullSuite(pub Arc<Tools>);

#[async_trait]
impl Step for RunFullSuite {
    fn name(&self) -> StepName {
        StepName::FullSuite
    }

    async fn actions(&self, _: &Moment<'_>) -> Result<Vec<Action>, StepError> {
        let full = self.0.config.affected.full.iter();
        Ok(full.map(|command| Action::new("run", format!("all tests: {command}"))).collect())
    }

    async fn run(&self, at: &Moment<'_>) -> Result<Outcome, StepError> {
        let policy = &self.0.config.affected;
        let Some(command) = &policy.full else {
            return Ok(Outcome::Skipped("no command for all tests is set (affected.full)".to_owned()));
        };
        let commit = commit(at.incident)?;
        let slots = Slots::take(&self.0.project.common)?;
        let slot = slots.slot("full")?;
        slot.check_out(&self.0.project.git, &commit, KEEP).await?;
        slot.link(Path::new(""), &self.0.config.proof.link, std::slice::from_ref(&self.0.project.top));
        let gate = Gate {
            name: "full-suite".to_owned(),
            command: command.clone(),
            limit: policy.limit,
            paths: Vec::new(),
            append: false,
        };
        let logs = check::state(&self.0.project.common).join(&commit);
        let environment = self.0.environment(at.incident);
        let held = check::held(&self.0.project, &self.0.config).await;
        let confinement = held.confinement.map(|confinement| {
            confinement.with([(slots.scratch().to_owned(), Access::Read)]).writing(slot.directories())
        });
        let subject = gate::Subject {
            directory: &slot.tree,
            changed: &[],
            environment: &environment,
            logs: &logs,
            confinement: confinement.as_ref(),
        };
        let mut results = gate::run(&[gate], &subject, |_| ()).await;
        if let Some(said) = slots.hold(self.0.config.proof.disk).await {
            at.progress.update(&said);
        }
        let result = results.pop().ok_or_else(|| StepError::failed("all tests were not run", Next::Resume))?;
        let word = if result.passed { "passed" } else { "FAILED" };
        let mut summary = format!("all tests {word} on {}, {:.0} s", short(&commit), result.seconds);
        if let Some(reason) = held.off {
            summary.push_str(&format!("; it was not held: {reason}"));
        }
        if !result.passed {
            // The summary is in the post-mortem too, where a path of this machine means nothing.
            let log = Path::new(&result.log);
            let log = log.strip_prefix(&self.0.project.top).unwrap_or(log).display();
            summary.push_str(&format!("; {}, all of it: {log}\n{}", result.ended, result.tail));
        }
        Ok(Outcome::Done(Evidence::with(summary.trim_end(), &FullSuite { commit, result })))
    }
}

/// The merged fix on production's branch; the release if nothing was merged.
fn commit(incident: &Incident) -> Result<String, StepError> {
    match incident.detail::<Merge>() {
        Some(merge) => Ok(merge.merge),
        None => Ok(needed::<Release>(incident)?.commit),
    }
}
