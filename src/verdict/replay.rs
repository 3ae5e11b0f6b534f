//! A/A replay: the past against itself, which shows how often the test would have raised a false alarm here.

use std::ops::Range;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::control::factors;
use super::mixture::{Logs, Tally, log_mean, plus};

/// The temperings that are tried, the strictest test first.
const PHIS: [f64; 13] = [1.0, 1.25, 1.5, 2.0, 3.0, 5.0, 8.0, 12.0, 20.0, 30.0, 50.0, 100.0, 200.0];

/// The most watches that are replayed.
const MOST: usize = 500;

/// What the replay found.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Replay {
    /// The tempering with which the false alarms are at or below alpha.
    pub phi: f64,
    pub watches: usize,
    /// False alarms among them, with that tempering.
    pub alarms: usize,
    /// The same without any tempering.
    pub untempered: usize,
}

/// Replays the past as watches of `window` scrapes, started all over it, each against the rest of it.
/// `kinds` are the scrapes once for each kind of failure that a test takes the mean over: errors alone,
/// or slower than each bound. Takes the smallest tempering whose share of false alarms is at most
/// `alpha`, else the largest. `None` if the past is shorter than two windows.
///
/// Watches overlap if the past is short, and a share below 1 in `watches` can't be seen: the test itself
/// keeps alpha for independent failures, the tempering for clusters.
pub fn replay(kinds: &[Vec<Tally>], window: usize, alpha: f64, tolerance: f64) -> Option<Replay> {
    let length = kinds.iter().map(Vec::len).min()?;
    if window == 0 || length < 2 * window {
        return None;
    }
    let past: Vec<Past> = kinds.iter().map(|scrapes| Past::new(&scrapes[..length])).collect();
    let starts = length - window + 1;
    let stride = starts.div_ceil(MOST);
    let watches = starts.div_ceil(stride);
    // An alarm with one tempering is an alarm with every smaller one too.
    let mut alarms = [0; PHIS.len()];
    for start in (0..starts).step_by(stride) {
        let raised = raised(&past, start..start + window, tolerance, -alpha.ln());
        alarms[..raised].iter_mut().for_each(|alarms| *alarms += 1);
    }
    let is_kept = |index: &usize| alarms[*index] as f64 <= alpha * watches as f64;
    let found = (0..PHIS.len()).find(is_kept).unwrap_or(PHIS.len() - 1);
    Some(Replay { phi: PHIS[found], watches, alarms: alarms[found], untempered: alarms[0] })
}

/// With how many of [`PHIS`] a watch of the scrapes `watched` would have been an alarm.
fn raised(past: &[Past], watched: Range<usize>, tolerance: f64, needs: f64) -> usize {
    let mut logs = vec![Logs::default(); past.len()];
    let mut raised = 0;
    for index in 0..watched.len() {
        for (logs, kind) in logs.iter_mut().zip(past) {
            let scrape = kind.between(watched.start + index, watched.start + index + 1);
            *logs = plus(*logs, factors(scrape, kind.control(&watched, index), tolerance));
        }
        while raised < PHIS.len() && evidence(&logs, PHIS[raised], needs) >= needs {
            raised += 1;
        }
    }
    raised
}

/// The logarithm of the mean e-value, tempered; negative infinity if even the largest one is below
/// `needs`, which is all that has to be known then.
fn evidence(logs: &[Logs], phi: f64, needs: f64) -> f64 {
    let logs: Vec<f64> = logs.as_flattened().iter().map(|log| log / phi).collect();
    match logs.iter().any(|log| *log >= needs) {
        true => log_mean(&logs),
        false => f64::NEG_INFINITY,
    }
}

/// The tallies of the first 0, 1, 2, ... scrapes of one kind.
struct Past(Vec<Tally>);

impl Past {
    fn new(scrapes: &[Tally]) -> Past {
        let mut sums = vec![Tally::default()];
        let mut sum = Tally::default();
        for scrape in scrapes {
            sum += *scrape;
            sums.push(sum);
        }
        Past(sums)
    }

    fn between(&self, from: usize, to: usize) -> Tally {
        Tally {
            requests: self.0[to].requests - self.0[from].requests,
            failures: self.0[to].failures - self.0[from].failures,
        }
    }

    /// The `index`-th of as many equal parts of the other scrapes as there are watched ones.
    fn control(&self, watched: &Range<usize>, index: usize) -> Tally {
        let others = self.0.len() - 1 - watched.len();
        // Where the `index`-th scrape outside the watched ones lies.
        let place = |index: usize| if index < watched.start { index } else { index + watched.len() };
        let (from, to) = (index * others / watched.len(), (index + 1) * others / watched.len());
        let control = self.between(place(from), place(to.max(1) - 1) + 1);
        if from >= watched.start || to <= watched.start {
            return control;
        }
        let inside = self.between(watched.start, watched.end);
        Tally { requests: control.requests - inside.requests, failures: control.failures - inside.failures }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_that_come_alone_need_no_tempering_and_clusters_do() {
        let scrape = |failures| Tally { requests: 250, failures };
        let steady: Vec<Tally> = (0..2_000).map(|index| scrape(u64::from(index % 4 == 0))).collect();
        let steady = replay(&[steady], 60, 0.001, 1.0).unwrap();
        assert_eq!((steady.phi, steady.alarms), (1.0, 0));

        let bursts: Vec<Tally> = (0..2_000).map(|index| scrape(if index % 400 == 7 { 60 } else { 0 })).collect();
        let bursts = replay(&[bursts], 60, 0.001, 1.0).unwrap();
        assert!(bursts.untempered > 0 && bursts.phi > 1.0, "{bursts:?}");
        assert!(bursts.alarms <= bursts.untempered);
    }

    #[test]
    fn a_latency_that_changes_with_the_hour_is_tempered() {
        let slower = |share: f64| {
            move |index: usize| {
                let drift = 1.0 + 0.1 * (index as f64 / 1_440.0 * std::f64::consts::TAU).sin();
                Tally { requests: 3_000, failures: (3_000.0 * share * drift) as u64 }
            }
        };
        let kinds = [0.4, 0.02].map(|share| (0..1_440).map(slower(share)).collect::<Vec<_>>());
        let found = replay(&kinds, 30, 0.001, 1.0).unwrap();
        assert!(found.untempered > 0 && found.phi > 1.0, "{found:?}");
    }

    #[test]
    fn a_short_history_says_nothing() {
        assert_eq!(replay(&[vec![Tally::default(); 10]], 6, 0.001, 1.0), None);
        assert_eq!(replay(&[vec![]], 0, 0.001, 1.0), None);
        assert_eq!(replay(&[], 1, 0.001, 1.0), None);
    }
}
