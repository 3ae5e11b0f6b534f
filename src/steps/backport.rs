//! Brings the fix to every branch that needs it, in one atomic push.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;

use super::{Tools, count, needed};
use crate::config::BackportMode;
use crate::domain::backports::{BackportTarget, Backports, Group};
use crate::domain::evidence::Evidence;
use crate::domain::fix::Branch;
use crate::domain::incident::Incident;
use crate::domain::next::{Hint, Next};
use crate::domain::production::Release;
use crate::domain::step_name::StepName;
use crate::git::backport::error::BackportError;
use crate::git::backport::obstacle::Obstacle;
use crate::git::backport::outcome::Outcome as Merged;
use crate::git::backport::request::{Mode, Request, Rule};
use crate::git::backport::targets::{LeftOut, Reason};
use crate::git::backport::verdict::Verdict;
use crate::git::backport::{kept, plan};
use crate::workflow::step::{Action, Moment, Outcome, Step, StepError, Undo};

pub struct BackportFix(pub Arc<Tools>);

#[async_trait]
impl Step for BackportFix {
    fn name(&self) -> StepName {
        StepName::Backport
    }

    async fn actions(&self, _: &Moment<'_>) -> Result<Vec<Action>, StepError> {
        let rules = self.0.config.backport.rule.iter();
        Ok(rules
            .map(|rule| match rule.mode {
                BackportMode::Merge => Action::new("merge", format!("the fix into `{}`", rule.branches.text)),
                BackportMode::Pick => Action::new("pick", format!("the fix onto `{}`", rule.branches.text)),
            })
            .collect())
    }

    async fn run(&self, at: &Moment<'_>) -> Result<Outcome, StepError> {
        if self.0.config.backport.rule.is_empty() {
            return Ok(Outcome::Skipped("no branch has to get the fix".to_owned()));
        }
        let request = self.request(at.incident)?;
        let report = kept::start(&self.0.project.git, &self.0.records(at.actor), &request).await.map_err(failed)?;
        let targets = report.targets.iter().map(|row| target(&row.outcome, row.files.clone()));
        self.settle(at.incident, targets.chain(unnameable(&report.left_out)).collect())
    }

    async fn verify(&self, at: &Moment<'_>) -> Result<Option<Evidence>, StepError> {
        if self.0.config.backport.rule.is_empty() {
            return Ok(None);
        }
        // The history of a branch shows whether it has the fix, so the plan is enough.
        let plan = plan::plan(&self.0.project.git, &self.request(at.incident)?).await.map_err(failed)?;
        let done = plan.targets.iter().all(|target| !matches!(target.verdict, Verdict::Needs { .. }));
        let targets = plan.targets.iter().map(|planned| {
            let (mode, verdict, old) = (planned.mode, planned.verdict.clone(), planned.old);
            target(
                &Merged {
                    branch: planned.branch.clone(),
                    mode,
                    verdict,
                    old,
                    new: None,
                    obstacle: None,
                    resolved_by: None,
                },
                Vec::new(),
            )
        });
        if !done {
            return Ok(None);
        }
        match self.settle(at.incident, targets.chain(unnameable(&plan.left_out)).collect())? {
            Outcome::Done(evidence) => Ok(Some(evidence)),
            _ => Ok(None),
        }
    }

    async fn undo(&self, at: &Moment<'_>) -> Result<Undo, StepError> {
        let moved = at.incident.details::<Backports>().into_iter().flat_map(|backports| backports.targets);
        let moved: Vec<_> = moved.filter(|target| matches!(target.verdict.as_str(), "picked" | "merged")).collect();
        if moved.is_empty() {
            return Ok(Undo::Nothing("no branch was moved".to_owned()));
        }
        let names: Vec<_> = moved.iter().map(|target| target.branch.as_str()).collect();
        Ok(Undo::Nothing(format!(
            "the fix stays on {}; `hotfix backport --undo --id {}` takes it back",
            names.join(", "),
            at.incident.id
        )))
    }
}

