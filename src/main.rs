#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    hotfix::cli::main()
}
