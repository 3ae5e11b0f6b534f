//! Waits for the approvals, bound to the exact commit, of distinct people who did not write it.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;

use super::approvers::{self, Approvers, Judged};
use super::{Tools, needed, short, work_tree};
use crate::config::ReviewWhen;
use crate::domain::actor::Actor;
use crate::domain::approval::{self, Given};
use crate::domain::check::Check;
use crate::domain::evidence::Evidence;
use crate::domain::fix::{Branch, Fix, Review};
use crate::domain::incident::Incident;
use crate::domain::next::Next;
use crate::domain::step_name::StepName;
use crate::git::project::ProjectError;
use crate::workflow::step::{Action, Moment, Outcome, Step, StepError, Undo};

pub struct ReviewFix(pub Arc<Tools>);

#[async_trait]
impl Step for ReviewFix {
    fn name(&self) -> StepName {
        StepName::Review
    }

    async fn actions(&self, at: &Moment<'_>) -> Result<Vec<Action>, StepError> {
        Ok(match self.0.config.review.when {
            ReviewWhen::After => vec![Action::new("leave", "the review until after the deploy")],
            ReviewWhen::Before => self
                .0
                .config
                .roles(at.incident.severity)
                .iter()
                .map(|role| Action::new("wait for", format!("an approval as {role}")))
                .collect(),
        })
    }

    async fn run(&self, at: &Moment<'_>) -> Result<Outcome, StepError> {
        let (branch, fix, check): (Branch, Fix, Check) =
            (needed(at.incident)?, needed(at.incident)?, needed(at.incident)?);
        // Another clone may have made it; the remote's branch is the fix.
        work_tree::bring(&self.0, at.incident, &branch).await?;
        let tip = self.0.project.commit(&format!("refs/heads/{}", branch.name)).await?;
        if tip.as_deref() != Some(check.commit.as_str()) || fix.commit != check.commit {
            let reason = format!("the fix is no longer {}: earlier approvals are void", short(&check.commit));
            return Ok(Outcome::Back { to: StepName::Fix, reason });
        }
        let commit = fix.commit;
        if self.0.config.review.when == ReviewWhen::After {
            let review = Review { commit, approvals: Vec::new(), afterwards: true };
            return Ok(Outcome::Done(Evidence::with("follows after the deploy, as the profile says", &review)));
        }
        let approvers = Approvers::of(&self.0, at.incident, &commit, at.now()).await?;
        let judged = approvers.judged().await;
        let counts = |judged: &&Judged<'_>| judged.person.is_ok() && judged.approval.break_glass.is_some();
        if let Some(Judged { approval, proof, .. }) = judged.iter().find(counts)
            && self.0.config.review.break_glass
        {
            let reason = approval.break_glass.as_deref().unwrap_or_default();
            let review = Review { commit: commit.clone(), approvals: vec![approval.by.to_string()], afterwards: true };
            let summary = format!("break-glass by {}, {proof}: {reason}; the review follows", approval.by);
            return Ok(Outcome::Done(Evidence::with(summary, &review)));
        }
        let roles = self.0.config.roles(at.incident.severity);
        if roles.is_empty() {
            let review = Review { commit: commit.clone(), approvals: Vec::new(), afterwards: false };
            return Ok(Outcome::Done(Evidence::with("the profile asks for no approval", &review)));
        }
        let given = approvers::counted(&judged);
        match approval::assign(roles, &given) {
            Ok(people) => {
                let all = people.len();
                let proof_of = |given: &Given<'_>| {
                    let found = judged.iter().find(|judged| std::ptr::eq(&raw const judged.approval.by, given.by));
                    found.map(|judged| judged.proof.as_str()).unwrap_or_default()
                };
                let named = people.iter().zip(roles);
                let named = named.map(|(given, role)| format!("{} as {role}, {}", given.by, proof_of(given)));
                let approvals = named.collect::<Vec<_>>();
                let summary = format!("{all} of {all} approvals on {} ({})", short(&commit), approvals.join("; "));
                Ok(Outcome::Done(Evidence::with(
                    summary,
                    &Review { commit: commit.clone(), approvals, afterwards: false },
                )))
            }
            Err(missing) => {
                let mut reason = format!(
                    "{} of {} approvals on {}; wanted: {}",
                    roles.len() - missing.len(),
                    roles.len(),
                    short(&commit),
                    missing.join(", ")
                );
                for Judged { approval, person, .. } in &judged {
                    if let Err(against) = person {
                        reason.push_str(&format!("; {} does not count: {against}", approval.by));
                    }
                }
                let void = at.incident.approvals.iter().filter(|approval| approval.commit != commit).count();
                if void > 0 {
                    reason.push_str(&format!("; {void} on earlier commits are void"));
                }
                Ok(Outcome::Held { reason, hint: Next::Approve { role: missing[0].clone() }.into() })
            }
        }
    }

    async fn undo(&self, _: &Moment<'_>) -> Result<Undo, StepError> {
        Ok(Undo::Nothing("approvals are bound to their commit".to_owned()))
    }
}

/// The addresses of those who wrote or committed the fix up to `commit`, or are named as its co-authors, in lower
/// case.
pub async fn authors(tools: &Tools, incident: &Incident, commit: &str) -> Result<BTreeSet<String>, ProjectError> {
    let Some(branch) = incident.detail::<Branch>().filter(|_| !commit.is_empty()) else { return Ok(BTreeSet::new()) };
    if tools.project.commit(commit).await?.is_none() {
        // Another clone has made it.
        tools.project.fetch().await?;
    }
    let format = "--format=%ae%n%ce%n%(trailers:key=Co-authored-by,valueonly,unfold)";
    let log = ["log", format, &format!("{}..{commit}", branch.start)];
    let log = tools.project.git.run(log).await?;
    let addresses = log.lines().filter(|line| !line.trim().is_empty()).map(|line| Actor::claimed(line.trim()).key());
    Ok(addresses.collect())
}
