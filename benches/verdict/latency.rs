//! Seconds until a slower release is BAD, from the buckets of a histogram.

use fastrand::Rng;
use hotfix::domain::reading::Counts;
use hotfix::verdict::Versus;

use crate::arrivals::{ALPHA, EVERY, TERMS, WATCH, binomial, summary};

/// The default buckets of Prometheus' client libraries, in seconds.
const BUCKETS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

const RATE: u64 = 50;

/// A release that is slower: all of it by a factor, or a share of it by a second.
#[derive(Clone, Copy)]
struct Slower {
    times: f64,
    share_with_a_second_more: f64,
}

pub fn print(runs: usize) {
    // Every bucket is drawn for each scrape.
    let runs = runs.div_ceil(10);
    println!("seconds to BAD by latency, median/p95 of {runs} runs; p95 before: 200 ms, {RATE} req/s, default buckets");
    println!("{:<26}{:>14}{:>14}{:>14}", "", "x1.1", "x1.25", "+1 s on 2%");
    let cases = [(1.1, 0.0), (1.25, 0.0), (1.0, 0.02)];
    let cases = cases.map(|(times, share_with_a_second_more)| Slower { times, share_with_a_second_more });
    for (name, control) in [("old instances beside, 1:1", 1), ("24 h of history, 48:1", 48)] {
        let cells = cases.map(|slower| format!("{:>14}", cell(runs, slower, control))).concat();
        println!("{name:<26}{cells}");
    }
    let p95 = cases.map(|slower| format!("{:>14}", if is_over(slower, 0.5) { "caught" } else { "never" })).concat();
    println!("{:<26}{p95}\n", "p95 over 500 ms");
}

fn cell(runs: usize, slower: Slower, control: u64) -> String {
    let mut rng = Rng::with_seed(2);
    let caught = (0..runs).filter_map(|_| {
        let mut versus = Versus::default();
        (1..=WATCH).find(|_| {
            let release = counts(&mut rng, RATE * EVERY, slower);
            let before = Slower { times: 1.0, share_with_a_second_more: 0.0 };
            versus.add(&release, &counts(&mut rng, control * RATE * EVERY, before), TERMS);
            versus.latency() >= -ALPHA.ln()
        })
    });
    summary(caught.map(|scrapes| scrapes * EVERY).collect(), runs)
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
