//! Watches the release in production until it is VERIFIED or BAD.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;

use super::{Tools, needed};
use crate::domain::evidence::Evidence;
use crate::domain::step::{Release, Watch};
use crate::domain::verdict::Verdict;
use crate::verdict::{Judgement, Limits};
use crate::watch::{Timed, limits, probes, watch, words};
use crate::workflow::step::{Action, Moment, Outcome, Progress, Step, StepError, Undo};

pub struct WatchRelease(pub Arc<Tools>);

#[async_trait]
impl Step for WatchRelease {
    fn name(&self) -> &'static str {
        "watch"
    }

    async fn actions(&self, _: &Moment<'_>) -> Result<Vec<Action>, StepError> {
        let config = &self.0.config.watch;
        let seconds = config.window.0.as_secs();
        Ok(config.probe.iter().map(|probe| Action::new("watch", format!("{} for {seconds} s", probe.name))).collect())
    }

    async fn run(&self, at: &Moment<'_>) -> Result<Outcome, StepError> {
        let release: Release = needed(at.incident)?;
        if at.incident.is_waived("watch") {
            return Ok(Outcome::Skipped("waived".to_owned()));
        }
        if let Some(other) = other_release(&self.0, &release.tag).await? {
            return Ok(Outcome::Held {
                reason: format!("production runs `{other}`, not `{}`", release.tag),
                hint: "hotfix decide --strategy B".to_owned(),
            });
        }
        let (evidence, verdict) = observe(&self.0, &release.tag, &limits(&self.0.config.watch), at.progress).await?;
        Ok(match verdict {
            Verdict::Verified => Outcome::Done(evidence),
            Verdict::Bad => Outcome::Bad(evidence),
            Verdict::Blind | Verdict::Unproven => Outcome::Held {
                reason: evidence.summary,
                hint: "`hotfix resume` to watch on, or `hotfix waive watch --reason ...`".to_owned(),
            },
        })
    }

    async fn verify(&self, _: &Moment<'_>) -> Result<Option<Evidence>, StepError> {
        Ok(None)
    }

    async fn undo(&self, _: &Moment<'_>) -> Result<Undo, StepError> {
        Ok(Undo::Nothing("it only looked".to_owned()))
    }
}

/// Watches `release` and returns the evidence with the verdict.
pub async fn observe(
    tools: &Tools,
    release: &str,
    limits: &Limits,
    progress: &dyn Progress,
) -> Result<(Evidence, Verdict), StepError> {
    let probes = configured(tools)?;
    let start = Instant::now();
    let window = limits.window.as_secs();
    let judgement = watch(&probes, limits, |judgement, elapsed| {
        progress.update(&format!("{} of {window} s: {}", elapsed.as_secs(), words(judgement)));
    })
    .await;
    let evidence = Evidence::with(words(&judgement), &detail(release, &judgement, start.elapsed().as_secs()));
    Ok((evidence, judgement.verdict))
}

fn detail(release: &str, judgement: &Judgement, seconds: u64) -> Watch {
    Watch {
        release: release.to_owned(),
        verdict: judgement.verdict,
        requests: judgement.requests,
        errors: judgement.errors,
        p95_ms: judgement.p95.and_then(|p95| u64::try_from(p95.as_millis()).ok()),
        seconds,
        reasons: judgement.reasons.clone(),
    }
}

fn configured(tools: &Tools) -> Result<Vec<Timed>, StepError> {
    let probes = probes(&tools.config.watch.probe, &tools.project.top)
        .map_err(|error| StepError::failed(error, "correct it in hotfix.toml, then `hotfix resume`"))?;
    if probes.is_empty() {
        let hint = "add a [[watch.probe]] to hotfix.toml, or `hotfix waive watch --reason ...`";
        return Err(StepError::failed("no probe is configured, so nobody can tell whether the release is good", hint));
    }
    Ok(probes)
}

/// What runs in production, where it is not `release`.
pub async fn other_release(tools: &Tools, release: &str) -> Result<Option<String>, StepError> {
    let Some(deployer) = tools.deployer.as_deref() else { return Ok(None) };
    let current = deployer.current().await?.unwrap_or_else(|| "nothing".to_owned());
    Ok((current != release).then_some(current))
}
