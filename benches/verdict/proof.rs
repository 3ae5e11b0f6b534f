//! Seconds until VERIFIED may be said.

use fastrand::Rng;
use hotfix::verdict::{Tally, still_needed, within};

use crate::arrivals::{EVERY, scrape, summary};

const GOAL: f64 = 2.995_732_273_553_991;

pub fn print(runs: usize) {
    let runs = runs.div_ceil(10);
    println!("seconds until fewer errors than the share are certain to 95%, median/p95 of {runs} runs");
    println!("{:<40}{:>14}{:>14}{:>14}", "", "50 req/s", "10 req/s", "1 req/s");
    for (name, share, errors) in [
        ("0.1%, no errors", 0.001, 0.0),
        ("0.1%, 0.02% errors", 0.001, 0.000_2),
        ("1%, no errors", 0.01, 0.0),
        ("1%, 0.1% errors", 0.01, 0.001),
        ("2%, no errors", 0.02, 0.0),
    ] {
        let cells = [50, 10, 1].map(|rate| format!("{:>14}", cell(runs, share, errors, rate)));
        println!("{name:<40}{}", cells.concat());
    }
    println!();
}

fn cell(runs: usize, share: f64, errors: f64, rate: u64) -> String {
    if errors == 0.0 {
        let needed = still_needed(Tally::default(), share, GOAL).unwrap_or_default();
        return needed.div_ceil(rate).to_string();
    }
    let mut rng = Rng::with_seed(6);
    let proven = (0..runs).filter_map(|_| {
        let mut all = Tally::default();
        (1..=200_000).find(|_| {
            all += scrape(&mut rng, rate * EVERY, errors);
            within(all, share) >= GOAL
        })
    });
    summary(proven.map(|scrapes| scrapes * EVERY).collect(), runs)
}
