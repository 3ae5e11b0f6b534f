//! Waits for the approvals, bound to the exact commit, of distinct people who did not write it.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;

use super::{Tools, needed, short};
use crate::config::ReviewWhen;
use crate::domain::check::Check;
use crate::domain::evidence::Evidence;
use crate::domain::fix::{Branch, Fix, Review};
use crate::domain::incident::Approval;
use crate::domain::next::Next;
use crate::domain::step_name::StepName;
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
        let log = ["log", "--format=%ae%n%ce", &format!("{}..{commit}", branch.start)];
        let authors: BTreeSet<String> = self.0.project.git.run(log).await?.lines().map(str::to_lowercase).collect();
        let bound: Vec<&Approval> = at.incident.approvals.iter().filter(|approval| approval.commit == commit).collect();
        let (counted, why_not): (Vec<_>, Vec<_>) =
            bound.into_iter().partition(|approval| self.reason_against(approval, &authors).is_none());
        if let Some(approval) = counted.iter().find(|approval| approval.break_glass.is_some())
            && self.0.config.review.break_glass
        {
            let reason = approval.break_glass.as_deref().unwrap_or_default();
            let review = Review { commit, approvals: vec![approval.by.clone()], afterwards: true };
            let summary = format!("break-glass by {}: {reason}; the review follows", approval.by);
            return Ok(Outcome::Done(Evidence::with(summary, &review)));
        }
        let roles = self.0.config.roles(at.incident.severity);
        if roles.is_empty() {
            let review = Review { commit, approvals: Vec::new(), afterwards: false };
            return Ok(Outcome::Done(Evidence::with("the profile asks for no approval", &review)));
        }
        let given: Vec<(&str, &str)> =
            counted.iter().map(|approval| (approval.role.as_str(), approval.by.as_str())).collect();
        match assign(roles, &given) {
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
        let address = address(&approval.by);
        if authors.contains(&address) {
            return Some("an author of the fix");
        }
        self.0.config.review.agents.iter().any(|agent| agent.matches(&address)).then_some("not a person")
    }
}

/// The address in `Name <address>`, in lower case; all of it where there is none.
fn address(person: &str) -> String {
    let address = person.rsplit_once('<').map_or(person, |(_, address)| address.trim_end_matches('>'));
    address.trim().to_lowercase()
}

/// Returns a person of their own for each role, or the roles that stay without one. Nobody fills
/// two roles, so the largest assignment is looked for, not the first.
fn assign(roles: &[String], given: &[(&str, &str)]) -> Result<Vec<String>, Vec<String>> {
    fn fill<'a>(
        roles: &[String],
        given: &[(&'a str, &'a str)],
        taken: &mut Vec<Option<&'a str>>,
    ) -> Vec<Option<&'a str>> {
        let Some(role) = roles.get(taken.len()) else { return taken.clone() };
        let mut best: Option<Vec<Option<&'a str>>> = None;
        let fitting = given.iter().filter(|(as_role, _)| as_role == role).map(|(_, by)| Some(*by));
        for candidate in fitting.chain([None]) {
            let used =
                taken.iter().flatten().any(|by| candidate.is_some_and(|candidate| address(by) == address(candidate)));
            if used {
                continue;
            }
            taken.push(candidate);
            let filled = fill(roles, given, taken);
            taken.pop();
            if best.as_ref().is_none_or(|best| filled.iter().flatten().count() > best.iter().flatten().count()) {
                best = Some(filled);
            }
        }
        best.unwrap_or_default()
    }
    let filled = fill(roles, given, &mut Vec::new());
    let missing: Vec<String> =
        roles.iter().zip(&filled).filter(|(_, by)| by.is_none()).map(|(role, _)| role.clone()).collect();
    if missing.is_empty() { Ok(filled.into_iter().flatten().map(str::to_owned).collect()) } else { Err(missing) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_needs_a_person_of_its_own() {
        let roles = |names: &[&str]| names.iter().map(|name| name.to_string()).collect::<Vec<_>>();
        let both = roles(&["tech-lead", "on-call"]);
        for (given, expected) in [
            (vec![("tech-lead", "A <a@x>"), ("on-call", "B <b@x>")], Ok(roles(&["A <a@x>", "B <b@x>"]))),
            (vec![("tech-lead", "A <a@x>"), ("on-call", "A <A@X>")], Err(roles(&["on-call"]))),
            // The first fit would leave `on-call` without anybody.
            (
                vec![("tech-lead", "A <a@x>"), ("tech-lead", "B <b@x>"), ("on-call", "A <a@x>")],
                Ok(roles(&["B <b@x>", "A <a@x>"])),
            ),
            (vec![("reviewer", "A <a@x>")], Err(both.clone())),
            (vec![], Err(both.clone())),
        ] {
            assert_eq!(assign(&both, &given), expected, "{given:?}");
        }
        assert_eq!(assign(&[], &[]), Ok(Vec::new()));
    }
}
