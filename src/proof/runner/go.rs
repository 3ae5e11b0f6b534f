//! Go's own tests, by the events that `go test -json` prints.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Deserialize;

use super::reported::{Call, Report, Reporting, Status};
use super::{Place, Program, has};
use crate::affected::Scope;
use crate::proof::run::{Mark, Marks, add};

pub struct Go(pub Program);

pub fn is_project(directory: &Path) -> bool {
    has(directory, &["go.mod"])
}

/// One event (`go doc test2json`).
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event {
    action: String,
    #[serde(default)]
    package: String,
    #[serde(default)]
    test: String,
    #[serde(default)]
    output: String,
}

impl Reporting for Go {
    fn name(&self) -> &'static str {
        "go"
    }

    fn version(&self, _: &Place) -> Vec<String> {
        [self.0.or(&["go"]), vec!["version".to_owned()]].concat()
    }

    fn install(&self) -> &'static str {
        "install Go, https://go.dev/dl"
    }

    fn call(&self, place: &Place, scope: &Scope) -> Call {
        let mut arguments = self.0.or(&["go"]);
        arguments.extend(["test", "-json", "-count=1"].map(str::to_owned));
        arguments.push(format!("-timeout={}s", place.limit.as_secs().max(1)));
        arguments.extend(self.0.arguments.clone());
        match scope.everything || scope.packages.is_empty() {
            true => arguments.push("./...".to_owned()),
            false => arguments.extend(scope.packages.iter().cloned()),
        }
        Call { arguments, environment: Vec::new() }
    }

    fn report(&self, _: &Place) -> Report {
        Report::Stdout
    }

    fn read(&self, report: &[u8], _: &Place) -> Result<Marks, String> {
        let mut marks = Marks::new();
        let mut reasons = std::collections::HashMap::new();
        let (mut failed_packages, mut with_failed_test) = (BTreeSet::new(), BTreeSet::new());
        // Before Go 1.24 a package that does not build is reported by a line that is no event.
        for line in report.split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"{")) {
            let event: Event =
                serde_json::from_slice(line).map_err(|error| format!("the report is not whole: {error}"))?;
            let name = format!("{}.{}", event.package, event.test);
            match (event.action.as_str(), event.test.is_empty()) {
                ("output", false) => keep_reason(reasons.entry(name).or_default(), &event.output),
                ("pass", false) => add(&mut marks, name, Mark::Passed),
                ("skip", false) => add(&mut marks, name, Mark::Skipped),
                ("fail", false) => {
                    let mark = failed(reasons.remove(&name).unwrap_or_default());
                    add(&mut marks, name, mark);
                    with_failed_test.insert(event.package);
                }
                ("fail", true) => _ = failed_packages.insert(event.package),
                _ => {}
            }
        }
        for package in failed_packages.difference(&with_failed_test) {
            add(&mut marks, package.clone(), Mark::Invalid("the package's tests could not be run".to_owned()));
        }
        Ok(marks)
    }

    fn means(&self, status: i32) -> Status {
        match status {
            0 => Status::Passed,
            1 => Status::Failed,
            _ => Status::Broken,
        }
    }
}

/// Keeps the most useful line: the first one that is not the test's own framing.
fn keep_reason(reason: &mut String, output: &str) {
    let line = output.trim();
    let is_time_out = line.starts_with("panic: test timed out");
    if (reason.is_empty() || is_time_out) && !line.is_empty() && !line.starts_with("===") && !line.starts_with("---") {
        reason.clear();
        reason.extend(line.chars().take(300));
    }
}

fn failed(reason: String) -> Mark {
    if reason.starts_with("panic: test timed out") { Mark::Invalid(reason) } else { Mark::Failed(reason) }
}
