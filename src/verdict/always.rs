//! The always-on detector: there is no deploy to compare with, and no last look.
//!
//! The Shiryaev-Roberts e-detector of Shin, Ramdas and Rinaldo (arXiv 2203.03532): the sum of
//! one e-process started at every scrape so far. The mean number of scrapes between two false alarms is
//! at least the threshold.

use serde::{Deserialize, Serialize};

use super::control::Terms;
use super::mixture::{Logs, Tally, log_mean};
use super::{control, limit};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Always {
    /// The logarithm of the detector plus one, for each ratio: ln(1 + SR), 0 at the start.
    logs: Logs,
}

impl Always {
    /// Takes a scrape, against the most that may fail.
    pub fn add_against_limit(&mut self, scrape: Tally, limit: f64) {
        self.add(limit::factors(scrape, limit));
    }

    /// Takes a scrape, against a control of which each request is used once.
    pub fn add_against_control(&mut self, scrape: Tally, control: Tally, terms: Terms) {
        self.add(control::factors(scrape, control, terms.tolerance).map(|log| log / terms.phi));
    }

    /// Whether it is an alarm, if there may be at most one false alarm in `scrapes` scrapes on average.
    pub fn is_alarm(&self, scrapes: f64) -> bool {
        self.evidence() >= scrapes.ln()
    }

    /// The logarithm of the detector: SR_t = E_t (1 + SR_{t-1}), mixed over the ratios.
    pub fn evidence(&self) -> f64 {
        // Each log is that of 1 + SR, so the mean is one too large: ln(e^mean - 1), without overflow.
        let mean = log_mean(&self.logs);
        if mean <= 0.0 { f64::NEG_INFINITY } else { mean + (-(-mean).exp()).ln_1p() }
    }

    /// Takes the logarithms of the e-values of a scrape.
    pub fn add(&mut self, factors: Logs) {
        for (log, factor) in self.logs.iter_mut().zip(factors) {
            let detector = factor + *log;
            // ln(1 + e^detector), without overflow for a large one.
            *log = detector.max(0.0) + (-detector.abs()).exp().ln_1p();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_years_do_not_hide_a_bad_minute() {
        let month = 518_400.0;
        let mut always = Always::default();
        for scrape in 0..100_000 {
            always.add_against_limit(Tally { requests: 250, failures: u64::from(scrape % 5 == 0) }, 0.001);
        }
        assert!(!always.is_alarm(month));
        always.add_against_limit(Tally { requests: 250, failures: 13 }, 0.001);
        assert!(always.is_alarm(month));
    }
}
