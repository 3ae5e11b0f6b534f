//! How much counters grew between two scrapes, with resets, restarts and gaps.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::domain::reading::{Arm, Count, Counts, Scrape, Series};

/// Where each counter stood.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Counters {
    /// When the deploy started, by the source's clock; `None` before the first scrape.
    began: Option<f64>,
    last: BTreeMap<String, Last>,
    /// The processes that were seen.
    instances: BTreeSet<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Last {
    at: f64,
    value: f64,
    started: Option<f64>,
}

/// What happened since the previous scrape.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Increase {
    pub release: Counts,
    /// `None` if the scrape has no series of the control.
    pub control: Option<Counts>,
}

impl Counters {
    /// Takes a scrape made `since` seconds after the deploy started, and returns how much it grew. The
    /// first scrape only sets where the counters stand, except for processes that the deploy started:
    /// those count from zero.
    pub fn take(&mut self, scrape: &Scrape, since: f64) -> Increase {
        let first = self.began.is_none();
        let began = *self.began.get_or_insert(scrape.now - since);
        let mut grown = [Sums::default(), Sums::default()];
        let mut has_control = false;
        for series in &scrape.series {
            let from_zero = match series.started {
                Some(started) if started >= began => true,
                _ if first => false,
                // A new label of a known process, such as its first status 500; or a process of
                // unknown start: most likely a new one.
                started => started.is_none() || self.instances.contains(&series.instance),
            };
            let increase = self.follow(series, from_zero, began);
            has_control |= series.arm == Arm::Control;
            grown[usize::from(series.arm == Arm::Control)].add(series.count, increase);
        }
        self.instances.extend(scrape.series.iter().map(|series| series.instance.clone()));
        let [release, control] = grown;
        Increase { release: release.counts(), control: has_control.then(|| control.counts()) }
    }

    /// Returns how much a series grew, and remembers where it stands.
    fn follow(&mut self, series: &Series, from_zero: bool, began: f64) -> f64 {
        let points = series.points.iter().filter(|(at, value)| at.is_finite() && value.is_finite() && *value >= 0.0);
        let mut last = self.last.get(&series.name).copied();
        if last.is_none() && from_zero {
            last = Some(Last { at: f64::MIN, value: 0.0, started: series.started });
        }
        let mut increase = 0.0;
        for (at, value) in points {
            let now = Last { at: *at, value: *value, started: series.started };
            let Some(before) = last else {
                last = Some(now);
                continue;
            };
            if *at <= before.at {
                continue;
            }
            let restarted = *value < before.value || started_again(before, &now);
            let grown = if restarted { value.floor() } else { value.floor() - before.value.floor() };
            // Points from before the deploy only set where the counter stood then.
            if from_zero || *at > began || self.last.contains_key(&series.name) {
                increase += grown;
            }
            last = Some(now);
        }
        if let Some(last) = last.filter(|last| last.at > f64::MIN) {
            self.last.insert(series.name.clone(), last);
        }
        increase
    }
}

/// How much the counters grew from each of their points in time to the next, oldest first, whatever
/// their arm is.
pub fn steps(series: &[Series]) -> Vec<Counts> {
    // Every point in time of any series once, in order: the steps between them.
    let mut times: Vec<f64> = series.iter().flat_map(|series| series.points.iter().map(|(at, _)| *at)).collect();
    times.sort_by(f64::total_cmp);
    times.dedup();
    let mut sums: Vec<Sums> = times.iter().map(|_| Sums::default()).collect();
    let mut counters = Counters::default();
    for series in series {
        let mut one = Series { points: Vec::new(), ..series.clone() };
        for point in &series.points {
            let Ok(index) = times.binary_search_by(|time| time.total_cmp(&point.0)) else { continue };
            one.points = vec![*point];
            sums[index].add(series.count, counters.follow(&one, index > 0, f64::MIN));
        }
    }
    // The first one only sets where the counters stood.
    sums.into_iter().skip(1).map(Sums::counts).collect()
}

/// Whether the process started between two points. Sources that compute the time of the start are
/// off by some milliseconds, so a second is allowed.
fn started_again(before: Last, now: &Last) -> bool {
    match (before.started, now.started) {
        (Some(before_started), Some(started)) => started > before_started + 1.0 && started > before.at,
        _ => false,
    }
}

/// The sums of one arm.
#[derive(Default)]
struct Sums {
    requests: f64,
    errors: f64,
    timed: f64,
    /// By the bits of the bound: those of positive numbers have the same order.
    at_most: BTreeMap<u64, f64>,
}

impl Sums {
    fn add(&mut self, count: Count, increase: f64) {
        match count {
            Count::Requests => self.requests += increase,
            Count::Errors => self.errors += increase,
            Count::Timed => self.timed += increase,
            Count::AtMost(bound) => *self.at_most.entry(bound.max(0.0).to_bits()).or_default() += increase,
        }
    }

