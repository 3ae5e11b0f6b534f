//! Seconds until a release with more errors is BAD.

use fastrand::Rng;
use hotfix::verdict::{Comparison, broken};

use crate::arrivals::{ALPHA, BASELINE, EVERY, RATES, TERMS, WATCH, scrape, summary};
use crate::false_alarms::{SOUND, whole_watch};
use crate::rules::{self, Begin};

/// What the release is compared with.
#[derive(Clone, Copy)]
enum Against {
    /// So many requests of a control for each of its own.
    Control(u64),
    /// The limit, at the baseline.
    Limit,
}

pub fn print(runs: usize) {
    println!("seconds to BAD, median/p95; errors before: 0.1%");
    println!("{:<26}{:>8}{:>14}{:>14}{:>14}", "", "errors", "50 req/s", "5 req/s", "1 req/s");
    let shares = [0.005, 0.01, 0.05, 0.10];
    for (name, against) in [
        ("old instances beside, 1:1", Against::Control(1)),
        ("24 h of history, 48:1", Against::Control(48)),
        ("limit of 0.1%", Against::Limit),
    ] {
        row(name, &shares, |share, rate| cell(runs, share, rate, against));
    }
    let runs_of_all = runs.div_ceil(10);
    row("whole watch, 1:1 and limit", &shares, |share, rate| {
        let mut rng = Rng::with_seed(8);
        let seconds = (0..runs_of_all).filter_map(|_| whole_watch(&mut rng, rate, SOUND, share));
        summary(seconds.collect(), runs_of_all)
    });
    for (name, rule) in rules::all() {
        row(name, &shares, |share, rate| rule_cell(runs, share, rate, rule));
    }
    println!();
}

fn row(name: &str, shares: &[f64], cell: impl Fn(f64, u64) -> String) {
    for (index, share) in shares.iter().enumerate() {
        let name = if index == 0 { name } else { "" };
        let cells = RATES.map(|rate| format!("{:>14}", cell(*share, rate))).concat();
        println!("{name:<26}{:>7}%{cells}", share * 100.0);
    }
}

fn cell(runs: usize, share: f64, rate: u64, against: Against) -> String {
    let mut rng = Rng::with_seed(1);
    let caught = (0..runs).filter_map(|_| {
        let mut comparison = Comparison::default();
        let mut all = hotfix::verdict::Tally::default();
        (1..=WATCH).find(|_| {
            let release = scrape(&mut rng, rate * EVERY, share);
            let evidence = match against {
                Against::Control(times) => {
                    comparison.add(release, scrape(&mut rng, times * rate * EVERY, BASELINE), TERMS);
                    comparison.evidence()
                }
                Against::Limit => {
                    all += release;
                    broken(all, BASELINE, 1.0)
                }
            };
            evidence >= -ALPHA.ln()
        })
    });
    summary(caught.map(|scrapes| scrapes * EVERY).collect(), runs)
}

fn rule_cell(runs: usize, share: f64, rate: u64, rule: Begin) -> String {
    let mut rng = Rng::with_seed(1);
    let caught = (0..runs).filter_map(|_| {
        let mut rule = rule();
        (1..=WATCH).find(|_| rule.is_bad(scrape(&mut rng, rate * EVERY, share)))
    });
    summary(caught.map(|scrapes| scrapes * EVERY).collect(), runs)
}
