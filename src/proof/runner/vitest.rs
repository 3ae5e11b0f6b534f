//! JavaScript's vitest, by its JUnit report.

use std::path::Path;

use super::jest::{file_of, is_test_file, package_names};
use super::reported::{Call, Report, Reporting, Status, marks};
use super::{Place, Program, has};
use crate::affected::Scope;
use crate::proof::junit::End;
use crate::proof::run::{Mark, Marks};

pub struct Vitest(pub Program);

pub fn is_project(directory: &Path) -> bool {
    has(directory, &["vitest.config.ts", "vitest.config.js", "vitest.config.mts", "vitest.config.mjs"])
        || package_names(directory, "\"vitest\"")
}

impl Reporting for Vitest {
    fn name(&self) -> &'static str {
        "vitest"
    }

    fn version(&self, _: &Place) -> Vec<String> {
        [self.0.or(&["node_modules/.bin/vitest"]), vec!["--version".to_owned()]].concat()
    }

    fn install(&self) -> &'static str {
        "npm ci in the repository, or set proof.prepare = [\"npm\", \"ci\"] in hotfix.toml"
    }

    fn is_test_file(&self, path: &str) -> bool {
        is_test_file(path)
    }

    fn file_of(&self, test: &str, place: &Place) -> Option<String> {
        file_of(test, place)
    }

    fn call(&self, place: &Place, scope: &Scope) -> Call {
        let mut arguments = self.0.or(&["node_modules/.bin/vitest"]);
        match scope.everything {
            true => arguments.push("run".to_owned()),
            false => {
                arguments.push("related".to_owned());
                arguments.extend(scope.related.union(&scope.files).map(|file| format!("./{file}")));
                arguments.push("--run".to_owned());
            }
        }
        arguments.extend(["--reporter=junit", "--passWithNoTests"].map(str::to_owned));
        arguments.push(format!("--outputFile={}", place.scratch.join("vitest.xml").display()));
        arguments.extend(self.0.arguments.clone());
        Call { arguments, environment: vec![("CI".to_owned(), "1".to_owned())] }
    }

    fn report(&self, place: &Place) -> Report {
        Report::File(place.scratch.join("vitest.xml"))
    }

    fn read(&self, report: &[u8], _: &Place) -> Result<Marks, String> {
        // A file that can't be loaded is reported as a failed test with the file's own name.
        let mut loaded = marks(report, |case| format!("{} > {}", case.class, case.name), Mark::Failed)?;
        for case in crate::proof::junit::read(report)? {
            if case.class == case.name
                && let End::Failed(reason) | End::Errored(reason) = case.ended
            {
                loaded.insert(format!("{} > {}", case.class, case.name), Mark::Invalid(reason));
            }
        }
        Ok(loaded)
    }

    fn means(&self, status: i32) -> Status {
        if status == 0 { Status::Passed } else { Status::Unclear }
    }
}
