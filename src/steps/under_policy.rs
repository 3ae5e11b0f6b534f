//! What the rules decide about, held if the rules are not those that the incident was declared under.

use std::sync::Arc;

use async_trait::async_trait;

use super::Tools;
use crate::domain::evidence::Evidence;
use crate::domain::incident::Incident;
use crate::domain::next::Next;
use crate::domain::policy::Version;
use crate::domain::step_name::StepName;
use crate::policy;
use crate::workflow::step::{Action, Moment, Outcome, Step, StepError, Undo};

/// How many lines of a difference are shown.
const SHOWN: usize = 20;

/// A step that runs under the rules of the declaration, or under others that a person has accepted.
struct UnderPolicy {
    tools: Arc<Tools>,
    step: Box<dyn Step>,
}

/// Returns the step with the rules' hold on it, where they decide about it.
pub fn under_policy(tools: &Arc<Tools>, step: Box<dyn Step>) -> Box<dyn Step> {
    Box::new(UnderPolicy { tools: Arc::clone(tools), step })
}

/// Whether the rules decide about a step: from the check to the deploy. No way back is held, nor what follows a
/// deploy.
fn decides(incident: &Incident, name: StepName) -> bool {
    let Some(plan) = incident.plan() else { return false };
    let place = |name: StepName| plan.steps.iter().position(|step| step.name == name);
    // A plan that continues from a later step has no check.
    let first = place(StepName::Check).unwrap_or_default();
    place(StepName::Deploy).zip(place(name)).is_some_and(|(deploy, step)| (first..=deploy).contains(&step))
}

#[async_trait]
impl Step for UnderPolicy {
    fn name(&self) -> StepName {
        self.step.name()
    }

    async fn actions(&self, at: &Moment<'_>) -> Result<Vec<Action>, StepError> {
        self.step.actions(at).await
    }

    async fn run(&self, at: &Moment<'_>) -> Result<Outcome, StepError> {
        if decides(at.incident, self.name())
            && let Some(held) = held(&self.tools, at.incident).await?
        {
            return Ok(held);
        }
        self.step.run(at).await
    }

    async fn verify(&self, at: &Moment<'_>) -> Result<Option<Evidence>, StepError> {
        self.step.verify(at).await
    }

    async fn undo(&self, at: &Moment<'_>) -> Result<Undo, StepError> {
        self.step.undo(at).await
    }
}

/// Why the incident can't continue under the rules as they are now.
async fn held(tools: &Tools, incident: &Incident) -> Result<Option<Outcome>, StepError> {
    let Some(declared) = incident.case.declaration().and_then(|declaration| declaration.policy.as_deref()) else {
        return Ok(None);
    };
    let mut now = current(tools).await?;
    if now.digest() != declared.digest() && !incident.is_waived(&now.waiver()) {
        // This clone may be the one that is behind.
        let git = &tools.config.git;
        if let Err(error) = tools.project.fetch_branch(&git.production, git.reserve_limit.0).await {
            tracing::debug!(%error, "the rules are those that were fetched last");
        }
        now = current(tools).await?;
    }
    if now.digest() != declared.digest() && !incident.is_waived(&now.waiver()) {
        let mut reason = "the rules are not those that the incident was declared under".to_owned();
        for change in now.changes(declared).into_iter().chain(difference(tools, declared, &now).await) {
            reason.push_str(&format!("\n{change}"));
        }
        let hint = Next::waive(now.waiver()).then(Next::Ship);
        return Ok(Some(Outcome::Held { reason, hint }));
    }
    if now.digest() != tools.policy.digest() {
        let reason = format!("this run started with older rules, those of {}", tools.policy.from);
        return Ok(Some(Outcome::Held { reason, hint: Next::Resume.into() }));
    }
    Ok(None)
}

/// The rules that a run that starts now would have.
async fn current(tools: &Tools) -> Result<Version, StepError> {
    Ok(policy::now(&tools.project, &tools.config).await?.unwrap_or_else(|| tools.policy.clone()))
}

/// The lines that differ, where this repository has both versions of a file.
async fn difference(tools: &Tools, declared: &Version, now: &Version) -> Vec<String> {
    let mut lines = Vec::new();
    for (path, content) in &now.files {
        let Some(before) = declared.files.get(path).filter(|before| *before != content) else { continue };
        let diff = ["diff", "--no-ext-diff", "--no-textconv", "--no-color", "--unified=0", before, content];
        let Ok(diff) = tools.project.git.run(diff).await else { continue };
        let changed = diff.lines().filter(|line| line.starts_with(['+', '-']));
        lines.extend(changed.filter(|line| !line.starts_with("+++") && !line.starts_with("---")).map(str::to_owned));
    }
    let more = lines.len().saturating_sub(SHOWN);
    lines.truncate(SHOWN);
    lines.extend((more > 0).then(|| format!("... {more} more lines")));
    lines
}
