//! Ruby's rspec, by its JSON report.

use std::path::Path;

use serde::Deserialize;

use super::reported::{Call, Report, Reporting, Status};
use super::{Place, Program, has};
use crate::affected::Scope;
use crate::proof::run::{Mark, Marks, add};

pub struct Rspec(pub Program);

pub fn is_project(directory: &Path) -> bool {
    has(directory, &[".rspec", "spec/spec_helper.rb", "spec/rails_helper.rb", "spec"])
}

impl Rspec {
    fn program(&self, place: &Place) -> Vec<String> {
        match place.directory.join("Gemfile").is_file() {
            true => self.0.or(&["bundle", "exec", "rspec"]),
            false => self.0.or(&["rspec"]),
        }
    }
}

#[derive(Deserialize)]
struct Results {
    examples: Vec<Example>,
    summary: Summary,
    #[serde(default)]
    messages: Vec<String>,
}

#[derive(Deserialize)]
struct Example {
    file_path: String,
    full_description: String,
    status: String,
    exception: Option<Exception>,
}

#[derive(Deserialize)]
struct Exception {
    class: String,
    #[serde(default)]
    message: String,
}

#[derive(Deserialize)]
struct Summary {
    #[serde(default)]
    errors_outside_of_examples_count: usize,
}

impl Reporting for Rspec {
    fn name(&self) -> &'static str {
        "rspec"
    }

    fn version(&self, place: &Place) -> Vec<String> {
        [self.program(place), vec!["--version".to_owned()]].concat()
    }

    fn install(&self) -> &'static str {
        "bundle install, or gem install rspec"
    }

    fn is_test_file(&self, path: &str) -> bool {
        path.ends_with("_spec.rb")
    }

    fn file_of(&self, test: &str, place: &Place) -> Option<String> {
        let (file, _) = test.split_once(" > ")?;
        place.directory.join(file).is_file().then(|| file.to_owned())
    }

    fn call(&self, place: &Place, scope: &Scope) -> Call {
        let mut arguments = self.program(place);
        arguments.extend(["--format", "json", "--out"].map(str::to_owned));
        arguments.push(place.scratch.join("rspec.json").display().to_string());
        arguments.extend(self.0.arguments.clone());
        arguments.extend(scope.files.iter().map(|file| format!("./{file}")));
        Call { arguments, environment: Vec::new() }
    }

    fn report(&self, place: &Place) -> Report {
        Report::File(place.scratch.join("rspec.json"))
    }

    fn read(&self, report: &[u8], _: &Place) -> Result<Marks, String> {
        let results: Results =
            serde_json::from_slice(report).map_err(|error| format!("the report is not whole: {error}"))?;
        let mut marks = Marks::new();
        for example in results.examples {
            let mark = match (example.status.as_str(), example.exception) {
                ("passed", _) => Mark::Passed,
                ("failed", Some(exception)) => failed(&exception),
                ("failed", None) => Mark::Failed(String::new()),
                _ => Mark::Skipped,
            };
            let file = example.file_path.trim_start_matches("./");
            add(&mut marks, format!("{file} > {}", example.full_description), mark);
        }
        if results.summary.errors_outside_of_examples_count > 0 {
            let message =
                results.messages.iter().flat_map(|message| message.lines()).find(|line| !line.trim().is_empty());
            let reason = message.unwrap_or("an error outside of the examples").trim().to_owned();
            add(&mut marks, "outside of the examples".to_owned(), Mark::Invalid(reason));
        }
        Ok(marks)
    }

    fn means(&self, status: i32) -> Status {
        if status == 0 { Status::Passed } else { Status::Unclear }
    }
}

fn failed(exception: &Exception) -> Mark {
    let first = exception.message.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let reason = format!("{}: {first}", exception.class);
    match exception.class.as_str() {
        "LoadError" | "SyntaxError" => Mark::Invalid(reason),
        _ => Mark::Failed(reason),
    }
}
