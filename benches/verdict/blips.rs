//! Own looks, where what fails are blips: all looks of half a second or less. Without pooling, and with.

use std::time::Duration;

use fastrand::Rng;
use hotfix::domain::reading::Reading;
use hotfix::domain::verdict::Verdict;
use hotfix::verdict::{Limits, Source, Tally, Watch, broken};

use crate::arrivals::{ALPHA, BASELINE, summary};
use crate::false_alarms::limits;

/// Looks a second.
const RATES: [u64; 3] = [50, 5, 1];
/// The length of a watch and of a blip, in seconds.
const WATCH: u64 = 300;
const BLIP: f64 = 0.4;

pub fn print(runs: usize) {
    let runs = runs.div_ceil(10);
    println!("own looks, {runs} watches of 5 minutes, against a limit of 0.1%");
    println!("{:<40}{:>12}{:>12}{:>12}", "", "50 a second", "5", "1");
    let share = |alarms: usize| format!("{:.2}%", 100.0 * alarms as f64 / runs as f64);
    let row = |name: &str, cell: &dyn Fn(u64) -> String| {
        println!("{name:<40}{}", RATES.map(|rate| format!("{:>12}", cell(rate))).concat());
    };
    let alarms = |rate: u64, watch: fn(&mut Rng, u64, Fails) -> Option<f64>| {
        let mut rng = Rng::with_seed(10);
        (0..runs).filter(|_| watch(&mut rng, rate, Fails::InBlips).is_some()).count()
    };
    row("false alarms by blips, each look by itself", &|rate| share(alarms(rate, each_by_itself)));
    row("false alarms by blips, pooled", &|rate| share(alarms(rate, pooled)));
    for (name, share) in [("5% errors, seconds to BAD", 0.05), ("all fail, seconds to BAD", 1.0)] {
        row(name, &|rate| {
            let mut rng = Rng::with_seed(11);
            let seconds = (0..runs).filter_map(|_| pooled(&mut rng, rate, Fails::Share(share)));
            summary(seconds.map(|seconds| seconds.ceil() as u64).collect(), runs)
        });
    }
    println!();
}

/// Which looks fail.
#[derive(Clone, Copy)]
enum Fails {
    /// All during blips, which take up the share of the time that may fail.
    InBlips,
    /// Each with this chance.
    Share(f64),
}

/// When each look is made, in seconds, and whether it fails.
fn looks(rng: &mut Rng, rate: u64, fails: Fails) -> Vec<(f64, bool)> {
    let (mut begins, every) = (-BLIP, 1.0 / rate as f64);
    let next = |rng: &mut Rng, after: f64| after - (1.0 - rng.f64()).ln() * BLIP / BASELINE;
    let mut coming = next(rng, 0.0);
    (0..WATCH * rate)
        .map(|index| {
            let at = index as f64 * every;
            while coming <= at {
                begins = coming;
                coming = next(rng, coming + BLIP);
            }
            let fails = match fails {
                Fails::InBlips => at < begins + BLIP,
                Fails::Share(share) => rng.f64() < share,
            };
            (at, fails)
        })
        .collect()
}

/// The seconds until BAD of a test that takes each look for an independent one.
fn each_by_itself(rng: &mut Rng, rate: u64, fails: Fails) -> Option<f64> {
    let mut all = Tally::default();
    let alarm = looks(rng, rate, fails).into_iter().find(|(_, fails)| {
        all += Tally { requests: 1, failures: u64::from(*fails) };
        *fails && broken(all, BASELINE, 1.0) >= -ALPHA.ln()
    });
    alarm.map(|(at, _)| at)
}

/// The same of the watch as it runs in production.
fn pooled(rng: &mut Rng, rate: u64, fails: Fails) -> Option<f64> {
    let limits = Limits { window: Duration::from_secs(WATCH), has_control: false, ..limits() };
    let source = Source { name: "looks", is_dependency: false };
    let (mut watch, mut last_failure) = (Watch::default(), f64::NEG_INFINITY);
    let alarm = looks(rng, rate, fails).into_iter().find(|(at, fails)| {
        last_failure = if *fails { *at } else { last_failure };
        // Later than that nothing new speaks against it.
        let is_judged = *at < last_failure + 1.5;
        let at = Duration::from_secs_f64(*at);
        let reading = match fails {
            true => Reading::Error { latency: None, why: String::new() },
            false => Reading::Good { latency: None },
        };
        watch.add(&limits, source, at, at, reading);
        is_judged && watch.judge(&limits, at).verdict == Verdict::Bad
    });
    alarm.map(|(at, _)| at)
}
