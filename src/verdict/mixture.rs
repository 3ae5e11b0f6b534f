//! What the tests have in common: tallies, and the mean over alternatives.

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

/// The alternatives that the tests are averaged over: failures happen this many times as often as they
/// may. Small and large deteriorations are both found.
pub const RATIOS: [f64; 11] = [1.2, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0, 100.0, 300.0, 1000.0];

/// The logarithm of an e-value for each of [`RATIOS`].
pub type Logs = [f64; RATIOS.len()];

/// Requests, and how many of them failed, or were slow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    pub requests: u64,
    pub failures: u64,
}

/// One value for errors and one for latency: they are tested separately.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kinds<T> {
    pub errors: T,
    pub latency: T,
}

impl<T> Kinds<T> {
    pub fn map<U>(self, f: impl Fn(T) -> U) -> Kinds<U> {
        Kinds { errors: f(self.errors), latency: f(self.latency) }
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Tally) {
        self.requests += other.requests;
        self.failures += other.failures;
    }
}

/// The logarithms of the products of the e-values.
pub fn plus(left: Logs, right: Logs) -> Logs {
    std::array::from_fn(|index| left[index] + right[index])
}

/// The logarithm of the mean of e^`log` over `logs`, without overflow; negative infinity of nothing.
pub fn log_mean(logs: &[f64]) -> f64 {
    // With the largest one taken out, no exponent is above 0, so nothing overflows.
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if most == f64::NEG_INFINITY {
        return most;
    }
    let mean = logs.iter().map(|log| (log - most).exp()).sum::<f64>() / logs.len() as f64;
    most + mean.ln()
}