    fn counts(self) -> Counts {
        // The queries run one after the other, so an error may be counted before its request.
        let requests = self.requests.max(self.errors);
        Counts {
            requests: requests as u64,
            errors: self.errors as u64,
            timed: self.timed as u64,
            at_most: self.at_most.into_iter().map(|(bound, sum)| (f64::from_bits(bound), sum as u64)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn series(instance: &str, started: Option<f64>, points: &[(f64, f64)]) -> Series {
        Series {
            arm: Arm::Release,
            count: Count::Requests,
            name: format!("requests {instance}"),
            instance: instance.to_owned(),
            started,
            points: points.to_vec(),
        }
    }

    /// What is counted in each scrape of one process; the deploy began at 100.
    fn counted(started: Option<f64>, scrapes: &[&[(f64, f64)]]) -> Vec<u64> {
        let mut counters = Counters::default();
        let each = scrapes.iter().enumerate().map(|(index, points)| {
            let now = 110.0 + 5.0 * index as f64;
            let series = if points.is_empty() { vec![] } else { vec![series("a", started, points)] };
            counters.take(&Scrape { now, series }, 10.0).release.requests
        });
        each.collect()
    }

    #[test]
    fn increases_survive_resets_gaps_and_nonsense() {
        type Points<'a> = &'a [&'a [(f64, f64)]];
        let cases: &[(&str, Option<f64>, Points, &[u64])] = &[
            ("grows", None, &[&[(109.0, 50.0)], &[(114.0, 60.0)], &[(119.0, 75.0)]], &[0, 10, 15]),
            ("began before the deploy", Some(20.0), &[&[(109.0, 50.0)], &[(114.0, 60.0)]], &[0, 10]),
            ("began with the deploy: from zero", Some(101.0), &[&[(109.0, 7.0)], &[(114.0, 9.0)]], &[7, 2]),
            ("a reset counts from zero", None, &[&[(109.0, 50.0)], &[(114.0, 4.0)]], &[0, 4]),
            (
                "a reset between two points of one scrape",
                None,
                &[&[(109.0, 50.0)], &[(111.0, 60.0), (113.0, 3.0)]],
                &[0, 13],
            ),
            ("nothing new", None, &[&[(109.0, 50.0)], &[(109.0, 50.0)]], &[0, 0]),
            ("a scrape is missing", None, &[&[(109.0, 50.0)], &[], &[(119.0, 75.0)]], &[0, 0, 25]),
            ("no number", None, &[&[(109.0, 50.0)], &[(114.0, f64::NAN)], &[(119.0, 55.0)]], &[0, 0, 5]),
            ("points before the deploy are where it stood", None, &[&[(95.0, 10.0), (105.0, 14.0)]], &[4]),
            ("a process that turns up later", None, &[&[], &[(114.0, 6.0)]], &[0, 6]),
            (
                "an old process that turns up later",
                Some(20.0),
                &[&[], &[(114.0, 600.0)], &[(119.0, 605.0)]],
                &[0, 0, 5],
            ),
        ];
        for (what, started, scrapes, expected) in cases {
            assert_eq!(counted(*started, scrapes), *expected, "{what}");
        }
    }

    #[test]
    fn the_past_is_taken_apart_into_steps() {
        let requests = series("a", None, &[(1.0, 5.0), (2.0, 8.0), (3.0, 2.0)]);
        let late = Series { name: "late".to_owned(), points: vec![(2.0, 4.0), (3.0, 5.0)], ..requests.clone() };
        let counts = steps(&[requests, late]);
        assert_eq!(counts.iter().map(|counts| counts.requests).collect::<Vec<_>>(), [7, 3]);
        assert!(steps(&[]).is_empty());
    }

    #[test]
    fn the_first_error_of_a_process_is_counted() {
        let mut counters = Counters::default();
        let requests = series("a", Some(20.0), &[(109.0, 50.0)]);
        counters.take(&Scrape { now: 110.0, series: vec![requests.clone()] }, 10.0);
        let first = Series {
            count: Count::Errors,
            name: "errors a".to_owned(),
            points: vec![(114.0, 3.0)],
            ..requests.clone()
        };
        let requests = Series { points: vec![(114.0, 60.0)], ..requests };
        let increase = counters.take(&Scrape { now: 115.0, series: vec![requests, first] }, 15.0);
        assert_eq!((increase.release.requests, increase.release.errors), (10, 3));
    }

    proptest! {
        /// Whatever is missing, and whenever the process restarts: what is counted is what happened,
        /// but for what came between the last scrape and a restart, and the first scrape.
        #[test]
        fn nothing_is_counted_twice(steps in proptest::collection::vec((0u64..50, any::<bool>(), 0u8..10), 1..60)) {
            let mut counters = Counters::default();
            let (mut value, mut unseen, mut expected, mut counted, mut first) = (0, 0, 0, 0, true);
            for (index, (requests, is_missing, restart)) in steps.into_iter().enumerate() {
                if restart == 0 {
                    (value, unseen) = (0, 0);
                }
                (value, unseen) = (value + requests, unseen + requests);
                if is_missing {
                    continue;
                }
                let now = 110.0 + index as f64;
                let series = vec![series("a", None, &[(now, value as f64)])];
                counted += counters.take(&Scrape { now, series }, 10.0).release.requests;
                expected += if first { 0 } else { unseen };
                (unseen, first) = (0, false);
            }
            // A restart that has counted beyond the value before is not seen without its start.
            prop_assert!(counted <= expected, "{counted} of {expected}");
        }
    }
}
