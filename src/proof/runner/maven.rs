//! Maven, by surefire's JUnit reports.

use std::path::Path;

use super::reported::{Call, Report, Reporting, Status, marks};
use super::{Place, Program, has};
use crate::affected::Scope;
use crate::proof::run::{Mark, Marks};

pub struct Maven(pub Program);

pub fn is_project(directory: &Path) -> bool {
    has(directory, &["pom.xml"])
}

impl Maven {
    fn program(&self, place: &Place) -> Vec<String> {
        let own = if place.directory.join("mvnw").is_file() { "./mvnw" } else { "mvn" };
        self.0.or(&[own])
    }
}

impl Reporting for Maven {
    fn name(&self) -> &'static str {
        "maven"
    }

    fn version(&self, place: &Place) -> Vec<String> {
        [self.program(place), vec!["--version".to_owned()]].concat()
    }

    fn install(&self) -> &'static str {
        "install Maven, or add its wrapper with `mvn wrapper:wrapper`"
    }

    fn keeps(&self) -> &'static [&'static str] {
        &["target"]
    }

    fn call(&self, place: &Place, scope: &Scope) -> Call {
        let mut arguments = self.program(place);
        arguments.extend(["--batch-mode", "--quiet", "--fail-at-end"].map(str::to_owned));
        // Then the exit status means whether it builds, and the reports have which tests failed.
        arguments.extend(["-Dmaven.test.failure.ignore=true", "-DtrimStackTrace=true"].map(str::to_owned));
        arguments.extend(self.0.arguments.clone());
        if !scope.everything && !scope.packages.is_empty() {
            let modules: Vec<_> = scope.packages.iter().cloned().collect();
            arguments.extend(["--projects".to_owned(), modules.join(","), "--also-make".to_owned()]);
        }
        arguments.push("test".to_owned());
        Call { arguments, environment: Vec::new() }
    }

    fn report(&self, _: &Place) -> Report {
        Report::Within { directory: "surefire-reports", ending: ".xml" }
    }

    fn read(&self, report: &[u8], _: &Place) -> Result<Marks, String> {
        // An error is an exception, such as the one that the incident is about.
        marks(report, |case| format!("{}.{}", case.class, case.name), Mark::Failed)
    }

    fn means(&self, status: i32) -> Status {
        // Failed tests are in the reports alone.
        if status == 0 { Status::Reported } else { Status::Broken }
    }
}
