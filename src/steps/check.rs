//! May the fix go to production? The guard on its diff, and the gates, all at once.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;

use super::fix::{no_work_tree, uncommitted};
use super::{Tools, count, needed, short};
use crate::domain::evidence::Evidence;
use crate::domain::step::{Branch, Check, Fix};
use crate::git::{Git, change};
use crate::workflow::step::{Action, Moment, Outcome, Step, StepError, Undo};
use crate::{gate, guard};

pub struct CheckFix(pub Arc<Tools>);

#[async_trait]
impl Step for CheckFix {
    fn name(&self) -> &'static str {
        "check"
    }

    async fn actions(&self, _: &Moment<'_>) -> Result<Vec<Action>, StepError> {
        let gates =
            self.0.config.gate.iter().map(|gate| Action::new("run gate", format!("{}: {}", gate.name, gate.command)));
        Ok([Action::new("guard", "the diff")].into_iter().chain(gates).collect())
    }

    async fn run(&self, at: &Moment<'_>) -> Result<Outcome, StepError> {
        let (branch, fix): (Branch, Fix) = (needed(at.incident)?, needed(at.incident)?);
        let work_tree = Path::new(&branch.work_tree);
        if !work_tree.is_dir() {
            return Ok(no_work_tree(&branch));
        }
        let head = Git::at(work_tree).run(["rev-parse", "HEAD"]).await?;
        if head != fix.commit || uncommitted(work_tree).await?.is_some() {
            return Ok(Outcome::Back {
                to: "fix",
                reason: format!("the work tree is no longer at {}", short(&fix.commit)),
            });
        }
        let start = Instant::now();
        let change = change::read(&self.0.project.git, &branch.start, &fix.commit).await?;
        let mut violations = guard::look(&self.0.config.guard, &change);
        for violation in &mut violations {
            violation.waived = at.incident.is_waived(&violation.check);
        }
        let gates = gate::run(&self.0.config.gate, work_tree, &self.0.environment(at.incident), |result| {
            let word = if result.passed { "ok" } else { "FAILED" };
            at.progress.update(&format!("gate {}: {word}, {:.1} s", result.name, result.seconds));
        })
        .await;

        let mut held: Vec<String> = Vec::new();
        let mut names: Vec<String> = Vec::new();
        for violation in violations.iter().filter(|violation| violation.blocks && !violation.waived) {
            held.push(format!("{}: {}", violation.check, violation.message));
            names.push(violation.check.clone());
        }
        for gate in gates.iter().filter(|gate| !gate.passed && !at.incident.is_waived(&format!("gate/{}", gate.name))) {
            held.push(format!("gate {}: {}\n{}", gate.name, gate.ended, gate.tail).trim_end().to_owned());
            names.push(format!("gate/{}", gate.name));
        }
        if let Some(name) = names.first() {
            return Ok(Outcome::Held {
                reason: held.join("\n"),
                hint: format!("correct the fix and `hotfix ship`, or `hotfix waive {name} --reason ...`"),
            });
        }
        let check = Check { commit: fix.commit, violations, gates };
        let seconds = start.elapsed().as_secs_f64();
        Ok(Outcome::Done(Evidence::with(summary(&check, seconds), &check)))
    }

    async fn verify(&self, _: &Moment<'_>) -> Result<Option<Evidence>, StepError> {
        Ok(None)
    }

    async fn undo(&self, _: &Moment<'_>) -> Result<Undo, StepError> {
        Ok(Undo::Nothing("it only looked".to_owned()))
    }
}

fn summary(check: &Check, seconds: f64) -> String {
    let waived: Vec<_> =
        check.violations.iter().filter(|violation| violation.waived).map(|v| v.check.as_str()).collect();
    let warned: Vec<_> = check
        .violations
        .iter()
        .filter(|violation| !violation.blocks && !violation.waived)
        .map(|v| v.message.as_str())
        .collect();
    let mut parts = vec!["guard: nothing held".to_owned()];
    parts.extend(warned.iter().map(|message| format!("warning: {message}")));
    if !waived.is_empty() {
        parts.push(format!("waived: {}", waived.join(", ")));
    }
    let passed = check.gates.iter().filter(|gate| gate.passed).count();
    parts.push(match check.gates.len() {
        0 => "no gates".to_owned(),
        all => format!("{passed} of {} passed in {seconds:.1} s", count(all, "gate")),
    });
    parts.join("; ")
}
