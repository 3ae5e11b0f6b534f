//! How long a proof takes, and of that how much beside the tests themselves.
//!
//!     cargo bench --bench proof -- [service|pytest|cargo] [--tests N] [--each MILLISECONDS]
//!
//! A suite is generated whose tests do nothing but wait, so that their own time is known. The same is then
//! done by hand as hotfix did it until 0.1: three checkouts at once, three runs of everything in each. Promised
//! for `service`, whose tests take 11 s: less than 30 s on two idle processors. `cargo test --bench proof` does it
//! with two short tests and the first suite whose runner is installed, to see that it works.

mod suite;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use clap::Parser;
use suite::Suite;

/// Measures the proof.
#[derive(Debug, Parser)]
struct Args {
    /// Which suites [default: all]
    only: Vec<String>,
    /// How many tests a suite has
    #[arg(long, default_value_t = 44)]
    tests: u32,
    /// How long each of them takes, in milliseconds
    #[arg(long, default_value_t = 250)]
    each: u32,
    /// `cargo bench` says this to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

/// By hand, each of three trees is tested so often.
const RUNS: usize = 3;

const ALL: [Suite; 3] = [Suite::Service, Suite::Pytest, Suite::Cargo];

fn main() {
    let mut args = Args::parse();
    if !args.bench {
        (args.tests, args.each) = (2, 10);
        let installed = ALL.into_iter().find(|suite| suite.program().is_some());
        args.only = vec![installed.expect("cargo runs this").name().to_owned()];
    }
    let wanted = |suite: &Suite| args.only.is_empty() || args.only.iter().any(|only| only == suite.name());
    for suite in ALL.into_iter().filter(wanted) {
        match suite.program() {
            Some(program) => measure(suite, &program, &args),
            None => println!("{}: not installed", suite.name()),
        }
    }
}

fn measure(suite: Suite, program: &str, args: &Args) {
    let sandbox = tempfile::tempdir().expect("a directory");
    let repository = sandbox.path().join("repository");
    suite.write(&repository, args.tests, Duration::from_millis(args.each.into()));
    // Where several tests run at once, the tests of a run take so much less.
    let own = Duration::from_millis(u64::from(args.tests * args.each / suite.at_once())).as_secs_f64();
    println!("{}, {} tests of {} ms", suite.name(), args.tests, args.each);
    println!("  {:<46} {own:>7.1} s", "the tests' own time, once");
    for again in if args.bench { &["first", "again"][..] } else { &["first"] } {
        let (took, in_runs) = ours(&repository, sandbox.path());
        let (took, beside) = (took.as_secs_f64(), took.as_secs_f64() - in_runs);
        let what = format!("hotfix check, {again}");
        println!("  {what:<46} {took:>7.1} s   {:.1} times; {beside:.1} s beside the runs", took / own);
    }
    if !args.bench {
        return;
    }
    let by_hand = by_hand(suite, program, &repository, sandbox.path());
    println!("  {:<46} {:>7.1} s", "three checkouts and nine runs of everything", by_hand.as_secs_f64());
}

/// How long a proof takes that is not known from before, and how many seconds of that the runs take in
/// the tree where they take longest.
fn ours(repository: &Path, sandbox: &Path) -> (Duration, f64) {
    let mut hotfix = Command::new(env!("CARGO_BIN_EXE_hotfix"));
    hotfix.args(["check", "--base", "main", "--only", "proof", "--no-cache", "--json"]).current_dir(repository);
    hotfix.env("XDG_CACHE_HOME", sandbox.join("cache")).stderr(Stdio::null());
    let start = Instant::now();
    let ended = hotfix.output().expect("hotfix can be started");
    let took = start.elapsed();
    let text = String::from_utf8_lossy(&ended.stdout);
    let check: serde_json::Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let proven = check["proof"]["fail_to_pass"].as_array().map_or(0, Vec::len);
    assert_eq!((ended.status.code(), proven), (Some(0), 1), "{text}");
    let runs = check["proof"]["runs"].as_array().cloned().unwrap_or_default();
    let of_tree = |tree: &str| {
        runs.iter().filter(|run| run["tree"] == tree).filter_map(|run| run["seconds"].as_f64()).sum::<f64>()
    };
    (took, ["base", "tests", "fix"].map(of_tree).into_iter().fold(0.0, f64::max))
}

/// How long it takes to run all tests three times on each tree, the trees at once.
fn by_hand(suite: Suite, program: &str, repository: &Path, sandbox: &Path) -> Duration {
    let start = Instant::now();
    std::thread::scope(|scope| {
        for (name, commit, tests) in [("base", "main", false), ("tests", "main", true), ("fix", "fix", false)] {
            let tree = sandbox.join(name);
            suite::git(repository, &["worktree", "add", "--quiet", "--detach", &tree.display().to_string(), commit]);
            if tests {
                suite::git(&tree, &["checkout", "--quiet", "fix", "--", "tests"]);
            }
            scope.spawn(move || {
                for _ in 0..RUNS {
                    let mut run = Command::new(program);
                    run.args(suite.arguments()).current_dir(&tree).stdout(Stdio::null()).stderr(Stdio::null());
                    let passed = run.status().expect("the runner can be started").success();
                    assert_eq!(passed, !tests, "{name}");
                }
            });
        }
    });
    start.elapsed()
}
