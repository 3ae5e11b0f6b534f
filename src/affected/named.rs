//! Where nothing else is known: tests whose names are those of the changed files, then those nearby.

use super::{Question, Scope, Selection, files, name};
use crate::domain::proof::Confidence;

/// The endings of the languages that are looked for by name.
const ENDINGS: &[&str] = &[".rb", ".php"];

pub fn select(question: &Question<'_>) -> Selection {
    let all = files(question.directory, ENDINGS);
    let tests: Vec<&String> = all.iter().filter(|file| (question.is_test)(file) && is_runnable(file)).collect();
    let mut scope = Scope::default();
    let mut by_place = false;
    for changed in question.changed.iter().filter(|path| !(question.is_test)(path)) {
        let stem = stem(changed);
        let named = tests.iter().filter(|test| stem_of_test(test) == stem);
        let mut found: Vec<String> = named.map(|test| (*test).clone()).collect();
        if found.is_empty() {
            by_place = true;
            let place = folder(changed);
            found = tests.iter().filter(|test| name(folder(test)) == name(place)).map(|test| (*test).clone()).collect();
        }
        if found.is_empty() {
            return Selection::everything(format!(
                "no test is named after `{changed}`, or in a folder named as its own"
            ));
        }
        scope.files.extend(found);
    }
    let how = if by_place { "names, and by folders" } else { "names" };
    Selection { scope, confidence: Confidence::Low, reason: format!("the tests of the changed files, by their {how}") }
}

/// Whether it is a file of tests, rather than one that supports them.
fn is_runnable(file: &str) -> bool {
    file.ends_with("_spec.rb") || file.ends_with("Test.php") || file.ends_with("_test.rb")
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn stem(path: &str) -> String {
    let name = name(path);
    name.split('.').next().unwrap_or(name).to_lowercase()
}

/// The name without what makes it a test's: `invoice_spec`, `InvoiceTest`.
fn stem_of_test(path: &str) -> String {
    let stem = stem(path);
    let plain = ["_spec", "_test", "test"].iter().find_map(|end| stem.strip_suffix(end));
    plain.unwrap_or(&stem).to_owned()
}
