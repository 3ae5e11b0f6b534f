//! Watches a service: all probes at once, until the verdict is final.

use std::path::Path;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::sync::mpsc;

use crate::config;
use crate::domain::reading::Reading;
use crate::probe::{Look, Probe};
use crate::verdict::{Judgement, Limits, Watch};

/// A probe and how often it looks.
pub type Timed = (Duration, Box<dyn Look>);

/// Returns the verdict of `probes` under `limits`. `seen` is told the judgement so far and the time
/// since the beginning, about once a second.
pub async fn watch(probes: &[Timed], limits: &Limits, mut seen: impl FnMut(&Judgement, Duration)) -> Judgement {
    let start = Instant::now();
    let (send, mut receive) = mpsc::unbounded_channel::<Reading>();
    let looking = join_all(probes.iter().map(|(every, probe)| {
        let send = send.clone();
        async move {
            let mut ticks = tokio::time::interval((*every).max(Duration::from_millis(1)));
            ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                // The receiver is there for as long as this future is.
                let _ = send.send(probe.look().await);
            }
        }
    }));
    let judging = async {
        let mut watch = Watch::default();
        let mut shown = Duration::ZERO;
        let mut clock = tokio::time::interval(Duration::from_millis(50));
        loop {
            tokio::select! {
                Some(reading) = receive.recv() => watch.add(limits, start.elapsed(), reading),
                _ = clock.tick() => {}
            }
            let elapsed = start.elapsed();
            let judgement = watch.judge(limits, elapsed);
            if judgement.is_final {
                return judgement;
            }
            if elapsed >= shown {
                shown = elapsed + Duration::from_secs(1);
                seen(&judgement, elapsed);
            }
        }
    };
    tokio::select! {
        _ = looking => unreachable!("probes look for ever"),
        judgement = judging => judgement,
    }
}

/// Builds the probes of the configuration; their commands are run in `directory`. Fails, naming it,
/// where one can't be built.
pub fn probes(configured: &[Probe], directory: &Path) -> Result<Vec<Timed>, String> {
    let build = |probe: &Probe| {
        let built = probe.by.build(directory).map_err(|error| format!("probe `{}`: {error}", probe.name))?;
        Ok((probe.every.0, built))
    };
    configured.iter().map(build).collect()
}

/// The judgement on one line: `0 errors in 230 requests, p95 84 ms: VERIFIED`.
pub fn words(judgement: &Judgement) -> String {
    let p95 = judgement.p95.map_or_else(String::new, |p95| format!(", p95 {} ms", p95.as_millis()));
    let requests = judgement.requests;
    let reasons =
        if judgement.reasons.is_empty() { String::new() } else { format!(", {}", judgement.reasons.join("; ")) };
    format!("{} errors in {requests} requests{p95}: {}{reasons}", judgement.errors, judgement.verdict)
}

/// The limits of the configuration.
pub fn limits(config: &config::Watch) -> Limits {
    Limits {
        window: config.window.0,
        requests: config.requests,
        error_rate: config.error_rate,
        p95: config.p95.0,
        alpha: config.alpha,
        blind: config.blind.0,
    }
}
