//! Is the release good? Pure: readings to VERIFIED, BAD, BLIND or UNPROVEN.
//!
//! BAD is a test that may be looked at after every reading: the chance of ever calling a release BAD
//! that is not is at most alpha. VERIFIED is a test as well: that the limits hold is shown, with a
//! chance of at most 5% of being wrong. docs/watch.md has the whole argument.

mod always;
mod control;
mod counters;
mod endless;
mod histogram;
mod judge;
mod limit;
mod looks;
mod mixture;
mod replay;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::reading::{Counts, Reading, Scrape};
use counters::{Counters, Increase};
use histogram::Histogram;
use looks::Looks;
use mixture::{Logs, plus};

pub use always::Always;
pub use control::{Comparison, Terms, Versus};
pub use counters::steps;
pub use endless::TICK;
pub use judge::Judgement;
pub use limit::{broken, still_needed, within};
pub use mixture::{Kinds, Tally};
pub use replay::{Replay, replay};

/// The share of requests that may be slower than the limit of the 95th percentile.
const SLOW: f64 = 0.05;

/// The limits of a release, and how sure a verdict has to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    pub window: Duration,
    /// How much longer to look if only the proof is missing.
    pub patience: Duration,
    /// The highest share of errors; 0 for none.
    pub error_rate: f64,
    /// The share of errors that VERIFIED rules out.
    pub certify: f64,
    pub p95: Duration,
    /// The chance of ever calling a good release BAD.
    pub alpha: f64,
    /// How many times the control's share of errors a release may have.
    pub tolerance: f64,
    /// Looks of hotfix's own probes within this time may all fail for one reason.
    pub blip: Duration,
    /// This long without a reading is BLIND.
    pub blind: Duration,
    /// Whether only an alarm ends the watch, by the always-on detector.
    pub is_endless: bool,
    /// Whether to end with the window if patience will not be enough.
    pub gives_up: bool,
    /// Whether some probe counts what old instances serve at the same time.
    pub has_control: bool,
    /// Whether some probe has counts from before the deploy.
    pub has_earlier: bool,
}

/// Where a reading comes from.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    pub name: &'a str,
    /// Whether it looks at what the release depends on, and not at the release.
    pub is_dependency: bool,
}

/// Everything that was read in one watch, small enough to be saved every second.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Watch {
    /// Requests to the release, and those that failed.
    all: Tally,
    /// Those with a known latency, and those that may have been slower than the limit.
    perhaps_slow: Tally,
    /// Requests of others: those that failed, and those that surely were slower than the limit.
    counted: Kinds<Tally>,
    /// Requests of the probes.
    looks: Kinds<Looks>,
    latencies: Histogram,
    counters: BTreeMap<String, Counters>,
    /// Against old instances that serve at the same time.
    concurrent: Versus,
    /// Against scrapes from before the deploy.
    before: Versus,
    /// Counts from before the deploy by their source, each to be used once.
    earlier: BTreeMap<String, VecDeque<Counts>>,
    replays: Kinds<Option<Replay>>,
    /// What is there besides the release: the control, and the dependencies.
    beside: BTreeMap<String, Beside>,
    /// Probes that have no reading at the moment.
    gaps: BTreeMap<String, Gap>,
    last_error: Option<String>,
    last_reading: Duration,
    /// When a test that can't tell the release from its surroundings first said BAD.
    suspected: Option<Duration>,
    /// The always-on detectors of errors and of slow answers, and what they have taken so far.
    always: Kinds<Always>,
    ticked: Kinds<Logs>,
}

/// What fails beside the release is not its fault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Beside {
    tally: Tally,
    last_reading: Duration,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Gap {
    since: Duration,
    why: String,
}

/// The name of the control among what is beside the release.
const CONTROL: &str = "what ran before";

