//! The fixed rules that others decide by, for comparison.

use std::collections::VecDeque;

use hotfix::verdict::Tally;

use crate::arrivals::EVERY;

/// A rule that sees one scrape after the other and says when it is enough.
pub trait Rule {
    fn is_bad(&mut self, scrape: Tally) -> bool;
}

/// The last minute of scrapes.
#[derive(Default)]
struct Minute(VecDeque<Tally>);

impl Minute {
    /// The share of errors in the last minute, this scrape included.
    fn share(&mut self, scrape: Tally) -> f64 {
        self.0.push_back(scrape);
        if self.0.len() as u64 > 60 / EVERY {
            self.0.pop_front();
        }
        let (failures, requests) = self.0.iter().fold((0, 0), |(f, r), tally| (f + tally.failures, r + tally.requests));
        if requests == 0 { 0.0 } else { failures as f64 / requests as f64 }
    }
}

/// "Error rate over 10% for 300 s", over the last minute, as an alert of Prometheus has it.
#[derive(Default)]
pub struct TenPercentFor300 {
    minute: Minute,
    over: u64,
}

impl Rule for TenPercentFor300 {
    fn is_bad(&mut self, scrape: Tally) -> bool {
        self.over = if self.minute.share(scrape) > 0.10 { self.over + EVERY } else { 0 };
        self.over >= 300
    }
}

/// "1% x 5 checks a minute apart", as Flagger counts failed checks.
#[derive(Default)]
pub struct FiveChecks {
    minute: Minute,
    scrapes: u64,
    failed: u32,
}

impl Rule for FiveChecks {
    fn is_bad(&mut self, scrape: Tally) -> bool {
        let share = self.minute.share(scrape);
        self.scrapes += 1;
        let is_check = self.scrapes.is_multiple_of(60 / EVERY);
        self.failed += u32::from(is_check && share > 0.01);
        self.failed >= 5
    }
}

/// "Over 1% in the last minute", looked at with every scrape from the first minute on.
#[derive(Default)]
pub struct OneMinute {
    minute: Minute,
    scrapes: u64,
}

impl Rule for OneMinute {
    fn is_bad(&mut self, scrape: Tally) -> bool {
        let share = self.minute.share(scrape);
        self.scrapes += 1;
        self.scrapes * EVERY >= 60 && share > 0.01
    }
}

/// Begins a watch by a rule.
pub type Begin = fn() -> Box<dyn Rule>;

/// The rules with their names.
pub fn all() -> Vec<(&'static str, Begin)> {
    vec![
        ("over 10% for 300 s", || Box::<TenPercentFor300>::default()),
        ("1% x 5 checks", || Box::<FiveChecks>::default()),
        ("over 1% in a minute", || Box::<OneMinute>::default()),
    ]
}
