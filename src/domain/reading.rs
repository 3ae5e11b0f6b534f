//! What a probe sees when it looks once.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The result of one look: an answer, counters, or nothing.
#[derive(Clone, Debug, PartialEq)]
pub enum Reading {
    /// A request of the probe's own, answered as it should be. `latency` is `None` if it says
    /// nothing about the service.
    Good { latency: Option<Duration> },
    /// A request of the probe's own, answered wrongly or not in time; why, on one line.
    Error { latency: Option<Duration>, why: String },
    /// Counters that only grow, as they stand now.
    Scraped(Scrape),
    /// The probe itself could not look: says nothing about the service.
    None { why: String },
}

/// Requests of others that were counted during some length of time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Counts {
    pub requests: u64,
    pub errors: u64,
    /// Requests whose latency is known.
    pub timed: u64,
    /// How many of those took at most so many seconds, by rising bounds.
    pub at_most: Vec<(f64, u64)>,
}

/// Counters as a source of metrics has them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scrape {
    /// The source's own clock, in seconds since 1970.
    pub now: f64,
    pub series: Vec<Series>,
}

/// One counter of one process.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    pub arm: Arm,
    pub count: Count,
    /// A name that no other series has.
    pub name: String,
    /// The process that counts.
    pub instance: String,
    /// When that process started, in seconds since 1970; `None` if the source does not say.
    pub started: Option<f64>,
    /// (seconds since 1970, value), rising in time.
    pub points: Vec<(f64, f64)>,
}

/// Whose requests they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arm {
    /// The release that is watched.
    Release,
    /// What ran before and still serves beside it.
    Control,
}

/// What a counter counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Count {
    Requests,
    Errors,
    /// Requests whose latency is known.
    Timed,
    /// Requests that took at most so many seconds.
    AtMost(f64),
}

impl Counts {
    /// Adds `other` to it. Bounds that only one side has are dropped: the other side's count there is unknown.
    pub fn add(&mut self, other: &Counts) {
        if self.timed == 0 {
            self.at_most.clone_from(&other.at_most);
        } else if other.timed > 0 {
            let theirs = |bound: f64| other.at_most.iter().find(|(known, _)| *known == bound).map(|(_, count)| *count);
            self.at_most.retain_mut(|(bound, count)| theirs(*bound).map(|more| *count += more).is_some());
        }
        self.requests += other.requests;
        self.errors += other.errors;
        self.timed += other.timed;
    }

    /// How many requests of known latency took longer than `bound` seconds; `None` if `bound` is not
    /// one of its bounds.
    pub fn slower(&self, bound: f64) -> Option<u64> {
        let found = self.at_most.iter().find(|(known, _)| *known == bound);
        found.map(|(_, count)| self.timed.saturating_sub(*count))
    }
}