impl BackportFix {
    fn request(&self, incident: &Incident) -> Result<Request, StepError> {
        let (branch, release): (Branch, Release) = (needed(incident)?, needed(incident)?);
        let config = &self.0.config.backport;
        let rule = |rule: &crate::config::BackportRule| Rule {
            glob: rule.branches.text.clone(),
            mode: match rule.mode {
                BackportMode::Merge => Mode::Merge,
                BackportMode::Pick => Mode::Pick,
            },
        };
        let mut request = Request::new(format!("{}..{}", branch.start, release.commit), [""; 0]);
        request.name = Some(format!("hotfix {}", incident.id));
        request.id = Some(incident.id.clone());
        request.rules = config.rule.iter().map(rule).collect();
        request.exclude = vec![self.0.config.git.production.clone(), branch.name];
        request.remote.clone_from(&self.0.project.remote);
        request.limit = self.0.project.limit;
        request.breaking = incident.declaration().and_then(|declaration| declaration.broken_by.clone());
        request.active = config.active.map(|active| active.0);
        Ok(request)
    }

    /// Done if every target has the fix, does not need it, or is waived; stuck otherwise.
    fn settle(&self, incident: &Incident, mut targets: Vec<BackportTarget>) -> Result<Outcome, StepError> {
        let earlier: BTreeMap<String, BackportTarget> = incident
            .details::<Backports>()
            .into_iter()
            .flat_map(|backports| backports.targets)
            .map(|target| (target.branch.clone(), target))
            .collect();
        // What landed in an earlier attempt keeps its verdict from then, and does not become `contains`.
        for target in targets.iter_mut().filter(|target| !is_open(&target.verdict)) {
            if let Some(landed) = earlier.get(&target.branch).filter(|earlier| earlier.commit.is_some()) {
                *target = landed.clone();
            }
        }
        let waived = |branch: &str| incident.is_waived(branch);
        let open: Vec<_> =
            targets.iter().filter(|target| is_open(&target.verdict) && !waived(&target.branch)).cloned().collect();
        if let Some(first) = open.first() {
            let landed = targets.iter().filter(|target| has_the_fix(target)).count();
            let shown = match &Group::all(&open)[..] {
                [group] if open.len() == 1 => format!("`{}` ({})", group.branches[0], group.what()),
                groups => {
                    let groups = groups.iter().map(|group| format!("{} on {}", group.what(), group.which()));
                    format!("{} branches: {}", open.len(), groups.collect::<Vec<_>>().join("; "))
                }
            };
            return Err(StepError::stuck(
                format!(
                    "the fix is not on {shown}; it is on {}",
                    count(landed, "other branch").replace("branchs", "branches")
                ),
                way_on(&incident.id, first),
            )
            .after(Evidence::with(summary(&targets), &Backports { targets })));
        }
        for target in targets.iter_mut().filter(|target| is_open(&target.verdict)) {
            target.verdict = "waived".to_owned();
        }
        Ok(Outcome::Done(Evidence::with(summary(&targets), &Backports { targets })))
    }
}

fn failed(error: BackportError) -> StepError {
    let hint = match error.hint() {
        Some(hint) => Next::by_hand(hint).then(Next::Resume),
        None => Next::Resume.into(),
    };
    StepError::failed(error.to_string(), hint)
}

/// What a person can do about a branch that lacks the fix.
fn way_on(id: &str, target: &BackportTarget) -> Hint {
    let branch = &target.branch;
    let by_hand: Hint = match target.verdict.as_str() {
        "conflict" => Next::Resolve { branch: branch.clone() }.into(),
        "refused" => Next::by_hand(format!("have `backport/{id}/{branch}` merged")).then(Next::Resume),
        _ => Next::by_hand("bring it there by hand").then(Next::Resume),
    };
    by_hand.or(Next::waive(branch))
}

fn has_the_fix(target: &BackportTarget) -> bool {
    target.commit.is_some() || target.verdict == "equivalent"
}

/// Whether the verdict leaves something to be done.
fn is_open(verdict: &str) -> bool {
    matches!(verdict, "conflict" | "failed" | "refused" | "reverted" | "needs")
}

