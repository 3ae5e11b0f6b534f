//! Is the release good? Pure: readings to VERIFIED, BAD, BLIND or UNPROVEN.
//!
//! BAD is a test that may be looked at after every reading: the chance of ever calling a release
//! BAD that keeps the limit is at most alpha. VERIFIED is, for now, the plain limits over the whole
//! window with enough requests.

use std::time::Duration;

use crate::domain::reading::Reading;
use crate::domain::verdict::Verdict;

/// What a release has to keep.
#[derive(Clone, Debug)]
pub struct Limits {
    pub window: Duration,
    /// The fewest requests that a VERIFIED rests on.
    pub requests: u64,
    /// The highest share of errors; 0 for none.
    pub error_rate: f64,
    pub p95: Duration,
    pub alpha: f64,
    /// This long without a reading is BLIND.
    pub blind: Duration,
}

/// The readings of one watch.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    latencies: Vec<Duration>,
    errors: u64,
    slow: u64,
    last_error: Option<String>,
    last_gap: Option<String>,
    last_reading: Duration,
}

/// A verdict with what it rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    pub verdict: Verdict,
    pub requests: u64,
    pub errors: u64,
    pub p95: Option<Duration>,
    pub reasons: Vec<String>,
    /// Whether looking longer could change it.
    pub is_final: bool,
}

impl Watch {
    /// Takes a reading made `at` after the watch began.
    pub fn add(&mut self, limits: &Limits, at: Duration, reading: Reading) {
        let latency = match reading {
            Reading::None { why } => {
                self.last_gap = Some(why);
                return;
            }
            Reading::Good { latency } => latency,
            Reading::Error { latency, why } => {
                self.errors += 1;
                self.last_error = Some(why);
                latency
            }
        };
        self.last_reading = at;
        self.slow += u64::from(latency > limits.p95);
        self.latencies.push(latency);
    }

    /// What the readings say `elapsed` after the watch began.
    pub fn judge(&self, limits: &Limits, elapsed: Duration) -> Judgement {
        let requests = self.latencies.len() as u64;
        let p95 = percentile(&self.latencies, 0.95);
        let over = elapsed >= limits.window;
        let mut reasons = Vec::new();
        let mut bad = false;
        // Half of alpha for each of the two tests.
        let threshold = (2.0 / limits.alpha).ln();
        if evidence(self.errors, requests, limits.error_rate) >= threshold {
            bad = true;
            reasons.extend(self.last_error.clone().map(|why| format!("the last one: {why}")));
        }
        if evidence(self.slow, requests, 0.05) >= threshold {
            bad = true;
            reasons.push(format!(
                "{} of {requests} requests took longer than {} ms",
                self.slow,
                limits.p95.as_millis()
            ));
        }
        let quiet = elapsed.saturating_sub(self.last_reading);
        let verdict = if bad {
            Verdict::Bad
        } else if quiet >= limits.blind || (over && requests == 0) {
            reasons.push(format!("no reading for {} s", quiet.as_secs()));
            reasons.extend(self.last_gap.clone());
            Verdict::Blind
        } else if !over || requests < limits.requests {
            if requests < limits.requests {
                reasons.push(format!("{} more requests are needed", limits.requests - requests));
            }
            Verdict::Unproven
        } else if self.errors as f64 > limits.error_rate * requests as f64 {
            // Above the limit, but not so far that chance is ruled out.
            reasons.extend(self.last_error.clone().map(|why| format!("the last one: {why}")));
            Verdict::Unproven
        } else if p95.is_some_and(|p95| p95 > limits.p95) {
            reasons.push(format!("the limit of p95 is {} ms", limits.p95.as_millis()));
            Verdict::Unproven
        } else {
            Verdict::Verified
        };
        let is_final = over || verdict == Verdict::Bad || verdict == Verdict::Blind;
        Judgement { verdict, requests, errors: self.errors, p95, reasons, is_final }
    }
}

