//! A/A replay: the past against itself, which shows how often the test would have cried wolf here.

use serde::{Deserialize, Serialize};

use super::control::{Comparison, Terms};
use super::mixture::Tally;

/// The temperings that are tried, the sharpest first.
const PHIS: [f64; 9] = [1.0, 1.25, 1.5, 2.0, 3.0, 5.0, 8.0, 12.0, 20.0];

/// The most watches that are replayed for one tempering.
const MOST: usize = 500;

/// What the replay found.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Replay {
    /// The tempering with which the false alarms are at or below alpha.
    pub phi: f64,
    pub watches: usize,
    /// False alarms among them, with that tempering.
    pub alarms: usize,
    /// The same without any tempering.
    pub untempered: usize,
}

/// Replays `history` as watches of `window` scrapes, begun all over it, each against the rest of it.
/// Takes the sharpest tempering whose share of false alarms is at most `alpha`, or the dullest.
/// `None` where the history is shorter than two windows.
///
/// Watches overlap where the history is short, and a share of at most 1 in `watches` can be told
/// apart from none: alpha itself is kept by the test where errors come alone, by this where not.
pub fn replay(history: &[Tally], window: usize, alpha: f64, tolerance: f64) -> Option<Replay> {
    if window == 0 || history.len() < 2 * window {
        return None;
    }
    let sums = sums(history);
    let starts = history.len() - window + 1;
    let stride = starts.div_ceil(MOST);
    let alarms = |phi: f64| {
        let terms = Terms { tolerance, phi };
        (0..starts).step_by(stride).filter(|start| alarms(history, &sums, *start..start + window, terms, alpha)).count()
    };
    let watches = starts.div_ceil(stride);
    let untempered = alarms(PHIS[0]);
    let mut found = Replay { phi: PHIS[0], watches, alarms: untempered, untempered };
    for phi in &PHIS[1..] {
        if found.alarms as f64 <= alpha * watches as f64 {
            break;
        }
        found = Replay { phi: *phi, alarms: alarms(*phi), ..found };
    }
    Some(found)
}

/// Whether a watch of the scrapes `watched` would have been an alarm. The others are its control,
/// in as many equal parts.
fn alarms(history: &[Tally], sums: &[Tally], watched: std::ops::Range<usize>, terms: Terms, alpha: f64) -> bool {
    let others = history.len() - watched.len();
    // Where the `index`-th of the others lies, the watched ones left out.
    let place = |index: usize| if index < watched.start { index } else { index + watched.len() };
    let between = |from: usize, to: usize| Tally {
        requests: sums[to].requests - sums[from].requests,
        failures: sums[to].failures - sums[from].failures,
    };
    let mut comparison = Comparison::default();
    for (index, scrape) in history[watched.clone()].iter().enumerate() {
        let (from, to) = (index * others / watched.len(), (index + 1) * others / watched.len());
        let mut control = between(place(from), place(to.max(1) - 1) + 1);
        if from < watched.start && to > watched.start {
            let (inside, within) = (between(watched.start, watched.end), control);
            control =
                Tally { requests: within.requests - inside.requests, failures: within.failures - inside.failures };
        }
        comparison.add(*scrape, control, terms);
        if comparison.evidence() >= -alpha.ln() {
            return true;
        }
    }
    false
}

/// The tallies of the first 0, 1, 2, ... scrapes.
fn sums(history: &[Tally]) -> Vec<Tally> {
    let mut sums = vec![Tally::default()];
    let mut sum = Tally::default();
    for scrape in history {
        sum += *scrape;
        sums.push(sum);
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_that_come_alone_need_no_tempering_and_clusters_do() {
        let scrape = |failures| Tally { requests: 250, failures };
        let steady: Vec<Tally> = (0..2_000).map(|index| scrape(u64::from(index % 4 == 0))).collect();
        let steady = replay(&steady, 60, 0.001, 1.0).unwrap();
        assert_eq!((steady.phi, steady.alarms), (1.0, 0));

        let bursts: Vec<Tally> = (0..2_000).map(|index| scrape(if index % 400 == 7 { 60 } else { 0 })).collect();
        let bursts = replay(&bursts, 60, 0.001, 1.0).unwrap();
        assert!(bursts.untempered > 0 && bursts.phi > 1.0, "{bursts:?}");
        assert!(bursts.alarms <= bursts.untempered);
    }

    #[test]
    fn a_short_history_says_nothing() {
        assert_eq!(replay(&[Tally::default(); 10], 6, 0.001, 1.0), None);
        assert_eq!(replay(&[], 0, 0.001, 1.0), None);
    }
}
