//! A watch without an end: only an alarm ends it.

use std::time::Duration;

use super::{Judgement, Limits, SLOW, Watch};
use crate::domain::verdict::{Test, Verdict};

/// How often the detector takes what was read, as one scrape.
pub const TICK: Duration = Duration::from_secs(5);

/// In the mean there are at least so many ticks between two false alarms: 30 days. Each of the two
/// detectors gets twice as many, so that both together keep it.
const BETWEEN: f64 = 2.0 * 518_400.0;

impl Watch {
    /// Takes what was read since the last tick.
    pub fn tick(&mut self, limits: &Limits) {
        let now = self.against_limits(limits);
        for ((detector, now), then) in self.always.iter_mut().zip(now).zip(self.ticked) {
            detector.add(std::array::from_fn(|index| now[index] - then[index]));
        }
        self.ticked = now;
    }

    /// What the detectors say `elapsed` after the watch began.
    pub(super) fn judge_endless(&mut self, limits: &Limits, elapsed: Duration) -> Judgement {
        let shows = ["the share of errors is above the limit", "more than 5 of 100 requests are slower than the limit"];
        let alarm = shows.iter().zip(&self.always).find(|(_, detector)| detector.is_alarm(BETWEEN));
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
        let test = |(shows, detector): (&&str, &super::Always)| Test {
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
            tests: shows.iter().zip(&self.always).map(test).collect(),
            forecast: None,
            outage: self.failing_beside(limits).filter(|_| verdict == Verdict::Bad),
            is_final: verdict == Verdict::Bad,
        }
    }
}
