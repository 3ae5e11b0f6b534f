//! How soon a bad release is found, and how often a good one is taken for bad: simulated counters,
//! decided on by the code that decides on real ones.
//!
//!     cargo bench --bench verdict                10,000 runs a cell
//!     cargo bench --bench verdict -- 1000        as many
//!     cargo bench --bench verdict -- real 20     20 real deploys, with nginx (and haproxy, where it is
//!                                                installed) and Prometheus; takes eight minutes
//!     cargo bench --bench verdict -- cost        what a watch of 10,000 log lines a second and 500
//!                                                series costs
//!     cargo test --bench verdict                 a little of each but `real`, to see that it works
//!
//! The seeds are fixed: the simulated figures are the same every time.

mod always;
mod arrivals;
mod blips;
mod cost;
#[path = "../../tests/it/database.rs"]
#[expect(dead_code, reason = "shared with the tests, which use more of it")]
mod database;
#[path = "../../tests/it/env.rs"]
#[expect(dead_code, reason = "shared with the tests, which use more of it")]
mod env;
mod errors;
mod false_alarms;
mod latency;
mod proof;
mod real;
mod rules;
mod tempering;

fn main() {
    let runs = std::env::args().skip(1).find_map(|argument| argument.parse().ok());
    let mode = std::env::args().skip(1).find(|argument| !argument.starts_with("--")).unwrap_or_default();
    match mode.as_str() {
        "real" => return real::print(runs.unwrap_or(20)),
        "cost" => return cost::print(30),
        "print-log" => return cost::print_log(),
        _ => {}
    }
    // `cargo bench` says that it is it.
    let is_measured = std::env::args().any(|argument| argument == "--bench");
    let runs = runs.unwrap_or(if is_measured { 10_000 } else { 1 });
    println!("{runs} runs a cell, scrapes every {} s, alpha {}\n", arrivals::EVERY, arrivals::ALPHA);
    errors::print(runs);
    latency::print(runs);
    false_alarms::print(runs);
    blips::print(runs);
    always::print(runs);
    proof::print(runs);
    tempering::print(runs);
    if !is_measured {
        cost::print(2);
    }
}
