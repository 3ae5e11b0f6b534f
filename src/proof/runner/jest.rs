//! JavaScript's jest, by its JSON report.

use std::path::Path;

use serde::Deserialize;

use super::reported::{Call, Report, Reporting, Status, within};
use super::{Place, Program, has};
use crate::affected::Scope;
use crate::proof::run::{self, Mark, Marks, add};

pub struct Jest(pub Program);

pub fn is_project(directory: &Path) -> bool {
    let configured = ["jest.config.js", "jest.config.ts", "jest.config.mjs", "jest.config.cjs", "jest.config.json"];
    has(directory, &configured) || package_names(directory, "\"jest\"")
}

/// Whether the package.json has this text somewhere.
pub fn package_names(directory: &Path, text: &str) -> bool {
    std::fs::read_to_string(directory.join("package.json")).is_ok_and(|package| package.contains(text))
}

/// Whether a file is one of tests by the names that jest and vitest look for.
pub fn is_test_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    [".test.", ".spec."].iter().any(|part| name.contains(part)) && !name.ends_with(".snap")
}

/// The file that begins the name of a test.
pub fn file_of(test: &str, place: &Place) -> Option<String> {
    let (file, _) = test.split_once(" > ")?;
    place.directory.join(file).is_file().then(|| file.to_owned())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Results {
    test_results: Vec<File>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    name: String,
    status: String,
    #[serde(default)]
    message: String,
    assertion_results: Vec<Assertion>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Assertion {
    full_name: String,
    status: String,
    #[serde(default)]
    failure_messages: Vec<String>,
}

impl Reporting for Jest {
    fn name(&self) -> &'static str {
        "jest"
    }

    fn version(&self, _: &Place) -> Vec<String> {
        [self.0.or(&["node_modules/.bin/jest"]), vec!["--version".to_owned()]].concat()
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
        let mut arguments = self.0.or(&["node_modules/.bin/jest"]);
        arguments.extend(["--ci", "--json", "--passWithNoTests"].map(str::to_owned));
        arguments.push(format!("--outputFile={}", place.scratch.join("jest.json").display()));
        arguments.push(format!("--cacheDirectory={}", place.build.join("jest").display()));
        arguments.extend(self.0.arguments.clone());
        if !scope.everything {
            arguments.push("--findRelatedTests".to_owned());
            arguments.extend(scope.related.union(&scope.files).map(|file| format!("./{file}")));
        }
        Call { arguments, environment: Vec::new() }
    }

    fn report(&self, place: &Place) -> Report {
        Report::File(place.scratch.join("jest.json"))
    }

    fn read(&self, report: &[u8], place: &Place) -> Result<Marks, String> {
        let results: Results =
            serde_json::from_slice(report).map_err(|error| format!("the report is not whole: {error}"))?;
        let mut marks = Marks::new();
        for file in results.test_results {
            let path = run::name(&within(&file.name, place));
            if file.status == "failed" && file.assertion_results.is_empty() {
                let reason = file.message.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
                add(&mut marks, path.clone(), Mark::Invalid(reason.trim().to_owned()));
            }
            for test in file.assertion_results {
                let reason = test.failure_messages.first().and_then(|message| message.lines().next());
                let mark = match test.status.as_str() {
                    "passed" => Mark::Passed,
                    "failed" => failed(reason.unwrap_or_default()),
                    _ => Mark::Skipped,
                };
                add(&mut marks, format!("{path} > {}", test.full_name), mark);
            }
        }
        Ok(marks)
    }

    fn means(&self, status: i32) -> Status {
        if status == 0 { Status::Passed } else { Status::Unclear }
    }
}

fn failed(reason: &str) -> Mark {
    let not_run = reason.contains("Exceeded timeout of") || reason.starts_with("Error: Cannot find module");
    let reason = reason.to_owned();
    if not_run { Mark::Invalid(reason) } else { Mark::Failed(reason) }
}
