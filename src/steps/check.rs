//! May the fix go to production? The guard on its diff, the proof of its test and the gates.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;

use super::fix::uncommitted;
use super::{Tools, needed, short, work_tree};
use crate::check::{self, CheckError};
use crate::domain::check::Check;
use crate::domain::evidence::Evidence;
use crate::domain::fix::{Branch, Fix};
use crate::domain::incident::Incident;
use crate::domain::name;
use crate::domain::next::Next;
use crate::domain::step_name::StepName;
use crate::git::Git;
use crate::git::change::ChangeError;
use crate::workflow::step::{Action, Moment, Outcome, Step, StepError};

pub struct CheckFix(pub Arc<Tools>);

#[async_trait]
impl Step for CheckFix {
    fn name(&self) -> StepName {
        StepName::Check
    }

    async fn actions(&self, _: &Moment<'_>) -> Result<Vec<Action>, StepError> {
        let gates =
            self.0.config.gate.iter().map(|gate| Action::new("run gate", format!("{}: {}", gate.name, gate.command)));
        let first = [Action::new("guard", "the diff"), Action::new("prove", "that the fix's tests fail without it")];
        Ok(first.into_iter().chain(gates).collect())
    }

    async fn run(&self, at: &Moment<'_>) -> Result<Outcome, StepError> {
        let (branch, fix): (Branch, Fix) = (needed(at.incident)?, needed(at.incident)?);
        let branch = work_tree::here(&self.0, at.incident, branch).await?;
        let work_tree = Path::new(&branch.work_tree);
        let head = Git::at(work_tree).run(["rev-parse", "HEAD"]).await?;
        if let Some(reason) = changed(work_tree, &head, &fix.commit).await? {
            return Ok(Outcome::Back { to: StepName::Fix, reason });
        }
        let is_waived = |name: &str| at.incident.is_waived(name);
        let subject = check::Subject {
            project: &self.0.project,
            config: &self.0.config,
            gates: &self.0.config.gate,
            base: &branch.start,
            fix: &fix.commit,
            work_tree,
            environment: &self.0.environment(at.incident),
            parts: check::Parts::ALL,
            budget: self.0.config.budget.get(&StepName::Check).map(|budget| budget.0),
            remember: true,
            is_waived: &is_waived,
        };
        let check = check::check(&subject, &|text| at.progress.update(text)).await.map_err(refused)?;
        self.keep(at.incident, &check);
        let held = check.held();
        let Some(first) = held.first() else {
            return Ok(Outcome::Done(Evidence::with(check::summary(&check), &check)));
        };
        Ok(Outcome::Held {
            reason: reasons(&check).join("\n"),
            hint: Next::by_hand("correct the fix").then(Next::Ship).or(Next::waive(first)),
        })
    }
}

impl CheckFix {
    /// Saves the check for `hotfix check`, even if it holds the fix.
    fn keep(&self, incident: &Incident, check: &Check) {
        let path = kept(&self.0.project.common, &incident.key);
        let written =
            serde_json::to_vec(check).map_err(std::io::Error::other).and_then(|text| std::fs::write(path, text));
        if let Err(error) = written {
            tracing::warn!(incident.id, %error, "the check could not be saved");
        }
    }
}

/// The file with the last check of an incident.
fn kept(common: &Path, key: &str) -> PathBuf {
    check::state(common).join(format!("last-{}.json", name::slug(key)))
}

/// Returns the last check of an incident, if it was of the current fix.
pub fn last_check(tools: &Tools, incident: &Incident) -> Option<Check> {
    let fix: Fix = incident.detail()?;
    let text = std::fs::read(kept(&tools.project.common, &incident.key)).ok()?;
    let check: Check = serde_json::from_slice(&text).ok()?;
    (check.commit == fix.commit).then_some(check)
}

/// Why the work tree no longer is what step `fix` saw, if so.
async fn changed(work_tree: &Path, head: &str, fix: &str) -> Result<Option<String>, StepError> {
    if head != fix {
        return Ok(Some(format!("the work tree is at {} now, no longer at {}", short(head), short(fix))));
    }
    let changes = uncommitted(work_tree).await?;
    Ok(changes.map(|changes| format!("the work tree has changes that are not committed: {changes}")))
}

/// What could not be read, and what helps.
fn refused(error: CheckError) -> StepError {
    let hint = match &error {
        CheckError::Change(ChangeError::Shallow { .. }) => Next::by_hand("git fetch --unshallow").then(Next::Resume),
        _ => Next::Resume.into(),
    };
    StepError::failed(error.to_string(), hint)
}

/// Why the fix is held, a line or more for each reason.
fn reasons(check: &Check) -> Vec<String> {
    let rules = check.violations.iter().filter(|rule| rule.blocks && !rule.waived);
    let rules = rules.map(|rule| format!("{}: {}", rule.check, rule.message));
    let gates = check.gates.iter().filter(|gate| gate.holds());
    let gates = gates.map(|gate| format!("gate {}: {}\n{}", gate.name, gate.ended, gate.tail).trim_end().to_owned());
    rules.chain(gates).collect()
}
