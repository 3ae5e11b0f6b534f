//! Latencies in buckets that grow by a tenth, so that a watch of any length has the same size.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The upper bound of the first bucket, in seconds.
const FIRST: f64 = 0.000_1;

/// How many times as long the bound of the next bucket is.
const STEP: f64 = 1.1;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Histogram {
    buckets: BTreeMap<i32, u64>,
    total: u64,
}

impl Histogram {
    pub fn add(&mut self, latency: Duration, count: u64) {
        // The index of the bucket with the nearest bound: FIRST * STEP^bucket.
        let bucket = (latency.as_secs_f64().max(FIRST) / FIRST).ln() / STEP.ln();
        *self.buckets.entry(bucket.round() as i32).or_default() += count;
        self.total += count;
    }

    /// Adds the counts of a histogram, each request at the bound that it stayed below; requests slower
    /// than the last bound count as that bound.
    pub fn add_counts(&mut self, at_most: &[(f64, u64)], timed: u64) {
        let mut below = 0;
        for (bound, count) in at_most {
            if *count > below && bound.is_finite() {
                self.add(Duration::from_secs_f64(bound.clamp(0.0, 1e6)), count - below);
                below = *count;
            }
        }
        if let Some((last, _)) = at_most.iter().rfind(|(bound, _)| bound.is_finite())
            && timed > below
        {
            self.add(Duration::from_secs_f64(last.clamp(0.0, 1e6)), timed - below);
        }
    }

    /// The latency that `share` of the requests stayed below, within 5%; `None` without requests.
    pub fn percentile(&self, share: f64) -> Option<Duration> {
        let rank = (share * self.total as f64).ceil().max(1.0) as u64;
        let mut below = 0;
        let bucket = self.buckets.iter().find(|(_, count)| {
            below += **count;
            below >= rank
        });
        bucket.map(|(bucket, _)| Duration::from_secs_f64(FIRST * STEP.powi(*bucket)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_right_within_a_twentieth() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.percentile(0.95), None);
        for millis in 1..=1000 {
            histogram.add(Duration::from_millis(millis), 1);
        }
        let p95 = histogram.percentile(0.95).unwrap().as_secs_f64();
        assert!((p95 / 0.950 - 1.0).abs() < 0.05, "{p95}");
        assert_eq!(Histogram::default().percentile(0.5), None);
    }

    #[test]
    fn counts_go_where_their_bound_is() {
        let mut histogram = Histogram::default();
        histogram.add_counts(&[(0.1, 90), (0.25, 98), (f64::INFINITY, 100)], 100);
        let p95 = histogram.percentile(0.95).unwrap().as_secs_f64();
        assert!((p95 / 0.25 - 1.0).abs() < 0.05, "{p95}");
    }
}