/// The logarithm of the e-value against "each request fails with at most the chance `limit`": the
/// mixture over r of x ln r + (n - x) ln((1 - rL) / (1 - L)), r times the limit below 1.
///
/// It is at most ln(1/alpha) for ever with a chance of 1 - alpha (Ville's inequality), so it may be
/// looked at after every request. A limit of 0 is taken as 1 in 10,000.
fn evidence(failures: u64, requests: u64, limit: f64) -> f64 {
    let limit = limit.clamp(1e-4, 0.9);
    let (failures, successes) = (failures as f64, (requests - failures) as f64);
    let ratios = [1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0, 100.0, 300.0, 1000.0, 3000.0];
    let logs: Vec<f64> = ratios
        .into_iter()
        .filter(|ratio| ratio * limit < 1.0)
        .map(|ratio: f64| failures * ratio.ln() + successes * ((1.0 - ratio * limit) / (1.0 - limit)).ln())
        .collect();
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if logs.is_empty() {
        return 0.0;
    }
    most + (logs.iter().map(|log| (log - most).exp()).sum::<f64>() / logs.len() as f64).ln()
}

/// The nearest-rank percentile; `None` of nothing.
fn percentile(values: &[Duration], share: f64) -> Option<Duration> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits {
            window: Duration::from_secs(60),
            requests: 20,
            error_rate: 0.001,
            p95: Duration::from_millis(200),
            alpha: 0.001,
            blind: Duration::from_secs(10),
        }
    }

    fn watch(readings: impl IntoIterator<Item = (bool, u64)>) -> Watch {
        let mut watch = Watch::default();
        for (index, (good, latency)) in readings.into_iter().enumerate() {
            let latency = Duration::from_millis(latency);
            let reading =
                if good { Reading::Good { latency } } else { Reading::Error { latency, why: "500".to_owned() } };
            watch.add(&limits(), Duration::from_millis(index as u64 * 600), reading);
        }
        watch
    }

    #[test]
    fn each_verdict() {
        let end = Duration::from_secs(60);
        let middle = Duration::from_secs(30);
        let good = |count| watch(std::iter::repeat_n((true, 10), count));
        for (what, watch, elapsed, expected) in [
            ("all good to the end", good(100), end, Verdict::Verified),
            ("all good so far", good(50), middle, Verdict::Unproven),
            ("too few", good(19), end, Verdict::Blind),
            ("nothing at all", good(0), end, Verdict::Blind),
            ("nothing for too long", good(5), middle, Verdict::Blind),
            ("every second one fails", watch((0..8).map(|i| (i % 2 == 0, 10))), Duration::from_secs(5), Verdict::Bad),
            ("one error is not yet bad", watch((0..100).map(|i| (i != 50, 10))), end, Verdict::Unproven),
            ("all slow", watch((0..30).map(|_| (true, 900))), Duration::from_secs(18), Verdict::Bad),
        ] {
            let judgement = watch.judge(&limits(), elapsed);
            assert_eq!(judgement.verdict, expected, "{what}: {judgement:?}");
        }
    }

    #[test]
    fn a_release_at_its_limit_is_called_bad_at_most_as_often_as_alpha_allows() {
        // A fixed generator: 2,000 watches of 3,000 requests with an error rate of exactly 0.1%.
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut random = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 11) as f64 / (1u64 << 53) as f64
        };
        let alarms = (0..2000)
            .filter(|_| {
                let mut errors = 0;
                (1..=3000).any(|requests| {
                    let failed = random() < 0.001;
                    errors += u64::from(failed);
                    failed && evidence(errors, requests, 0.001) >= (1.0f64 / 0.01).ln()
                })
            })
            .count();
        assert!(alarms <= 20, "{alarms} of 2,000 at alpha 1%");
        assert!(evidence(3, 10, 0.001) > (2.0f64 / 0.001).ln(), "three errors in ten requests are enough");
    }
}
