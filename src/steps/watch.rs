//! Watches the release in production until it is VERIFIED or BAD.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::deploy::release;
use super::{Tools, otherwise};
use crate::domain::evidence::{Detail, Evidence};
use crate::domain::incident::Incident;
use crate::domain::next::Next;
use crate::domain::observation::Watch;
use crate::domain::production::{Deploy, RollBack};
use crate::domain::step_name::StepName;
use crate::domain::verdict::Verdict;
use crate::probe::Subject;
use crate::store::watch_state::WatchState;
use crate::verdict::Limits;
use crate::watch::{Resume, Setting, Standing, Timed, limits, probes, summary, watch};
use crate::workflow::step::{Action, Moment, Outcome, Step, StepError};

pub struct WatchRelease(pub Arc<Tools>);

#[async_trait]
impl Step for WatchRelease {
    fn name(&self) -> StepName {
        StepName::Watch
    }

    async fn actions(&self, _: &Moment<'_>) -> Result<Vec<Action>, StepError> {
        let config = &self.0.config.watch;
        let seconds = config.window.0.as_secs();
        Ok(config.probe.iter().map(|probe| Action::new("watch", format!("{} for {seconds} s", probe.name))).collect())
    }

    async fn run(&self, at: &Moment<'_>) -> Result<Outcome, StepError> {
        let release = release(at.incident)?;
        if at.incident.is_waived("watch") {
            return Ok(Outcome::Skipped("waived".to_owned()));
        }
        if let Some(other) = other_release(&self.0, &release.tag).await? {
            return Ok(Outcome::Held {
                reason: format!("production runs `{other}`, not `{}`", release.tag),
                hint: otherwise(at.incident).into(),
            });
        }
        let subject = Subject { release: release.tag.clone(), previous: previous(at.incident) };
        // The deploy is on the record before its watch has ended.
        let standing = self.0.anchored(at.incident, observe(&self.0, at, &subject, |_| {})).await?;
        let evidence = evidence(&release.tag, &standing);
        Ok(match (standing.judgement.verdict, standing.judgement.outage) {
            (Verdict::Verified, _) => Outcome::Done(evidence),
            (Verdict::Bad, _) => Outcome::Bad(evidence),
            (Verdict::Blind | Verdict::Unproven, Some(outage)) => Outcome::Outage {
                cause: self.0.cause_of(&outage),
                reason: evidence.summary,
                hint: Next::wait_for("the end of the outage")
                    .then(Next::Resume)
                    .or(Next::RollBack { to: None, rung: None })
                    .or(Next::waive("watch")),
            },
            (Verdict::Blind | Verdict::Unproven, None) => {
                Outcome::Held { reason: evidence.summary, hint: Next::WatchOn.or(Next::waive("watch")) }
            }
        })
    }
}

/// Watches the release that `subject` names, and returns how that ended; `change` may adjust the
/// limits. An interrupted watch continues, on any machine.
pub async fn observe(
    tools: &Tools,
    at: &Moment<'_>,
    subject: &Subject,
    change: impl FnOnce(&mut Limits),
) -> Result<Standing, StepError> {
    let probes = configured(tools, subject)?;
    let mut limits = limits(&tools.config.watch, &probes);
    change(&mut limits);
    let (window, incident) = (limits.window.as_secs(), at.incident);
    let step = incident.current().map_or(StepName::Watch, |step| step.name);
    let name = format!("{}/{}/{step}/{}", incident.key, incident.plans.len(), subject.release);
    let keep = WatchState { store: Arc::clone(&tools.store), name, lease: None };
    let setting = Setting { probes: &probes, limits, since: since_deploy(at), keep: &keep, resume: Resume::Always };
    let standing = watch(setting, |standing| {
        at.progress.update(&format!("{} of {window} s: {}", standing.elapsed.as_secs(), summary(&standing.judgement)));
    });
    Ok(standing.await)
}

/// How long ago the last change of production started.
fn since_deploy(at: &Moment<'_>) -> Duration {
    let changes = |name: StepName| name == Deploy::STEP || name == RollBack::STEP;
    let change = at.incident.steps().rfind(|step| changes(step.name) && step.started.is_some());
    let began = change.and_then(|step| step.started).unwrap_or_else(|| at.now());
    Duration::try_from(at.now().duration_since(began)).unwrap_or_default()
}

fn previous(incident: &Incident) -> String {
    incident.detail::<Deploy>().map(|deploy| deploy.previous).unwrap_or_default()
}

/// What the journal keeps of a watch.
pub fn evidence(release: &str, standing: &Standing) -> Evidence {
    let judgement = &standing.judgement;
    let detail = Watch {
        release: release.to_owned(),
        verdict: judgement.verdict,
        requests: judgement.requests,
        errors: judgement.errors,
        p95_ms: judgement.p95.and_then(|p95| u64::try_from(p95.as_millis()).ok()),
        seconds: standing.elapsed.as_secs(),
        reasons: judgement.reasons.clone(),
        tests: judgement.tests.clone(),
        forecast: judgement.forecast,
    };
    Evidence::with(summary(judgement), &detail)
}

fn configured(tools: &Tools, subject: &Subject) -> Result<Vec<Timed>, StepError> {
    let probes = probes(&tools.config.watch.probe, &tools.project.top, subject)
        .map_err(|error| StepError::failed(error, Next::by_hand("correct it in hotfix.toml").then(Next::Resume)))?;
    if probes.iter().all(|timed| timed.is_dependency) {
        let hint = Next::configure("[[watch.probe]]").or(Next::waive("watch"));
        return Err(StepError::failed("no probe is configured, so nobody can tell whether the release is good", hint));
    }
    Ok(probes)
}

/// What runs in production, if it is not `release`.
pub async fn other_release(tools: &Tools, release: &str) -> Result<Option<String>, StepError> {
    let Some(deployer) = tools.deployer.as_deref() else { return Ok(None) };
    let current = deployer.current().await?.unwrap_or_else(|| "nothing".to_owned());
    Ok((current != release).then_some(current))
}
