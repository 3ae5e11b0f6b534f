//! A watch without an end: only an alarm ends it.

use std::time::Duration;

use super::mixture::Logs;
use super::{Always, Judgement, Limits, SLOW, Watch};
use crate::domain::verdict::{Test, Verdict};

/// How often the detector takes what was read, as one scrape.
pub const TICK: Duration = Duration::from_secs(5);

/// The mean number of ticks between two false alarms is at least 30 days. Each of the two detectors
/// gets twice that, so that both together keep it.
const BETWEEN: f64 = 2.0 * 518_400.0;

impl Watch {
    /// Takes what was read since the last tick.
    pub fn tick(&mut self, limits: &Limits) {
        let now = self.against_limits(limits);
        // The logarithms are sums over all readings, so the difference is the part of this tick.
        let grown = |now: Logs, then: Logs| std::array::from_fn(|index| now[index] - then[index]);
        self.always.errors.add(grown(now.errors, self.ticked.errors));
        self.always.latency.add(grown(now.latency, self.ticked.latency));
        self.ticked = now;
    }

    /// The judgement of the detectors `elapsed` after the start.
    pub(super) fn judge_endless(&mut self, limits: &Limits, elapsed: Duration) -> Judgement {
        let detectors = [
            ("the share of errors is above the limit", &self.always.errors),
            ("more than 5 of 100 requests are slower than the limit", &self.always.latency),
        ];
        let alarm = detectors.iter().find(|(_, detector)| detector.is_alarm(BETWEEN));
        let mut reasons: Vec<String> = alarm.iter().map(|(shows, _)| shows.to_string()).collect();
        if alarm.is_some() {
            reasons.extend(self.last_error.iter().map(|why| format!("the last one: {why}")));
        }
        let quiet = elapsed.saturating_sub(self.last_reading);
        let verdict = match alarm {
            Some(_) => Verdict::Bad,
            None if quiet >= limits.blind => Verdict::Blind,
            None => Verdict::Unproven,
        };
        if verdict == Verdict::Blind {
            reasons.push(format!("no reading for {} s", quiet.as_secs()));
        }
        let test = |(shows, detector): (&str, &Always)| Test {
            shows: shows.to_string(),
            e_value: detector.evidence().min(690.0).exp(),
            needs: BETWEEN,
        };
        Judgement {
            verdict,
            requests: self.all.requests,
            errors: self.all.failures,
            p95: self.latencies.percentile(1.0 - SLOW),
            reasons: reasons.into_iter().chain(self.gap_reasons(limits, elapsed, verdict == Verdict::Blind)).collect(),
            tests: detectors.into_iter().map(test).collect(),
            forecast: None,
            outage: self.failing_beside(limits).filter(|_| verdict == Verdict::Bad),
            is_final: verdict == Verdict::Bad,
        }
    }
}
