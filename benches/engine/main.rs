//! What the project promises of speed, measured: `cargo bench`, or `cargo bench -- reading` for one
//! of job, reading, declare and team. Each number is the median of several runs, with the fastest and the
//! slowest beside it. PostgreSQL is measured too where HOTFIX_TEST_POSTGRES says where it is.
//! `cargo test --bench engine` does a little of each, to see that it works.

#[path = "../../tests/it/database.rs"]
mod database;
mod declare;
#[path = "../../tests/it/env.rs"]
#[expect(dead_code, reason = "shared with the tests, which use more of it")]
mod env;
mod job;
mod reading;
mod seed;
mod team;

use std::time::{Duration, Instant};

use database::Kind;

/// How much is done.
#[derive(Clone, Copy)]
pub struct Scale {
    jobs: usize,
    incidents: usize,
    /// How often a command that reads is run.
    runs: usize,
    /// How many processes declare, and how many incidents each of them.
    declares: (usize, usize),
    /// How many incidents another clone has published.
    published: usize,
}

const MEASURED: Scale = Scale { jobs: 5, incidents: 10_000, runs: 21, declares: (20, 50), published: 1000 };
const TRIED: Scale = Scale { jobs: 1, incidents: 20, runs: 1, declares: (2, 2), published: 3 };

fn main() {
    // `cargo bench` adds an option of its own, `cargo test` none.
    let scale = if std::env::args().any(|argument| argument == "--bench") { MEASURED } else { TRIED };
    let named: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let wanted = |name: &str| named.is_empty() || named.iter().any(|named| named == name);
    let stores = match std::env::var("HOTFIX_TEST_POSTGRES") {
        Ok(_) => &[Kind::Sqlite, Kind::Postgres][..],
        Err(_) => &[Kind::Sqlite][..],
    };
    for store in stores {
        println!("{store:?}");
        for (name, measure) in [
            ("job", job::measure as fn(Kind, Scale)),
            ("reading", reading::measure),
            ("declare", declare::measure),
            ("team", team::measure),
        ] {
            if wanted(name) {
                measure(*store, scale);
            }
        }
    }
}

/// Prints the median and the slowest of `runs` times that `act` takes.
fn time(name: &str, runs: usize, mut act: impl FnMut()) {
    let times = (0..runs).map(|_| {
        let start = Instant::now();
        act();
        start.elapsed()
    });
    show(name, times.collect());
}

fn show(name: &str, mut times: Vec<Duration>) {
    times.sort();
    let [fastest, median, slowest] = [0, times.len() / 2, times.len() - 1].map(|index| ms(times[index]));
    let runs = times.len();
    println!("  {name:<50} {median:>7.1} ms  ({fastest:.1} to {slowest:.1} ms, {runs} runs)");
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
