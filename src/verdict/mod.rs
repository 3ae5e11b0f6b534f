//! Is the release good? Pure: readings to VERIFIED, BAD, BLIND or UNPROVEN.
//!
//! BAD is a test that may be looked at after every reading: the chance of ever calling a release BAD
//! that is none is at most alpha. VERIFIED is a test as well: that the limits hold is shown, with a
//! chance of at most 5% of being wrong, or it is not said. docs/watch.md has the whole argument.

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
pub use mixture::Tally;
pub use replay::{Replay, replay};

/// The share of requests that may be slower than the limit of the 95th percentile.
const SLOW: f64 = 0.05;

/// What a release has to keep, and how it is told.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    pub window: Duration,
    /// How much longer to look where only the proof is missing.
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
    /// Own looks that lie closer together than this may all fail for one reason.
    pub blip: Duration,
    /// This long without a reading is BLIND.
    pub blind: Duration,
    /// Whether only an alarm ends the watch, by the always-on detector.
    pub is_endless: bool,
    /// Whether to end with the window where patience will not do.
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

/// Everything that was read in one watch, kept small enough to be written down every second.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Watch {
    /// Requests to the release, and those that failed.
    all: Tally,
    /// Those with a known latency, and those that may have been slower than the limit.
    perhaps_slow: Tally,
    /// Those that others sent, which failed, and which surely were slower than the limit.
    counted: [Tally; 2],
    /// Those that the probes sent, likewise.
    looks: [Looks; 2],
    latencies: Histogram,
    counters: BTreeMap<String, Counters>,
    /// Against old instances that serve at the same time.
    concurrent: Versus,
    /// Against scrapes from before the deploy.
    before: Versus,
    /// Counts from before the deploy by their source, each to be used once.
    earlier: BTreeMap<String, VecDeque<Counts>>,
    /// Of errors, and of latency.
    replays: [Option<Replay>; 2],
    /// What is there besides the release: the control, and the dependencies.
    beside: BTreeMap<String, Beside>,
    /// Probes that see nothing right now.
    gaps: BTreeMap<String, Gap>,
    last_error: Option<String>,
    last_reading: Duration,
    /// When a test that can't tell the release from its surroundings first said BAD.
    suspected: Option<Duration>,
    /// The always-on detectors of errors and of slow answers, and what they have taken so far.
    always: [Always; 2],
    ticked: [Logs; 2],
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

    /// Gives it counts of a source from before the deploy, oldest first, as many as the watch will
    /// have scrapes, and what their replay showed. A source has only one past.
    pub fn remember(&mut self, source: &str, earlier: Vec<Counts>, replays: [Option<Replay>; 2]) {
        if self.earlier.contains_key(source) {
            return;
        }
        self.earlier.insert(source.to_owned(), earlier.into());
        let dullest = |a: Replay, b: Replay| if a.phi >= b.phi { a } else { b };
        for (known, new) in self.replays.iter_mut().zip(replays) {
            *known = match (*known, new) {
                (Some(known), Some(new)) => Some(dullest(known, new)),
                (known, new) => known.or(new),
            };
        }
    }

    /// What the replays of errors and of latency showed, where there were any.
    pub fn replays(&self) -> [Option<Replay>; 2] {
        self.replays
    }

    /// Goes on `elapsed` after the beginning: that nobody looked meanwhile makes it not blind.
    pub fn go_on(&mut self, elapsed: Duration) {
        self.last_reading = elapsed;
        self.gaps.clear();
    }

    /// Takes a reading made `at` after the watch began. `since` is how long ago the deploy began.
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
        let [errors, slow] = limits.looks();
        self.looks[0].add(errors, at, one.failures > 0);
        if let Some(latency) = latency {
            let is_slow = latency > limits.p95;
            self.looks[1].add(slow, at, is_slow);
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
        let [errors_terms, latency_terms] = self.phis().map(|phi| Terms { tolerance: limits.tolerance, phi });
        match control {
            Some(control) => {
                self.add_beside(CONTROL, errors(&control), at);
                self.concurrent.add(&release, &control, errors_terms, latency_terms);
            }
            // The last old instance is gone, and is not waited for.
            None => drop(self.beside.remove(CONTROL)),
        }
        self.all += errors(&release);
        self.counted[0] += errors(&release);
        self.add_latencies(limits, &release);
        // The counters of a quiet service use up nothing of the past.
        if release.requests > 0
            && let Some(earlier) = self.earlier.get_mut(source.name).and_then(VecDeque::pop_front)
        {
            self.before.add(&release, &earlier, errors_terms, latency_terms);
        }
    }

    /// Between two bounds of a histogram nobody knows: BAD takes the one above the limit, VERIFIED
    /// the one below it.
    fn add_latencies(&mut self, limits: &Limits, counts: &Counts) {
        let limit = limits.p95.as_secs_f64();
        let slower = |bound: Option<&(f64, u64)>| {
            let slower = bound.map_or(counts.timed, |(_, faster)| counts.timed.saturating_sub(*faster));
            Tally { requests: counts.timed, failures: slower }
        };
        if let Some(above) = counts.at_most.iter().find(|(bound, _)| *bound >= limit) {
            self.counted[1] += slower(Some(above));
        }
        self.perhaps_slow += slower(counts.at_most.iter().rfind(|(bound, _)| *bound <= limit));
        self.latencies.add_counts(&counts.at_most, counts.timed);
    }

    fn add_beside(&mut self, name: &str, tally: Tally, at: Duration) {
        let beside = self.beside.entry(name.to_owned()).or_default();
        beside.tally += tally;
        beside.last_reading = at;
    }

    /// The logarithms of the e-values against the limit of errors, and that of slow answers.
    fn against_limits(&self, limits: &Limits) -> [Logs; 2] {
        let [errors, slow] = limits.looks();
        [
            plus(limit::factors(self.counted[0], errors.limit), self.looks[0].logs()),
            plus(limit::factors(self.counted[1], slow.limit), self.looks[1].logs()),
        ]
    }

    /// The tempering that the past asks for, of errors and of latency.
    fn phis(&self) -> [f64; 2] {
        self.replays.map(|replay| replay.map_or(1.0, |replay| replay.phi))
    }
}

impl Limits {
    /// The terms on which own looks are errors, and are slow. Of a short window a blip takes up a tenth.
    fn looks(&self) -> [looks::Pooling; 2] {
        let blip = self.blip.min(self.window / 10);
        [self.error_rate, SLOW].map(|limit| looks::Pooling { limit, blip })
    }
}

fn errors(counts: &Counts) -> Tally {
    Tally { requests: counts.requests, failures: counts.errors }
}
