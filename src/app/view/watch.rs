//! A watch: how it stands, about once a second, and how it ended.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::verdict::{Forecast, Test, Verdict};
use crate::watch::{Replay, Standing};

/// How a watch stands; the last one says how it ended.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct WatchView {
    /// How long it was watched.
    pub seconds: u64,
    /// How many seconds it had been watched when it continued after a crash; null where it did not.
    pub went_on: Option<u64>,
    pub verdict: Verdict,
    /// Whether looking longer would not change the verdict.
    #[serde(rename = "final")]
    pub is_final: bool,
    pub requests: u64,
    pub errors: u64,
    /// The 95th percentile of the latency, in milliseconds; null where no latency is known.
    pub p95_ms: Option<u64>,
    /// What VERIFIED still needs; null where it needs nothing more, or no number of requests would do.
    pub forecast: Option<Forecast>,
    /// What fails as well, where it is not the release that is to blame.
    pub outage: Option<String>,
    pub reasons: Vec<String>,
    /// What the verdict rests on.
    pub tests: Vec<Test>,
    /// What the replay of the past showed of errors; null where there was none.
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
        let [replay, replay_latency] = standing.replays;
        WatchView {
            seconds: standing.elapsed.as_secs(),
            went_on: standing.went_on.map(|before| before.as_secs()),
            verdict: judgement.verdict,
            is_final: judgement.is_final,
            requests: judgement.requests,
            errors: judgement.errors,
            p95_ms: judgement.p95.map(|p95| p95.as_millis() as u64),
            forecast: judgement.forecast,
            outage: judgement.outage.clone(),
            reasons: judgement.reasons.clone(),
            tests: judgement.tests.clone(),
            replay,
            replay_latency,
            incident: None,
        }
    }

    /// The same with the incident that was declared for it.
    #[must_use]
    pub fn declared(self, id: &str) -> WatchView {
        WatchView { incident: Some(id.to_owned()), ..self }
    }
}
