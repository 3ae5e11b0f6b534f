//! For real: a service behind nginx or haproxy, loaded through it and scraped by a Prometheus every
//! second. A fix that answers 5% of the requests with 500 is shipped; how soon it is BAD, and production
//! back. What fixed rules make of the same counters is seen where the bad release is left running.

mod programs;
mod rules;
mod service;

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::env::TestEnv;
use programs::{Front, Kind, Prometheus};
use service::{Load, serve};

/// Requests a second.
const RATE: u32 = 50;
/// The share of requests that a bad release fails.
const ERRORS: f64 = 0.05;
const GOOD: &str = "v1.0.0";

/// Runs in which the bad release is left running.
const LEFT: usize = 3;

pub fn print(runs: usize) {
    println!("for real: {}% errors after a deploy, {RATE} req/s, scraped by Prometheus every second", ERRORS * 100.0);
    // The rules take minutes; the ships go on beside them.
    std::thread::scope(|scope| {
        let left: Vec<_> = (0..LEFT).map(|_| scope.spawn(left_running)).collect();
        let mut kinds = vec![Kind::Nginx];
        if programs::is_installed("haproxy") {
            kinds.push(Kind::Haproxy);
        }
        shipped(runs, &kinds);
        println!("  a bad release that is left running, seconds until it is decided on:");
        for run in left {
            println!("    {}", run.join().expect("it ends"));
        }
    });
}

/// Ships behind each kind in turn, so that what else the machine does meets all of them.
fn shipped(runs: usize, kinds: &[Kind]) {
    let ended: Vec<Vec<(f64, f64)>> = (0..runs).map(|_| kinds.iter().map(|kind| ship(*kind)).collect()).collect();
    for (index, kind) in kinds.iter().enumerate() {
        let bad = ended.iter().map(|kinds| kinds[index].0);
        let back = ended.iter().map(|kinds| kinds[index].1);
        for (what, mut seconds) in
            [("until BAD", bad.collect::<Vec<_>>()), ("from BAD to the old release", back.collect())]
        {
            seconds.sort_by(f64::total_cmp);
            let (least, median, most) = (seconds[0], seconds[runs / 2], seconds[runs - 1]);
            println!(
                "  {:<8} {what:<28} median {median:.2} s, quickest {least:.2} s, slowest {most:.2} s of {runs}",
                kind.name()
            );
        }
    }
}

/// A service with all that stands around it, in a clone whose configuration watches it.
struct Production {
    prometheus: Prometheus,
    _load: Load,
    _front: Front,
    env: TestEnv,
}

impl Production {
    fn start(kind: Kind) -> Production {
        let env = TestEnv::new();
        env.instant();
        let service = serve(env.path("running"));
        let front = Front::start(kind, &env.path(kind.name()), service);
        let prometheus = Prometheus::start(&env.path("prometheus"), service);
        let load = Load::start(front.address);
        let config = env.read("hotfix.toml");
        let (before, _) = config.split_once("[watch]").expect("it is watched");
        let url = prometheus.url();
        let watch = format!(
            "[watch]\nwindow = \"1m\"\nerror_rate = 0.001\n\n[[watch.probe]]\nname = \"traffic\"\nevery = \"500ms\"\n\
             [watch.probe.by.prometheus]\nurl = \"{url}\"\nrequests = 'requests_total{{release=\"{{release}}\"}}'\n\
             errors = 'errors_total{{release=\"{{release}}\"}}'\n"
        );
        env.write("hotfix.toml", &format!("{before}{watch}"));
        Production { prometheus, _load: load, _front: front, env }
    }
}

/// Ships a bad fix; returns the seconds from its deploy to BAD, and from there to the old release.
fn ship(kind: Kind) -> (f64, f64) {
    let production = Production::start(kind);
    let env = &production.env;
    env.hotfix(&["start", "Payment API returns 500", "--severity", "P0", "--issue-id", "001"]);
    env.fix("001");
    std::thread::sleep(Duration::from_secs(3));

    let mut shipping = env.hotfix_command(&["ship"]);
    let mut shipping = shipping.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
    let (mut deployed, mut bad, mut back) = (None, None, None);
    for line in BufReader::new(shipping.stderr.take().expect("it is a pipe")).lines().map_while(Result::ok) {
        let words: Vec<&str> = line.split_whitespace().take(2).collect();
        match words[..] {
            ["ok", "deploy"] => deployed = Some(Instant::now()),
            ["BAD", "watch"] => bad = Some(Instant::now()),
            ["ok", "roll-back"] => back = back.or(Some(Instant::now())),
            _ => {}
        }
        if back.is_some() {
            break;
        }
    }
    let _ = shipping.kill();
    let _ = shipping.wait();
    let running = fs::read_to_string(env.path("running")).unwrap_or_default();
    assert_eq!(running.trim(), GOOD, "the old release is back");
    let (deployed, bad, back) = (deployed.expect("deployed"), bad.expect("bad"), back.expect("back"));
    ((bad - deployed).as_secs_f64(), (back - bad).as_secs_f64())
}

/// Puts a bad release in production behind hotfix's back, and returns what hotfix's watch and the fixed
/// rules say of it, and when.
fn left_running() -> String {
    let production = Production::start(Kind::Nginx);
    std::thread::sleep(Duration::from_secs(3));
    fs::write(production.env.path("running"), "v2\n").expect("a file");
    let start = Instant::now();
    let config = production.env.read("hotfix.toml").replace("{release}", "v2");
    production.env.write("hotfix.toml", &config);
    std::thread::scope(|scope| {
        let watched = scope.spawn(|| {
            let output = production.env.hotfix(&["watch"]);
            assert_eq!(output.status, Some(1), "{output}");
            start.elapsed()
        });
        let decided = rules::decide(&production.prometheus, start);
        format!("hotfix {:.1}; {decided}", watched.join().expect("it ends").as_secs_f64())
    })
}
