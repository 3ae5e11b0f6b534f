//! Any command that writes JUnit XML to the path in HOTFIX_REPORT.

use serde::Deserialize;

use super::Place;
use super::reported::{Call, Report, Reporting, Status, marks};
use crate::affected::Scope;
use crate::proof::run::{Mark, Marks};
use crate::value::CommandLine;

/// How the tests are run.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Runs the tests in the files, labels or projects that HOTFIX_TESTS names, a line each, or all where
    /// it is empty, and writes the report to the file HOTFIX_REPORT, or makes a directory of that name with
    /// any number of files in it. Ends with status 0 where all passed.
    pub run: CommandLine,
}

pub struct Command(pub Config);

impl Reporting for Command {
    fn name(&self) -> &'static str {
        "command"
    }

    fn version(&self, _: &Place) -> Vec<String> {
        vec!["true".to_owned()]
    }

    fn install(&self) -> &'static str {
        "correct proof.by.command.run in hotfix.toml"
    }

    fn call(&self, place: &Place, scope: &Scope) -> Call {
        let report = place.scratch.join("report.xml").display().to_string();
        let tests = scope.files.union(&scope.packages).cloned().collect::<Vec<_>>().join("\n");
        let environment = vec![("HOTFIX_REPORT".to_owned(), report), ("HOTFIX_TESTS".to_owned(), tests)];
        Call { arguments: self.0.run.arguments(), environment }
    }

    fn report(&self, place: &Place) -> Report {
        Report::File(place.scratch.join("report.xml"))
    }

    fn read(&self, report: &[u8], _: &Place) -> Result<Marks, String> {
        marks(report, |case| format!("{}::{}", case.class, case.name), Mark::Invalid)
    }

    fn means(&self, status: i32) -> Status {
        if status == 0 { Status::Passed } else { Status::Unclear }
    }
}
