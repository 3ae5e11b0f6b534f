//! How often a good release is called BAD in a watch of 30 minutes, also where the source is flaky.

use fastrand::Rng;
use hotfix::domain::reading::{Arm, Count, Reading, Scrape, Series};
use hotfix::domain::verdict::Verdict;
use hotfix::verdict::{Comparison, Limits, Source, Watch, broken};
use std::time::Duration;

use crate::arrivals::{ALPHA, BASELINE, EVERY, RATES, TERMS, WATCH, binomial, scrape};
use crate::{latency, rules};

/// What is wrong with the source.
#[derive(Clone, Copy)]
pub struct Flaky {
    /// The share of scrapes that are missing.
    missing: f64,
    /// The chance that a process restarts between two scrapes.
    restarts: f64,
}

pub const SOUND: Flaky = Flaky { missing: 0.0, restarts: 0.0 };

pub fn print(runs: usize) {
    println!("false alarms in clean watches of 30 minutes at 0.1% errors; allowed: {}%", ALPHA * 100.0);
    println!("{:<40}{:>12}{:>12}{:>12}", "", "50 req/s", "5 req/s", "1 req/s");
    line("old instances beside, 1:1", runs, |rng, rate| against_control(rng, rate, 1));
    line("24 h of history, 48:1", runs, |rng, rate| against_control(rng, rate, 48));
    line("limit of 0.1%, errors just at it", runs, against_limit);
    latency::print_false_alarms(|name, is_alarm| line(name, runs, is_alarm));
    let whole = [
        ("whole watch", SOUND),
        ("whole watch, 10% of scrapes missing", Flaky { missing: 0.1, ..SOUND }),
        ("whole watch, restarts every 2 minutes", Flaky { restarts: EVERY as f64 / 120.0, ..SOUND }),
        ("whole watch, both", Flaky { missing: 0.1, restarts: EVERY as f64 / 120.0 }),
    ];
    for (name, flaky) in whole {
        line(name, runs, |rng, rate| whole_watch(rng, rate, flaky, BASELINE).is_some());
    }
    for (name, rule) in rules::all() {
        line(name, runs, |rng, rate| {
            let mut rule = rule();
            (0..WATCH).any(|_| rule.is_bad(scrape(rng, rate * EVERY, BASELINE)))
        });
    }
    println!();
}

fn line(name: &str, runs: usize, mut is_alarm: impl FnMut(&mut Rng, u64) -> bool) {
    let cells = RATES.map(|rate| {
        let mut rng = Rng::with_seed(3);
        let alarms = (0..runs).filter(|_| is_alarm(&mut rng, rate)).count();
        format!("{:>11.2}%", 100.0 * alarms as f64 / runs as f64)
    });
    println!("{name:<40}{}", cells.concat());
}

fn against_control(rng: &mut Rng, rate: u64, times: u64) -> bool {
    let mut comparison = Comparison::default();
    (0..WATCH).any(|_| {
        let release = scrape(rng, rate * EVERY, BASELINE);
        comparison.add(release, scrape(rng, times * rate * EVERY, BASELINE), TERMS);
        comparison.evidence() >= -ALPHA.ln()
    })
}

fn against_limit(rng: &mut Rng, rate: u64) -> bool {
    let mut all = hotfix::verdict::Tally::default();
    (0..WATCH).any(|_| {
        all += scrape(rng, rate * EVERY, BASELINE);
        broken(all, BASELINE, 1.0) >= -ALPHA.ln()
    })
}

/// The limits of a watch of 30 minutes beside old instances.
pub fn limits() -> Limits {
    Limits {
        window: Duration::from_secs(WATCH * EVERY),
        patience: Duration::ZERO,
        error_rate: BASELINE,
        certify: 0.01,
        p95: Duration::from_millis(500),
        alpha: ALPHA,
        tolerance: 1.0,
        blip: Duration::from_millis(500),
        blind: Duration::from_secs(300),
        is_endless: false,
        gives_up: true,
        has_control: true,
        has_earlier: false,
    }
}

/// The seconds until BAD of the watch as it runs in production, from counters to the verdict, with all
/// of its tests, and with as many old instances beside a release with this share of errors.
pub fn whole_watch(rng: &mut Rng, rate: u64, flaky: Flaky, share: f64) -> Option<u64> {
    let limits = limits();
    let source = Source { name: "metrics", is_dependency: false };
    let mut watch = Watch::default();
    let mut processes = [Process::new(Arm::Release, share), Process::new(Arm::Control, BASELINE)];
    // The first scrape only tells where the counters stand.
    for index in 0..=WATCH {
        let at = Duration::from_secs(index * EVERY);
        processes.iter_mut().for_each(|process| process.go_on(rng, rate * EVERY, flaky));
        if rng.f64() < flaky.missing {
            watch.add(&limits, source, at, at, Reading::None { why: "missing".to_owned() });
            continue;
        }
        let now = 1_000.0 + at.as_secs_f64();
        let series = processes.iter().flat_map(|process| process.series(now)).collect();
        watch.add(&limits, source, at, at, Reading::Scraped(Scrape { now, series }));
        if watch.judge(&limits, at).verdict == Verdict::Bad {
            return Some(index * EVERY);
        }
    }
    None
}

/// A process with its counters, which begin anew when it does.
struct Process {
    arm: Arm,
    /// The share of its requests that fail.
    share: f64,
    requests: u64,
    errors: u64,
}

impl Process {
    fn new(arm: Arm, share: f64) -> Process {
        Process { arm, share, requests: 0, errors: 0 }
    }

    fn go_on(&mut self, rng: &mut Rng, requests: u64, flaky: Flaky) {
        let before = rng.u64(0..=requests);
        for (part, restarts) in [(before, rng.f64() < flaky.restarts), (requests - before, false)] {
            self.requests += part;
            self.errors += binomial(rng, part, self.share);
            if restarts {
                (self.requests, self.errors) = (0, 0);
            }
        }
    }

    fn series(&self, now: f64) -> [Series; 2] {
        [(Count::Requests, "requests", self.requests), (Count::Errors, "errors", self.errors)].map(
            |(count, name, value)| Series {
                arm: self.arm,
                count,
                name: format!("{:?} {name}", self.arm),
                instance: format!("{:?}", self.arm),
                started: None,
                points: vec![(now, value as f64)],
            },
        )
    }
}
