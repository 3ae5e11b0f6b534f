//! The looks of hotfix's own probes, against a limit. What fails one of them may be a blip that fails
//! its neighbours too, so looks within a short time are pooled and count as one.
//!
//! A pool's factor is linear in the share of it that failed, so its mean is right however the looks
//! depend on each other (betting on means: Waudby-Smith and Ramdas, arXiv 2010.09686). After a pool with a
//! failure there is a pause of the length of a blip, so that no blip is counted in two pools.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::limit;
use super::mixture::{Logs, Tally, plus};

/// The share of looks that may fail, and how long a blip lasts.
#[derive(Clone, Copy, Debug)]
pub struct Pooling {
    pub limit: f64,
    pub blip: Duration,
}

/// The e-process of looks that fail, or are slow.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Looks {
    /// Of the pools that have ended.
    logs: Logs,
    pool: Option<Pool>,
    /// Looks before this are ignored.
    rests_until: Duration,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Pool {
    began: Duration,
    looks: Tally,
    last_failure: Option<Duration>,
}

impl Looks {
    /// Takes a look that was made `at`.
    pub fn add(&mut self, pooling: Pooling, at: Duration, fails: bool) {
        self.settle(pooling, at);
        if self.pool.is_none() && at < self.rests_until {
            return;
        }
        let pool = self.pool.get_or_insert(Pool { began: at, looks: Tally::default(), last_failure: None });
        pool.looks += Tally { requests: 1, failures: u64::from(fails) };
        if fails {
            pool.last_failure = Some(at);
        }
    }

    /// Counts the pool if it is as long as a blip at `now`.
    pub fn settle(&mut self, pooling: Pooling, now: Duration) {
        if let Some(pool) = self.pool.take_if(|pool| now >= pool.began + pooling.blip) {
            self.logs = plus(self.logs, limit::factors_of_one(pool.looks, pooling.limit));
            self.rests_until = pool.last_failure.map_or(Duration::ZERO, |last| last + pooling.blip);
        }
    }

    /// The logarithm of the e-value for each of [`super::mixture::RATIOS`].
    pub fn logs(&self) -> Logs {
        self.logs
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::mixture::log_mean;

    const POOLING: Pooling = Pooling { limit: 0.001, blip: Duration::from_millis(500) };

    /// The e-value after looks at these milliseconds, all of them failed, one second later.
    fn failed(at: impl IntoIterator<Item = u64>) -> f64 {
        let mut looks = Looks::default();
        let mut last = 0;
        for at in at {
            looks.add(POOLING, Duration::from_millis(at), true);
            last = at;
        }
        looks.settle(POOLING, Duration::from_millis(last + 1000));
        log_mean(&looks.logs()).exp()
    }

    #[test]
    fn failures_within_a_blip_count_once_wherever_it_begins() {
        let one = failed([0]);
        assert!(one < 1000.0, "{one}");
        for begins in (0..1000).step_by(50) {
            let mut looks = Looks::default();
            for at in (0..3000).step_by(20) {
                looks.add(POOLING, Duration::from_millis(at), (begins..begins + 500).contains(&at));
            }
            assert!(log_mean(&looks.logs()).exp() <= one, "a blip after {begins} ms");
        }
        assert_eq!(failed((0..10).map(|index| index * 20)), one);
        // As before, if looks are further apart.
        assert!(failed([0, 1000]) > 10_000.0);
        assert!(failed((0..100).map(|index| index * 20)) > 10_000.0, "two seconds of it are no blip");
    }

    #[test]
    fn blips_that_the_limit_allows_for_are_seldom_an_alarm() {
        // 0.4 s of every 40, which is the limit of 1%.
        let pooling = Pooling { limit: 0.01, ..POOLING };
        let mut rng = fastrand::Rng::with_seed(1);
        let alarms = (0..1_000).filter(|_| {
            let (mut looks, mut until) = (Looks::default(), 0);
            (0..60_000).step_by(50).any(|at| {
                if at >= until && rng.u32(0..800) == 0 {
                    until = at + 400;
                }
                looks.add(pooling, Duration::from_millis(at), at < until);
                log_mean(&looks.logs()) >= 100.0_f64.ln()
            })
        });
        let alarms = alarms.count();
        assert!(alarms <= 10, "{alarms} of 1,000 at alpha 1%");
    }
}
