//! The fixed rules on the counters of a real Prometheus.

use std::time::{Duration, Instant};

use hotfix::verdict::Tally;

use super::programs::Prometheus;
use crate::arrivals::EVERY;
use crate::rules;

/// How long the rules are given to decide.
const PATIENCE: Duration = Duration::from_secs(420);

/// Feeds the rules with the release `v2` every five seconds; returns when each of them decided.
pub fn decide(prometheus: &Prometheus, start: Instant) -> String {
    let mut rules: Vec<_> = rules::all().into_iter().map(|(name, begin)| (name, begin(), None)).collect();
    let mut before = Tally::default();
    let mut next = start;
    while start.elapsed() < PATIENCE && rules.iter().any(|(_, _, decided)| decided.is_none()) {
        next += Duration::from_secs(EVERY);
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
        let count = |counter: &str| prometheus.value(&format!("{counter}{{release=\"v2\"}}"));
        let now = Tally { requests: count("requests_total"), failures: count("errors_total") };
        let scrape = Tally { requests: now.requests - before.requests, failures: now.failures - before.failures };
        before = now;
        for (_, rule, decided) in &mut rules {
            if decided.is_none() && rule.is_bad(scrape) {
                *decided = Some(start.elapsed());
            }
        }
    }
    let said = |decided: &Option<Duration>| match decided {
        Some(after) => format!("{:.0}", after.as_secs_f64()),
        None => format!("not within {}", PATIENCE.as_secs()),
    };
    rules.iter().map(|(name, _, decided)| format!("\"{name}\" {}", said(decided))).collect::<Vec<_>>().join("; ")
}