/// The branches that nothing here can name: they are not waited for, and the report has them as
/// branches without the fix.
fn unnameable(left_out: &[LeftOut]) -> impl Iterator<Item = BackportTarget> {
    left_out.iter().filter(|one| one.reason == Reason::NotUtf8).map(|one| BackportTarget {
        branch: one.branch.clone(),
        verdict: "left out, its name is not UTF-8".to_owned(),
        commit: None,
        old: String::new(),
        files: Vec::new(),
        why: String::new(),
    })
}

fn target(outcome: &Merged, files: Vec<String>) -> BackportTarget {
    let verdict = match (&outcome.obstacle, &outcome.verdict) {
        (Some(Obstacle::Conflict { .. }), _) => "conflict",
        (Some(Obstacle::Failed { .. }), _) => "failed",
        (Some(Obstacle::Refused { .. }), _) => "refused",
        (None, Verdict::Contains) => "contains",
        (None, Verdict::Equivalent { .. }) => "equivalent",
        (None, Verdict::Resolved { .. }) => "resolved",
        (None, Verdict::Reverted { .. }) => "reverted",
        (None, Verdict::NotAffected { .. }) => "not-affected",
        (None, Verdict::Needs { .. }) => match (outcome.new, outcome.mode) {
            (Some(_), Mode::Pick) => "picked",
            (Some(_), Mode::Merge) => "merged",
            (None, _) => "needs",
        },
    };
    let commit = match &outcome.verdict {
        _ if outcome.obstacle.is_some() => None,
        Verdict::Contains => Some(outcome.old),
        Verdict::Equivalent { by } => *by,
        Verdict::Resolved { commit, .. } => Some(*commit),
        Verdict::Needs { .. } | Verdict::NotAffected { .. } | Verdict::Reverted { .. } => outcome.new,
    };
    let why = match outcome.verdict {
        Verdict::NotAffected { breaking: Some(breaking) } => format!("never had {}, which broke it", breaking.short()),
        _ => String::new(),
    };
    BackportTarget {
        branch: outcome.branch.clone(),
        verdict: verdict.to_owned(),
        commit: commit.map(|commit| commit.to_string()),
        old: outcome.old.to_string(),
        files,
        why,
    }
}

fn summary(targets: &[BackportTarget]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for target in targets {
        *counts.entry(target.verdict.as_str()).or_default() += 1;
    }
    if counts.is_empty() {
        return "no branch fits the rules".to_owned();
    }
    counts.iter().map(|(verdict, count)| format!("{count} {verdict}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::{Merged, Mode, Obstacle, Verdict, has_the_fix, target};
    use crate::git::oid::Oid;

    fn oid(digit: &str) -> Oid {
        digit.repeat(40).parse().expect("a name")
    }

    #[test]
    fn the_commit_that_is_named_is_one_that_has_the_change() {
        let needs = Verdict::Needs { commits: vec![oid("1")] };
        let resolved = Verdict::Resolved { person: "Ada <a@b>".to_owned(), commit: oid("5") };
        let refused = Obstacle::Refused { reason: String::new(), proposal: None };
        for (verdict, new, obstacle, expected, commit, has) in [
            (needs.clone(), Some("7"), None, "picked", Some("7"), true),
            (needs.clone(), Some("7"), Some(refused), "refused", None, false),
            (needs, None, None, "needs", None, false),
            (Verdict::Contains, None, None, "contains", Some("9"), true),
            (Verdict::Equivalent { by: Some(oid("4")) }, None, None, "equivalent", Some("4"), true),
            (Verdict::Equivalent { by: None }, None, None, "equivalent", None, true),
            (resolved, None, None, "resolved", Some("5"), true),
            (Verdict::Reverted { by: Some(oid("6")) }, None, None, "reverted", None, false),
            (Verdict::NotAffected { breaking: None }, None, None, "not-affected", None, false),
        ] {
            let (branch, new) = ("a".to_owned(), new.map(oid));
            let outcome = Merged { branch, mode: Mode::Pick, verdict, old: oid("9"), new, obstacle, resolved_by: None };
            let target = target(&outcome, Vec::new());
            assert_eq!(
                (target.verdict.as_str(), target.commit.clone()),
                (expected, commit.map(|one| oid(one).to_string()))
            );
            assert_eq!((has_the_fix(&target), target.lacks_the_fix()), (has, !has && expected != "not-affected"));
        }
    }
}
