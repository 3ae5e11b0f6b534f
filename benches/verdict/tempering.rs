//! Errors that come in clusters: false alarms without and with the tempering that the replay of the
//! last 24 hours asks for.

use fastrand::Rng;
use hotfix::verdict::{Comparison, Tally, Terms, replay};

use crate::arrivals::{ALPHA, scrape};

/// Scrapes are a minute apart here, as a history's are: 24 hours of them, and a watch of 30 minutes.
const MINUTES: usize = 24 * 60;
const WINDOW: usize = 30;
const REQUESTS: u64 = 50 * 60;

pub fn print(runs: usize) {
    let runs = runs.div_ceil(20);
    println!("clustered errors, {runs} clean watches of 30 minutes after 24 hours of history, 50 req/s");
    println!("{:<40}{:>14}{:>14}{:>14}", "", "untempered", "tempered", "median phi");
    for (name, chance) in
        [("0.1% evenly", 0.0), ("a burst of 2% for a minute, each 2 h", 1.0 / 120.0), ("each 20 min", 1.0 / 20.0)]
    {
        let mut rng = Rng::with_seed(7);
        let (mut untempered, mut tempered, mut phis) = (0, 0, Vec::new());
        for _ in 0..runs {
            let history = minutes(&mut rng, MINUTES, chance);
            let watch = minutes(&mut rng, WINDOW, chance);
            let phi = replay(std::slice::from_ref(&history), WINDOW, ALPHA, 1.0).map_or(1.0, |replay| replay.phi);
            untempered += usize::from(is_alarm(&history, &watch, 1.0));
            tempered += usize::from(is_alarm(&history, &watch, phi));
            phis.push(phi);
        }
        phis.sort_by(f64::total_cmp);
        let share = |alarms: usize| format!("{:.1}%", 100.0 * alarms as f64 / runs as f64);
        println!("{name:<40}{:>14}{:>14}{:>14}", share(untempered), share(tempered), phis[runs / 2]);
    }
}

fn minutes(rng: &mut Rng, count: usize, chance: f64) -> Vec<Tally> {
    (0..count)
        .map(|_| {
            let share = if rng.f64() < chance { 0.02 } else { 0.001 };
            scrape(rng, REQUESTS, share)
        })
        .collect()
}

/// Whether the watch is an alarm against the history, in as many parts.
fn is_alarm(history: &[Tally], watch: &[Tally], phi: f64) -> bool {
    let mut comparison = Comparison::default();
    let parts = history.chunks(history.len() / watch.len());
    watch.iter().zip(parts).any(|(minute, part)| {
        let mut control = Tally::default();
        part.iter().for_each(|tally| control += *tally);
        comparison.add(*minute, control, Terms { tolerance: 1.0, phi });
        comparison.evidence() >= -ALPHA.ln()
    })
}