impl Watch {
    /// A watch that waits for a look at each of `dependencies` before it blames the release.
    pub fn new<'a>(dependencies: impl IntoIterator<Item = &'a str>) -> Watch {
        let beside = dependencies.into_iter().map(|name| (name.to_owned(), Beside::default()));
        Watch { beside: beside.collect(), ..Watch::default() }
    }

    /// Takes the counts of a source from before the deploy, oldest first, one for each scrape that the
    /// watch will have, and the results of their replay. Only the first past of a source counts.
    pub fn remember(&mut self, source: &str, earlier: Vec<Counts>, replays: Kinds<Option<Replay>>) {
        if self.earlier.contains_key(source) {
            return;
        }
        self.earlier.insert(source.to_owned(), earlier.into());
        // The largest tempering is right for every source: it only makes a test slower.
        let larger = |known: Option<Replay>, new: Option<Replay>| match (known, new) {
            (Some(known), Some(new)) => Some(if known.phi >= new.phi { known } else { new }),
            (known, new) => known.or(new),
        };
        self.replays = Kinds {
            errors: larger(self.replays.errors, replays.errors),
            latency: larger(self.replays.latency, replays.latency),
        };
    }

    /// The results of the replays; `None` without a past.
    pub fn replays(&self) -> Kinds<Option<Replay>> {
        self.replays
    }

    /// Continues `elapsed` after the start. The time in which nobody looked does not count as blind.
    pub fn resume(&mut self, elapsed: Duration) {
        self.last_reading = elapsed;
        self.gaps.clear();
    }

    /// Takes a reading made `at` after the watch started. `since` is how long ago the deploy started.
    pub fn add(&mut self, limits: &Limits, source: Source<'_>, at: Duration, since: Duration, reading: Reading) {
        if let Reading::None { why } = reading {
            let gap = self.gaps.entry(source.name.to_owned()).or_insert(Gap { since: at, why: String::new() });
            gap.why = why;
            return;
        }
        self.gaps.remove(source.name);
        let (one, latency) = match reading {
            Reading::Scraped(scrape) => return self.add_scrape(limits, source, at, since, &scrape),
            Reading::Error { latency, why } => {
                if !source.is_dependency {
                    self.last_error = Some(why);
                }
                (Tally { requests: 1, failures: 1 }, latency)
            }
            Reading::Good { latency } => (Tally { requests: 1, failures: 0 }, latency),
            Reading::None { .. } => return,
        };
        if source.is_dependency {
            return self.add_beside(source.name, one, at);
        }
        self.last_reading = at;
        self.all += one;
        let pooling = limits.looks();
        self.looks.errors.add(pooling.errors, at, one.failures > 0);
        if let Some(latency) = latency {
            let is_slow = latency > limits.p95;
            self.looks.latency.add(pooling.latency, at, is_slow);
            self.perhaps_slow += Tally { requests: 1, failures: u64::from(is_slow) };
            self.latencies.add(latency, 1);
        }
    }

    fn add_scrape(&mut self, limits: &Limits, source: Source<'_>, at: Duration, since: Duration, scrape: &Scrape) {
        let counters = self.counters.entry(source.name.to_owned()).or_default();
        let Increase { release, control } = counters.take(scrape, since.as_secs_f64());
        if source.is_dependency {
            return self.add_beside(source.name, errors(&release), at);
        }
        self.last_reading = at;
        let terms = self.phis().map(|phi| Terms { tolerance: limits.tolerance, phi });
        match control {
            Some(control) => {
                self.add_beside(CONTROL, errors(&control), at);
                self.concurrent.add(&release, &control, terms.errors, terms.latency);
            }
            // The last old instance is gone; waiting for it would never end.
            None => drop(self.beside.remove(CONTROL)),
        }
        self.all += errors(&release);
        self.counted.errors += errors(&release);
        self.add_latencies(limits, &release);
        // A scrape without requests shows nothing, so it uses up nothing of the past.
        if release.requests > 0
            && let Some(earlier) = self.earlier.get_mut(source.name).and_then(VecDeque::pop_front)
        {
            self.before.add(&release, &earlier, terms.errors, terms.latency);
        }
    }

    /// A histogram does not show what lies between two bounds: BAD uses the bound above the limit,
    /// VERIFIED the one below it. Both err on the careful side.
    fn add_latencies(&mut self, limits: &Limits, counts: &Counts) {
        let limit = limits.p95.as_secs_f64();
        let slower = |bound: Option<&(f64, u64)>| {
            let slower = bound.map_or(counts.timed, |(_, faster)| counts.timed.saturating_sub(*faster));
            Tally { requests: counts.timed, failures: slower }
        };
        if let Some(above) = counts.at_most.iter().find(|(bound, _)| *bound >= limit) {
            self.counted.latency += slower(Some(above));
        }
        self.perhaps_slow += slower(counts.at_most.iter().rfind(|(bound, _)| *bound <= limit));
        self.latencies.add_counts(&counts.at_most, counts.timed);
    }

    fn add_beside(&mut self, name: &str, tally: Tally, at: Duration) {
        let beside = self.beside.entry(name.to_owned()).or_default();
        beside.tally += tally;
        beside.last_reading = at;
    }

    /// The logarithms of the e-values against the limits.
    fn against_limits(&self, limits: &Limits) -> Kinds<Logs> {
        let Kinds { errors, latency } = limits.looks();
        // Different requests, one limit: the product of the two e-values is an e-value.
        Kinds {
            errors: plus(limit::factors(self.counted.errors, errors.limit), self.looks.errors.logs()),
            latency: plus(limit::factors(self.counted.latency, latency.limit), self.looks.latency.logs()),
        }
    }

    /// The tempering that the past asks for; 1 without a past.
    fn phis(&self) -> Kinds<f64> {
        self.replays.map(|replay| replay.map_or(1.0, |replay| replay.phi))
    }
}

impl Limits {
    /// How looks of hotfix's own probes are pooled. A blip is at most a tenth of the window.
    fn looks(&self) -> Kinds<looks::Pooling> {
        let blip = self.blip.min(self.window / 10);
        Kinds { errors: self.error_rate, latency: SLOW }.map(|limit| looks::Pooling { limit, blip })
    }
}

fn errors(counts: &Counts) -> Tally {
    Tally { requests: counts.requests, failures: counts.errors }
}
