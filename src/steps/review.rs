//! Waits for the approvals, bound to the exact commit, of distinct people who did not write it.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;

use super::{Tools, needed, short, work_tree};
use crate::config::ReviewWhen;
use crate::domain::actor::Actor;
use crate::domain::approval;
use crate::domain::check::Check;
use crate::domain::evidence::Evidence;
use crate::domain::fix::{Branch, Fix, Review};
use crate::domain::incident::{Approval, Incident};
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
        let authors = authors(&self.0, at.incident, &commit).await?;
        let bound: Vec<&Approval> = at.incident.approvals.iter().filter(|approval| approval.commit == commit).collect();
        let (counted, why_not): (Vec<_>, Vec<_>) =
            bound.into_iter().partition(|approval| self.reason_against(approval, &authors).is_none());
        if let Some(approval) = counted.iter().find(|approval| approval.break_glass.is_some())
            && self.0.config.review.break_glass
        {
            let reason = approval.break_glass.as_deref().unwrap_or_default();
            let review = Review { commit, approvals: vec![approval.by.to_string()], afterwards: true };
            let summary = format!("break-glass by {}: {reason}; the review follows", approval.by);
            return Ok(Outcome::Done(Evidence::with(summary, &review)));
        }
        let roles = self.0.config.roles(at.incident.severity);
        if roles.is_empty() {
            let review = Review { commit, approvals: Vec::new(), afterwards: false };
            return Ok(Outcome::Done(Evidence::with("the profile asks for no approval", &review)));
        }
        let given: Vec<(&str, &Actor)> =
            counted.iter().map(|approval| (approval.role.as_str(), &approval.by)).collect();
        match approval::assign(roles, &given) {
            Ok(people) => {
                let (all, named) = (people.len(), people.iter().zip(roles).map(|(by, role)| format!("{by} as {role}")));
                let named = named.collect::<Vec<_>>();
                let summary = format!("{all} of {all} approvals on {} ({})", short(&commit), named.join(", "));
                let approvals = named;
                Ok(Outcome::Done(Evidence::with(summary, &Review { commit, approvals, afterwards: false })))
            }
            Err(missing) => {
                let mut reason = format!(
                    "{} of {} approvals on {}; wanted: {}",
                    roles.len() - missing.len(),
                    roles.len(),
                    short(&commit),
                    missing.join(", ")
                );
                for approval in why_not {
                    if let Some(against) = self.reason_against(approval, &authors) {
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

impl ReviewFix {
    fn reason_against(&self, approval: &Approval, authors: &BTreeSet<String>) -> Option<&'static str> {
        let address = approval.by.key();
        let is_agent = self.0.config.review.agents.iter().any(|agent| agent.matches(&address));
        approval::reason_against(&approval.by, authors, is_agent)
    }
}

/// The addresses of those who wrote or committed the fix up to `commit`, in lower case.
pub async fn authors(tools: &Tools, incident: &Incident, commit: &str) -> Result<BTreeSet<String>, ProjectError> {
    let Some(branch) = incident.detail::<Branch>() else { return Ok(BTreeSet::new()) };
    if tools.project.commit(commit).await?.is_none() {
        // Another clone has made it.
        tools.project.fetch().await?;
    }
    let log = ["log", "--format=%ae%n%ce", &format!("{}..{commit}", branch.start)];
    Ok(tools.project.git.run(log).await?.lines().map(str::to_lowercase).collect())
}
