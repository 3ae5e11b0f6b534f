//! The release against a control: old instances that serve beside it, or earlier scrapes.
//!
//! Given the failures of a scrape, "the release is no worse" makes its share of them at most
//! hypergeometric; Hoeffding (1963) bounds that by the binomial, and Ville's inequality lets the
//! product be looked at after every scrape. The Poisson form is Lindon and Malek, NeurIPS 2022
//! (arXiv 2011.03567).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::mixture::{Logs, RATIOS, Tally, log_mean};
use crate::domain::reading::Counts;

/// The e-process of one kind of failure.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The logarithm of the e-value for each of [`RATIOS`].
    logs: Logs,
}

/// How a comparison is made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Terms {
    /// How many times as often as the control the release may fail.
    pub tolerance: f64,
    /// Tempers each factor to E^(1/phi), for failures that come in clusters; at least 1.
    pub phi: f64,
}

/// Errors and latency of the release against one control.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Versus {
    errors: Comparison,
    /// By the bound in microseconds.
    slower: BTreeMap<u64, Comparison>,
}

/// The logarithms of the e-values of one scrape against "the release fails at most `tolerance` times
/// as often as the control": x1 ln R - K (ln(1 - q + qR) - ln(1 - q + q tolerance)), with R the
/// ratio times the tolerance, q the release's share of the requests, and K all failures.
pub fn factors(release: Tally, control: Tally, tolerance: f64) -> Logs {
    let requests = release.requests + control.requests;
    if requests == 0 {
        return Logs::default();
    }
    let share = release.requests as f64 / requests as f64;
    let failures = (release.failures + control.failures) as f64;
    let none = (1.0 - share + share * tolerance).ln();
    RATIOS.map(|ratio| {
        let some = (1.0 - share + share * tolerance * ratio).ln();
        release.failures as f64 * ratio.ln() - failures * (some - none)
    })
}

impl Comparison {
    pub fn add(&mut self, release: Tally, control: Tally, terms: Terms) {
        let factors = factors(release, control, terms.tolerance);
        for (log, factor) in self.logs.iter_mut().zip(factors) {
            // E^(1/phi) has a mean of at most 1 too, since phi is at least 1 (Jensen's inequality).
            *log += factor / terms.phi;
        }
    }

    /// The logarithm of the e-value so far.
    pub fn evidence(&self) -> f64 {
        log_mean(&self.logs)
    }
}

impl Versus {
    /// Takes the counts of one scrape. A latency bound that only one side has is ignored.
    pub fn add(&mut self, release: &Counts, control: &Counts, errors: Terms, latency: Terms) {
        let tally = |counts: &Counts| Tally { requests: counts.requests, failures: counts.errors };
        self.errors.add(tally(release), tally(control), errors);
        for (bound, _) in &release.at_most {
            let (Some(ours), Some(theirs)) = (release.slower(*bound), control.slower(*bound)) else { continue };
            let micros = (bound * 1e6) as u64;
            let of = |counts: &Counts, failures| Tally { requests: counts.timed, failures };
            self.slower.entry(micros).or_default().add(of(release, ours), of(control, theirs), latency);
        }
    }

    /// The logarithm of the e-value for more errors.
    pub fn errors(&self) -> f64 {
        self.errors.evidence()
    }

    /// The logarithm of the e-value for slower answers: the mean over all bounds, which costs the
    /// logarithm of their number and is right whichever of them moves.
    pub fn latency(&self) -> f64 {
        let logs: Vec<f64> = self.slower.values().map(Comparison::evidence).collect();
        if logs.is_empty() { 0.0 } else { log_mean(&logs) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TERMS: Terms = Terms { tolerance: 1.0, phi: 1.0 };

    fn tally(failures: u64, requests: u64) -> Tally {
        Tally { requests, failures }
    }

    #[test]
    fn an_outage_of_both_speaks_for_nothing_and_one_of_the_release_for_much() {
        let mut both = Comparison::default();
        both.add(tally(500, 500), tally(500, 500), TERMS);
        assert!(both.evidence() < 0.0);

        let mut release = Comparison::default();
        release.add(tally(13, 250), tally(0, 250), TERMS);
        assert!(release.evidence() > 1000.0_f64.ln());
        let mut tolerated = Comparison::default();
        tolerated.add(tally(13, 250), tally(5, 250), Terms { tolerance: 3.0, ..TERMS });
        assert!(tolerated.evidence() < 0.5, "2.6 times as many of 3 that are tolerated");
    }

    proptest! {
        /// Given all failures of a scrape, the mean of each factor over the ways in which they can
        /// fall on the two sides is at most 1: what the whole argument rests on.
        #[test]
        fn the_mean_of_a_factor_is_at_most_one(release in 1u64..40, control in 0u64..40, failures in 0u64..20) {
            let all = release + control;
            let failures = failures.min(all);
            let choose = |n: u64, k: u64| (0..k).map(|i| ((n - i) as f64).ln() - ((i + 1) as f64).ln()).sum::<f64>();
            for index in 0..RATIOS.len() {
                let mean: f64 = (failures.saturating_sub(control)..=failures.min(release))
                    .map(|ours| {
                        let chance = choose(release, ours) + choose(control, failures - ours) - choose(all, failures);
                        let factors = factors(tally(ours, release), tally(failures - ours, control), 1.0);
                        (chance + factors[index]).exp()
                    })
                    .sum();
                prop_assert!(mean <= 1.0 + 1e-9, "{mean} at ratio {}", RATIOS[index]);
            }
        }
    }
}
