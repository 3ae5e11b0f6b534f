//! Waiving a rule, a gate or a backport, by name and with a reason.

use globset::Glob;

use super::error::AppError;
use super::session::Session;
use crate::domain::backports::{BackportTarget, Backports};
use crate::domain::event::Fact;
use crate::domain::fix::Fix;
use crate::domain::incident::Incident;
use crate::domain::name;
use crate::domain::policy::{self, Version};
use crate::guard::checks;
use crate::proof::findings;
use crate::steps;
use crate::steps::approvers::Approvers;

impl Session {
    /// Waives what is called `check`: a rule of the guard or of the proof, `gate/NAME`, a step's own rule,
    /// or a branch that should get the fix; a pattern waives every branch that lacks the fix and fits it.
    /// Returns the incident, and what was waived.
    ///
    /// Fails without a reason, and if nothing has the name.
    pub async fn waive(&self, key: &str, check: &str, reason: &str) -> Result<(Incident, Vec<String>), AppError> {
        let incident = self.service.incident(key).await?;
        // No branch's name has one of these.
        if check.contains(['*', '?', '[']) {
            return self.waive_branches(incident, check, reason).await;
        }
        let fact = Fact::Waived { check: check.to_owned(), reason: reason.to_owned() };
        Ok((self.say(&incident, fact).await?, vec![check.to_owned()]))
    }

    /// Fails without a reason, if nothing has the name, and if others have to accept new rules.
    pub(super) async fn may_waive(&self, incident: &Incident, check: &str, reason: &str) -> Result<(), AppError> {
        if reason.trim().is_empty() {
            return Err(AppError::NoReason { what: "a waiver" });
        }
        let known = self.waivable(incident).await?;
        if !known.iter().any(|name| name == check) {
            let nearest = name::nearest(check, known.iter().map(String::as_str));
            return Err(AppError::NothingToWaive { id: incident.id.clone(), name: name::line(check, 80), nearest });
        }
        if check.starts_with(policy::WAIVER) {
            self.may_accept_rules(incident).await?;
        }
        Ok(())
    }

    /// Waives each branch that lacks the fix and fits the pattern, in which `*` matches `/` too.
    async fn waive_branches(
        &self,
        mut incident: Incident,
        pattern: &str,
        reason: &str,
    ) -> Result<(Incident, Vec<String>), AppError> {
        if reason.trim().is_empty() {
            return Err(AppError::NoReason { what: "a waiver" });
        }
        let targets = incident.detail::<Backports>().map(|found| found.targets).unwrap_or_default();
        let glob = Glob::new(pattern).map(|glob| glob.compile_matcher());
        let fits = |target: &&BackportTarget| glob.as_ref().is_ok_and(|glob| glob.is_match(&target.branch));
        let open = targets.iter().filter(|target| target.lacks_the_fix() && !incident.is_waived(&target.branch));
        let branches: Vec<String> = open.filter(fits).map(|target| target.branch.clone()).collect();
        if branches.is_empty() {
            return Err(AppError::NoBranchToWaive { id: incident.id, pattern: name::line(pattern, 80) });
        }
        for branch in &branches {
            let fact = Fact::Waived { check: branch.clone(), reason: reason.to_owned() };
            incident = self.say(&incident, fact).await?;
        }
        Ok((incident, branches))
    }

    /// Fails if the rules in force ask for fewer approvals than those of the declaration, and the actor may not
    /// approve.
    async fn may_accept_rules(&self, incident: &Incident) -> Result<(), AppError> {
        let declared = incident.case.declaration().and_then(|declaration| declaration.policy.as_deref());
        let (Some(declared), Some(severity)) = (declared, incident.severity) else { return Ok(()) };
        let tools = &self.service.tools;
        let now = crate::policy::now(&tools.project, &tools.config).await?;
        let fewer = |now: &Version| now.approvals(severity) < declared.approvals(severity);
        if !fewer(&tools.policy) && !now.as_ref().is_some_and(fewer) {
            return Ok(());
        }
        let commit = incident.detail::<Fix>().map(|fix| fix.commit).unwrap_or_default();
        let approvers = Approvers::of(tools, incident, &commit, self.service.now()).await?;
        let against = approvers.reason_against_actor(&self.actor);
        against.map_or(Ok(()), |why| Err(AppError::MayNotLower { who: self.actor.to_string(), why }))
    }

    /// Every name that a waiver may have.
    async fn waivable(&self, incident: &Incident) -> Result<Vec<String>, AppError> {
        let tools = &self.service.tools;
        let rules = checks::ALL.iter().map(|check| check.name);
        let rules = rules.chain(findings::ALL.iter().copied()).chain(steps::WAIVABLE.iter().copied());
        let mut names: Vec<String> = rules.map(str::to_owned).collect();
        names.extend(tools.config.gate.iter().map(|gate| format!("gate/{}", gate.name)));
        // What held the last check, even if the configuration has changed since.
        names.extend(self.service.last_check(incident).iter().flat_map(|check| check.held()));
        names.extend(incident.detail::<Backports>().into_iter().flat_map(|found| found.targets).map(|one| one.branch));
        names.extend(tools.project.remote_branches().await?);
        names.push(tools.policy.waiver());
        names.extend(crate::policy::now(&tools.project, &tools.config).await?.map(|now| now.waiver()));
        names.sort();
        names.dedup();
        Ok(names)
    }
}
