//! Rust's cargo-nextest, by its JUnit report.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::reported::{Call, Report, Reporting, Status, marks};
use super::{Place, Program, cargo};
use crate::affected::Scope;
use crate::process::is_on_path;
use crate::proof::run::{Mark, Marks};

pub struct Nextest(pub Program);

pub fn is_project(directory: &Path) -> bool {
    cargo::is_project(directory) && is_on_path("cargo-nextest")
}

/// A profile beside the project's own, which sets where the report goes.
fn profile(place: &Place) -> String {
    let report = toml::Value::String(report(place).display().to_string());
    format!("[profile.hotfix.junit]\npath = {report}\nstore-success-output = false\n")
}

fn report(place: &Place) -> PathBuf {
    place.scratch.join("nextest.xml")
}

impl Nextest {
    fn arguments(&self, place: &Place, scope: &Scope) -> Vec<String> {
        let mut arguments = self.0.or(&["cargo", "nextest"]);
        arguments.extend(["run", "--profile=hotfix", "--tool-config-file"].map(str::to_owned));
        arguments.push(format!("hotfix:{}", config(place).display()));
        arguments.extend(cargo::packages(scope, &place.directory));
        arguments.extend(self.0.arguments.clone());
        arguments
    }
}

/// The most bytes of a filter; with a longer one all tests are run.
const FILTER: usize = 64 << 10;

/// What makes nextest run these tests alone (its "Filterset DSL reference"); nothing for all.
fn filter(names: &BTreeSet<String>) -> Option<String> {
    let is_plain = |name: &str| name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | ':' | '-'));
    let each = names.iter().map(|name| {
        let (binary, test) = name.split_once(' ')?;
        (is_plain(binary) && is_plain(test)).then(|| format!("(binary_id(={binary}) & test(={test}))"))
    });
    let filter = each.collect::<Option<Vec<_>>>()?.join(" | ");
    (!filter.is_empty() && filter.len() < FILTER).then(|| format!("--filterset={filter}"))
}

fn config(place: &Place) -> PathBuf {
    place.scratch.join("nextest.toml")
}

impl Reporting for Nextest {
    fn name(&self) -> &'static str {
        "nextest"
    }

    fn version(&self, _: &Place) -> Vec<String> {
        [self.0.or(&["cargo", "nextest"]), vec!["--version".to_owned()]].concat()
    }

    fn install(&self) -> &'static str {
        "cargo install cargo-nextest --locked"
    }

    fn takes_names(&self) -> bool {
        true
    }

    fn builds(&self) -> bool {
        true
    }

    fn prepare(&self, place: &Place) -> std::io::Result<()> {
        std::fs::write(config(place), profile(place))
    }

    fn build(&self, place: &Place, scope: &Scope) -> Option<Call> {
        let mut arguments = self.arguments(place, scope);
        arguments.push("--no-run".to_owned());
        Some(Call { arguments, environment: cargo::environment(place) })
    }

    fn call(&self, place: &Place, scope: &Scope) -> Call {
        let mut arguments = self.arguments(place, scope);
        arguments.extend(filter(&scope.names));
        arguments.extend(["--no-fail-fast", "--retries=0"].map(str::to_owned));
        Call { arguments, environment: cargo::environment(place) }
    }

    fn report(&self, place: &Place) -> Report {
        Report::File(report(place))
    }

    fn read(&self, report: &[u8], _: &Place) -> Result<Marks, String> {
        // The suite is the test program; a program that can't be run at all is an error.
        let errored = |reason: String| match reason.contains("timeout") {
            true => Mark::Invalid(reason),
            false => Mark::Failed(reason),
        };
        marks(report, |case| format!("{} {}", case.suite, case.name), errored)
    }

    /// nextest-metadata, NextestExitCode.
    fn means(&self, status: i32) -> Status {
        match status {
            0 => Status::Passed,
            100 => Status::Failed,
            4 => Status::Empty,
            _ => Status::Broken,
        }
    }
}
