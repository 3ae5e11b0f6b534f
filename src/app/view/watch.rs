//! A watch: its state, about once a second, and how it ended.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::verdict::{Forecast, Test, Verdict};
use crate::watch::{Replay, Standing};

/// The state of a watch; the last line says how it ended.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct WatchView {
    /// How long it was watched.
    pub seconds: u64,
    /// How many seconds it had been watched when it continued after a crash; null if it did not.
    pub went_on: Option<u64>,
    pub verdict: Verdict,
    /// Whether looking longer would not change the verdict.
    #[serde(rename = "final")]
    pub is_final: bool,
    pub requests: u64,
    pub errors: u64,
    /// The 95th percentile of the latency, in milliseconds; null if no latency is known.
    pub p95_ms: Option<u64>,
    /// What VERIFIED still needs; null if it needs nothing more, or if no number of requests is enough.
    pub forecast: Option<Forecast>,
    /// What fails as well, if the release is not to blame.
    pub outage: Option<String>,
    pub reasons: Vec<String>,
    /// The tests behind the verdict.
    pub tests: Vec<Test>,
    /// What the replay of the past showed of errors; null if there was none.
    pub replay: Option<Replay>,
    /// The same of latency.
    pub replay_latency: Option<Replay>,
    /// The incident that was declared, or that was open for the same cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incident: Option<String>,
}

impl WatchView {
    pub fn of(standing: &Standing) -> WatchView {
        let judgement = &standing.judgement;
        WatchView {
            seconds: standing.elapsed.as_secs(),
            went_on: standing.resumed_after.map(|before| before.as_secs()),
            verdict: judgement.verdict,
            is_final: judgement.is_final,
            requests: judgement.requests,
            errors: judgement.errors,
            p95_ms: judgement.p95.map(|p95| p95.as_millis() as u64),
            forecast: judgement.forecast,
            outage: judgement.outage.clone(),
            reasons: judgement.reasons.clone(),
            tests: judgement.tests.clone(),
            replay: standing.replays.errors,
            replay_latency: standing.replays.latency,
            incident: None,
        }
    }

    /// The same with the incident that was declared for it.
    #[must_use]
    pub fn declared(self, id: &str) -> WatchView {
        WatchView { incident: Some(id.to_owned()), ..self }
    }
}
