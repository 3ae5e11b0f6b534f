//! Failures against an absolute limit: is it shown to be exceeded, or shown to hold?
//!
//! Both are e-processes of Bernoulli trials, so they may be looked at after every request (Ville's
//! inequality). They depend on the totals only.

use super::mixture::{Logs, RATIOS, Tally, log_mean};

/// The alternatives of [`within`], as shares of the limit, with their weights. Half of the weight is
/// on "never", since that is what most good releases show.
const BETTER: [(f64, f64); 4] = [(0.0, 1.0 / 2.0), (0.1, 1.0 / 6.0), (0.25, 1.0 / 6.0), (0.5, 1.0 / 6.0)];

/// The most requests of a forecast.
const FAR: u64 = 1 << 40;

/// The logarithms of the e-values of `tally` against "a request fails with at most the chance
/// `limit`", one for each of [`RATIOS`]: x ln r + (n - x) ln((1 - rL) / (1 - L)). An alternative
/// above (1 + L) / 2 is lowered to that: no chance may reach 1. A limit of 0 is taken as 1 in 10,000.
pub fn factors(tally: Tally, limit: f64) -> Logs {
    let (failures, successes) = (tally.failures as f64, tally.requests.saturating_sub(tally.failures) as f64);
    RATIOS.map(|ratio| {
        let (failure, success) = one(ratio, limit);
        failures * failure.ln() + successes * success.ln()
    })
}

/// The same if the requests of `tally` may all fail for one reason: they count as one request that
/// failed by their share.
pub fn factors_of_one(tally: Tally, limit: f64) -> Logs {
    let share = tally.failures as f64 / (tally.requests as f64).max(1.0);
    RATIOS.map(|ratio| {
        let (failure, success) = one(ratio, limit);
        (share * failure + (1.0 - share) * success).ln()
    })
}

/// The e-values of a failure and of a success.
fn one(ratio: f64, limit: f64) -> (f64, f64) {
    let limit = limit.clamp(1e-4, 0.95);
    let worse = (ratio * limit).min((1.0 + limit) / 2.0);
    (worse / limit, (1.0 - worse) / (1.0 - limit))
}

/// The logarithm of the e-value against "a request fails with at most the chance `limit`", tempered
/// by `phi`, at least 1, for failures in clusters.
pub fn broken(tally: Tally, limit: f64, phi: f64) -> f64 {
    log_mean(&factors(tally, limit).map(|log| log / phi))
}

/// The logarithm of the e-value against "a request fails with at least the chance `limit`".
pub fn within(tally: Tally, limit: f64) -> f64 {
    within_real(tally.failures as f64, tally.requests as f64, limit)
}

/// How many more requests, failing as often as the ones before, bring [`within`] to `goal`; `None`
/// where no number does.
pub fn still_needed(tally: Tally, limit: f64, goal: f64) -> Option<u64> {
    let share = if tally.requests == 0 { 0.0 } else { tally.failures as f64 / tally.requests as f64 };
    let after = |more: u64| {
        let more = more as f64;
        within_real(tally.failures as f64 + share * more, tally.requests as f64 + more, limit)
    };
    if after(0) >= goal {
        return Some(0);
    }
    // `after` is convex (the log of a mean of exponentials), so it passes the goal only once.
    let mut enough = 1;
    while after(enough) < goal {
        enough *= 2;
        if enough > FAR {
            return None;
        }
    }
    let mut too_few = enough / 2;
    while enough - too_few > 1 {
        let middle = too_few + (enough - too_few) / 2;
        if after(middle) >= goal { enough = middle } else { too_few = middle }
    }
    Some(enough)
}

fn within_real(failures: f64, requests: f64, limit: f64) -> f64 {
    let limit = limit.clamp(1e-9, 0.999);
    let logs = BETTER.map(|(share, weight)| {
        // 0 ln 0 is 0 here: "never" fits a tally without a failure.
        let failed = if failures == 0.0 { 0.0 } else { failures * share.ln() };
        let rest = (requests - failures).max(0.0) * ((1.0 - share * limit) / (1.0 - limit)).ln();
        // The mean below divides by the number of alternatives; times it, the weights add up to 1.
        failed + rest + (weight * BETTER.len() as f64).ln()
    });
    log_mean(&logs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(failures: u64, requests: u64) -> Tally {
        Tally { requests, failures }
    }

    #[test]
    fn a_limit_of_one_in_a_thousand_takes_about_3300_good_requests_to_show() {
        let goal = 20.0_f64.ln();
        let needed = still_needed(Tally::default(), 0.001, goal).unwrap();
        assert!((3_250..3_400).contains(&needed), "{needed}");
        assert!(within(tally(0, needed), 0.001) >= goal && within(tally(0, needed - 1), 0.001) < goal);
        assert_eq!(still_needed(tally(0, needed), 0.001, goal), Some(0));
    }

    #[test]
    fn what_fails_as_often_as_it_may_is_never_shown_to_hold() {
        for (failures, requests) in [(1, 1000), (1, 1), (5, 1000)] {
            assert_eq!(still_needed(tally(failures, requests), 0.001, 20.0_f64.ln()), None);
        }
    }

    #[test]
    fn three_errors_in_ten_requests_break_a_limit_of_one_in_a_thousand() {
        assert!(broken(tally(3, 10), 0.001, 1.0) > 1000.0_f64.ln());
        assert!(broken(tally(0, 1_000_000), 0.001, 1.0) <= 0.0);
        assert!(broken(tally(3, 10), 0.001, 2.0) < broken(tally(3, 10), 0.001, 1.0));
    }
}
