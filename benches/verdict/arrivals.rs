//! Requests that fail by chance, and what the simulations have in common.

use fastrand::Rng;
use hotfix::verdict::{Tally, Terms};

/// Seconds between two scrapes.
pub const EVERY: u64 = 5;
pub const ALPHA: f64 = 0.001;
/// The scrapes of a watch of 30 minutes.
pub const WATCH: u64 = 30 * 60 / EVERY;
/// The share of errors before the deploy.
pub const BASELINE: f64 = 0.001;
/// Requests a second, as in the tables.
pub const RATES: [u64; 3] = [50, 5, 1];
pub const TERMS: Terms = Terms { tolerance: 1.0, phi: 1.0 };

/// How many of `trials` with the chance `share` happen: by the gaps between them, or, where those are
/// very many, by the normal distribution.
pub fn binomial(rng: &mut Rng, trials: u64, share: f64) -> u64 {
    if share <= 0.0 {
        return 0;
    }
    if share > 0.5 {
        return trials - binomial(rng, trials, 1.0 - share);
    }
    let mean = trials as f64 * share;
    if mean > 1_000.0 {
        let normal = (-2.0 * (1.0 - rng.f64()).ln()).sqrt() * (std::f64::consts::TAU * rng.f64()).cos();
        return ((mean + normal * (mean * (1.0 - share)).sqrt()).round().max(0.0) as u64).min(trials);
    }
    let scale = (1.0 - share).ln();
    let (mut at, mut happened) = (0.0, 0);
    loop {
        at += ((1.0 - rng.f64()).ln() / scale).floor() + 1.0;
        if at > trials as f64 {
            return happened;
        }
        happened += 1;
    }
}

/// A scrape of `requests`, of which each fails with the chance `share`.
pub fn scrape(rng: &mut Rng, requests: u64, share: f64) -> Tally {
    Tally { requests, failures: binomial(rng, requests, share) }
}

/// `median/p95` of the seconds, or the share of runs that was caught where that is under 95%.
pub fn summary(mut seconds: Vec<u64>, runs: usize) -> String {
    if seconds.len() * 100 < runs * 95 {
        return format!("{:.1}% caught", 100.0 * seconds.len() as f64 / runs as f64);
    }
    seconds.sort_unstable();
    let rank = |share: f64| seconds[(share * seconds.len() as f64).ceil() as usize - 1];
    format!("{}/{}", rank(0.5), rank(0.95))
}
