//! Gradle, by its JUnit reports.

use std::path::Path;

use super::reported::{Call, Report, Reporting, Status, marks};
use super::{Place, Program, has};
use crate::affected::Scope;
use crate::proof::run::{Mark, Marks};

pub struct Gradle(pub Program);

pub fn is_project(directory: &Path) -> bool {
    has(directory, &["settings.gradle", "settings.gradle.kts", "build.gradle", "build.gradle.kts"])
}

impl Gradle {
    fn program(&self, place: &Place) -> Vec<String> {
        let own = if place.directory.join("gradlew").is_file() { "./gradlew" } else { "gradle" };
        self.0.or(&[own])
    }
}

impl Reporting for Gradle {
    fn name(&self) -> &'static str {
        "gradle"
    }

    fn version(&self, place: &Place) -> Vec<String> {
        [self.program(place), vec!["--version".to_owned()]].concat()
    }

    fn install(&self) -> &'static str {
        "install Gradle, or add its wrapper with `gradle wrapper`"
    }

    fn keeps(&self) -> &'static [&'static str] {
        &["build", ".gradle"]
    }

    fn call(&self, place: &Place, scope: &Scope) -> Call {
        let mut arguments = self.program(place);
        // Gradle's own cache of results is off: each run is a run.
        arguments.extend(["--console=plain", "--continue", "--no-build-cache"].map(str::to_owned));
        arguments.extend(self.0.arguments.clone());
        let tasks = |module: &str| [format!("{module}cleanTest"), format!("{module}test")];
        match scope.everything || scope.packages.is_empty() {
            true => arguments.extend(tasks("")),
            false => arguments.extend(scope.packages.iter().flat_map(|module| tasks(&format!("{module}:")))),
        }
        Call { arguments, environment: Vec::new() }
    }

    fn report(&self, _: &Place) -> Report {
        Report::Within { directory: "test-results", ending: ".xml" }
    }

    fn read(&self, report: &[u8], _: &Place) -> Result<Marks, String> {
        marks(report, |case| format!("{}.{}", case.class, case.name), Mark::Failed)
    }

    fn means(&self, status: i32) -> Status {
        if status == 0 { Status::Passed } else { Status::Unclear }
    }
}
