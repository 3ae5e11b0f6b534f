//! Seconds until a slower release is BAD, from the buckets of a histogram.

use std::time::Duration;

use fastrand::Rng;
use hotfix::domain::reading::{Arm, Count, Counts, Reading, Scrape, Series};
use hotfix::domain::verdict::Verdict;
use hotfix::verdict::{Kinds, Limits, Source, Versus, Watch};

use crate::arrivals::{ALPHA, EVERY, TERMS, WATCH, binomial, summary};
use crate::false_alarms::limits;

/// The default buckets of Prometheus' client libraries, in seconds.
const BUCKETS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

const RATE: u64 = 50;

/// A release that is slower: all of it by a factor, or a share of it by a second.
#[derive(Clone, Copy)]
struct Slower {
    times: f64,
    share_with_a_second_more: f64,
}

const NO_SLOWER: Slower = Slower { times: 1.0, share_with_a_second_more: 0.0 };

/// What the release is compared with.
#[derive(Clone, Copy)]
enum Against {
    /// As many old instances beside it.
    Beside,
    /// 48 times as many requests from the day before.
    Before,
}

const AGAINST: [(&str, Against); 2] =
    [("old instances beside, 1:1", Against::Beside), ("24 h of history, 48:1", Against::Before)];

impl Against {
    fn counts(self, rng: &mut Rng, requests: u64) -> Counts {
        let times = match self {
            Against::Beside => 1,
            Against::Before => 48,
        };
        counts(rng, times * requests, NO_SLOWER)
    }
}

pub fn print(runs: usize) {
    // Every bucket is drawn for each scrape.
    let runs = runs.div_ceil(10);
    println!("seconds to BAD by latency, median/p95 of {runs} runs; p95 before: 200 ms, {RATE} req/s, default buckets");
    println!("{:<40}{:>14}{:>14}{:>14}", "", "x1.1", "x1.25", "+1 s on 2%");
    let cases = [(1.1, 0.0), (1.25, 0.0), (1.0, 0.02)];
    let cases = cases.map(|(times, share_with_a_second_more)| Slower { times, share_with_a_second_more });
    let row = |name: &str, watch: &dyn Fn(&mut Rng, Slower) -> Option<u64>| {
        let cell = |slower| {
            let mut rng = Rng::with_seed(2);
            summary((0..runs).filter_map(|_| watch(&mut rng, slower)).collect(), runs)
        };
        println!("{name:<40}{}", cases.map(|slower| format!("{:>14}", cell(slower))).concat());
    };
    for (name, against) in AGAINST {
        row(name, &|rng, slower| one_test(rng, RATE, slower, against));
    }
    for (name, against) in AGAINST {
        row(&format!("whole watch, {name}"), &|rng, slower| whole_watch(rng, RATE, slower, against));
    }
    let p95 = cases.map(|slower| format!("{:>14}", if is_over(slower, 0.5) { "caught" } else { "never" })).concat();
    println!("{:<40}{p95}\n", "p95 over 500 ms");
}

/// Prints how often a release that is no slower is called BAD.
pub fn print_false_alarms(line: impl Fn(&str, &dyn Fn(&mut Rng, u64) -> bool)) {
    for (name, against) in AGAINST {
        line(&format!("latency, {name}"), &|rng, rate| one_test(rng, rate, NO_SLOWER, against).is_some());
    }
}

/// The seconds until the test against one control rejects, with all of alpha.
fn one_test(rng: &mut Rng, rate: u64, slower: Slower, against: Against) -> Option<u64> {
    let mut versus = Versus::default();
    let scrapes = (1..=WATCH).find(|_| {
        let release = counts(rng, rate * EVERY, slower);
        versus.add(&release, &against.counts(rng, rate * EVERY), TERMS, TERMS);
        versus.latency() >= -ALPHA.ln()
    });
    scrapes.map(|scrapes| scrapes * EVERY)
}

/// The seconds until BAD of the watch as it runs in production: its tests of latency share a fifth of alpha.
fn whole_watch(rng: &mut Rng, rate: u64, slower: Slower, against: Against) -> Option<u64> {
    let is_beside = matches!(against, Against::Beside);
    let limits = Limits { has_control: is_beside, has_earlier: !is_beside, ..limits() };
    let source = Source { name: "metrics", is_dependency: false };
    let mut watch = Watch::default();
    if !is_beside {
        watch.remember(source.name, (0..WATCH).map(|_| against.counts(rng, rate * EVERY)).collect(), Kinds::default());
    }
    let mut sums = [(Arm::Release, Counts::default()), (Arm::Control, Counts::default())];
    // The first scrape only tells where the counters stand.
    let scrapes = (0..=WATCH).find(|index| {
        let at = Duration::from_secs(index * EVERY);
        sums[0].1.add(&counts(rng, rate * EVERY, slower));
        if is_beside {
            sums[1].1.add(&against.counts(rng, rate * EVERY));
        }
        let now = 1_000.0 + at.as_secs_f64();
        let arms = &sums[..if is_beside { 2 } else { 1 }];
        let series = arms.iter().flat_map(|(arm, sum)| series(*arm, sum, now)).collect();
        watch.add(&limits, source, at, at, Reading::Scraped(Scrape { now, series }));
        watch.judge(&limits, at).verdict == Verdict::Bad
    });
    scrapes.map(|scrapes| scrapes * EVERY)
}

fn series(arm: Arm, sum: &Counts, now: f64) -> Vec<Series> {
    let bounds = sum.at_most.iter().map(|(bound, count)| (Count::AtMost(*bound), *count));
    let totals = [(Count::Requests, sum.requests), (Count::Errors, sum.errors), (Count::Timed, sum.timed)];
    let one = |(count, value): (Count, u64)| Series {
        arm,
        count,
        name: format!("{arm:?} {count:?}"),
        instance: format!("{arm:?}"),
        started: None,
        points: vec![(now, value as f64)],
    };
    totals.into_iter().chain(bounds).map(one).collect()
}

/// Requests with a log-normal latency, by bucket.
fn counts(rng: &mut Rng, requests: u64, slower: Slower) -> Counts {
    let (mut left, mut before, mut below) = (requests, 0.0, 0);
    let at_most = BUCKETS.map(|bound| {
        let share = share_below(bound, slower);
        let here = binomial(rng, left, ((share - before) / (1.0 - before)).clamp(0.0, 1.0));
        (left, before, below) = (left - here, share, below + here);
        (bound, below)
    });
    Counts { requests, errors: 0, timed: requests, at_most: at_most.into() }
}

fn share_below(seconds: f64, slower: Slower) -> f64 {
    let with_more = if seconds > 1.0 { log_normal((seconds - 1.0) / slower.times) } else { 0.0 };
    let more = slower.share_with_a_second_more;
    (1.0 - more) * log_normal(seconds / slower.times) + more * with_more
}

fn is_over(slower: Slower, limit: f64) -> bool {
    share_below(limit, slower) < 0.95
}

/// The share below `seconds` of a log-normal with sigma 0.5 and a 95th percentile of 200 ms.
fn log_normal(seconds: f64) -> f64 {
    normal((seconds / 0.2).ln() / 0.5 + 1.644_854)
}

/// The normal distribution, by Abramowitz and Stegun 26.2.17; right to 7 digits.
fn normal(x: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.231_641_9 * x.abs());
    let series = [0.319_381_53, -0.356_563_782, 1.781_477_937, -1.821_255_978, 1.330_274_429];
    let tail = (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt()
        * series.iter().rev().fold(0.0, |sum, coefficient| (sum + coefficient) * t);
    if x > 0.0 { 1.0 - tail } else { tail }
}
