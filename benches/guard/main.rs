//! How good the guard is, and how fast.
//!
//!     cargo bench --bench guard -- [agreement|speed] [--repos DIR] [--show NAME]
//!
//! `cargo test --bench guard` measures the speed in a small repository, once, to see that it works.
//!
//! Agreement: what the guard finds in changes that were read and labelled by hand, as precision and
//! recall of each check. The small patches in patches.toml need nothing; the commits of public
//! repositories in labelled.toml are read from DIR, where `owner/name` lies as `owner+name`,
//! `owner/name` or `name`, with a work tree or bare (docs/guard.md tells how to get them).

mod agreement;
mod labelled;
mod speed;

use std::path::PathBuf;

use clap::Parser;

/// Measures the guard.
#[derive(Debug, Parser)]
struct Args {
    /// What to measure [default: both]
    only: Vec<String>,
    /// Where the repositories of labelled.toml are
    #[arg(long)]
    repos: Option<PathBuf>,
    /// Print all that is found in the changes whose names have this
    #[arg(long)]
    show: Option<String>,
    /// `cargo bench` says this to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let args = Args::parse();
    let wanted = |name: &str| args.only.is_empty() || args.only.iter().any(|only| only == name);
    if wanted("agreement") {
        agreement::run(args.repos.as_deref(), args.show.as_deref());
    }
    if wanted("speed") {
        speed::run(if args.bench { speed::MEASURED } else { speed::TRIED });
    }
}
