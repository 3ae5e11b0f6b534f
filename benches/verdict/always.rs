//! The always-on detector: seconds to an alarm, and false alarms in months.

use fastrand::Rng;
use hotfix::verdict::Always;

use crate::arrivals::{BASELINE, EVERY, RATES, scrape, summary};

/// The scrapes of 30 days.
const MONTH: u64 = 30 * 24 * 60 * 60 / EVERY;

/// Months of clean traffic, at each rate, where a cell has 10,000 runs.
const MONTHS: u64 = 5;

pub fn print(runs: usize) {
    println!("always on, at most one false alarm in 30 days; errors before: 0.1%");
    println!("{:<40}{:>12}{:>12}{:>12}", "", "50 req/s", "5 req/s", "1 req/s");
    let cells = RATES.map(|rate| format!("{:>12}", cell(runs, rate)));
    println!("{:<40}{}", "5% errors, seconds to the alarm", cells.concat());
    let days = (30 * MONTHS * runs as u64 / 10_000).clamp(1, 30 * MONTHS);
    let cells = RATES.map(|rate| format!("{:>12}", alarms(rate, days)));
    println!("{:<40}{}\n", format!("alarms in {days} clean days"), cells.concat());
}

/// The trouble begins after an hour.
fn cell(runs: usize, rate: u64) -> String {
    let runs = runs.div_ceil(10);
    let mut rng = Rng::with_seed(4);
    let caught = (0..runs).filter_map(|_| {
        let mut always = Always::default();
        for _ in 0..3600 / EVERY {
            always.add_against_limit(scrape(&mut rng, rate * EVERY, BASELINE), BASELINE);
        }
        (1..=MONTH).find(|_| {
            always.add_against_limit(scrape(&mut rng, rate * EVERY, 0.05), BASELINE);
            always.is_alarm(MONTH as f64)
        })
    });
    summary(caught.map(|scrapes| scrapes * EVERY).collect(), runs)
}

fn alarms(rate: u64, days: u64) -> usize {
    let mut rng = Rng::with_seed(5);
    let mut always = Always::default();
    let is_alarm = |_: &u64| {
        always.add_against_limit(scrape(&mut rng, rate * EVERY, BASELINE), BASELINE);
        let alarm = always.is_alarm(MONTH as f64);
        if alarm {
            always = Always::default();
        }
        alarm
    };
    (0..days * MONTH / 30).filter(is_alarm).count()
}
