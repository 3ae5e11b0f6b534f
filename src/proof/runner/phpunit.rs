//! PHP's PHPUnit, by its JUnit report.

use std::path::Path;

use super::reported::{Call, Report, Reporting, Status, marks};
use super::{Place, Program, has};
use crate::affected::Scope;
use crate::proof::run::{Mark, Marks};

pub struct Phpunit(pub Program);

pub fn is_project(directory: &Path) -> bool {
    has(directory, &["phpunit.xml", "phpunit.xml.dist", "phpunit.dist.xml"])
}

impl Phpunit {
    fn program(&self, place: &Place) -> Vec<String> {
        let own = if place.directory.join("vendor/bin/phpunit").exists() { "vendor/bin/phpunit" } else { "phpunit" };
        self.0.or(&[own])
    }
}

impl Reporting for Phpunit {
    fn name(&self) -> &'static str {
        "phpunit"
    }

    fn version(&self, place: &Place) -> Vec<String> {
        [self.program(place), vec!["--version".to_owned()]].concat()
    }

    fn install(&self) -> &'static str {
        "composer install, or set proof.prepare = [\"composer\", \"install\"] in hotfix.toml"
    }

    fn call(&self, place: &Place, scope: &Scope) -> Call {
        let mut arguments = self.program(place);
        arguments.extend(["--log-junit".to_owned(), place.scratch.join("phpunit.xml").display().to_string()]);
        arguments.extend(self.0.arguments.clone());
        // It takes one file at most; several are all.
        if scope.files.len() == 1 {
            arguments.extend(scope.files.iter().map(|file| format!("./{file}")));
        }
        Call { arguments, environment: Vec::new() }
    }

    fn report(&self, place: &Place) -> Report {
        Report::File(place.scratch.join("phpunit.xml"))
    }

    fn read(&self, report: &[u8], _: &Place) -> Result<Marks, String> {
        // An error is an exception, such as the one that the incident is about; a class or a missing function
        // makes the result invalid.
        let errored = |reason: String| match reason.contains("Call to undefined") || reason.contains("not found") {
            true => Mark::Invalid(reason),
            false => Mark::Failed(reason),
        };
        marks(report, |case| format!("{}::{}", case.class, case.name), errored)
    }

    fn means(&self, status: i32) -> Status {
        match status {
            0 => Status::Passed,
            1 => Status::Failed,
            // Exceptions, and failures to start.
            _ => Status::Unclear,
        }
    }
}
