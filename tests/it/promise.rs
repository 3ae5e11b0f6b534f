//! What `--json` prints is what docs/schema promises, whichever test runs the program.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::{LazyLock, OnceLock};

use jsonschema::Validator;
use serde_json::Value;

use super::Output;

/// The schema of each command, and of errors, made ready when it is first wanted.
static SCHEMAS: LazyLock<BTreeMap<String, OnceLock<Validator>>> = LazyLock::new(|| {
    let files = fs::read_dir(folder()).expect("docs/schema is there");
    let stems = files.filter_map(|file| Some(file.ok()?.path().file_stem()?.to_string_lossy().into_owned()));
    stems.map(|stem| (stem, OnceLock::new())).collect()
});

/// Panics where `command` has `--json` and printed what its schema does not allow. What a signal cut off
/// is not looked at.
pub fn hold(command: &Command, output: &Output) {
    let arguments: Vec<_> = command.get_args().map(|argument| argument.to_string_lossy()).collect();
    if output.status.is_none() || !arguments.iter().any(|argument| argument == "--json") {
        return;
    }
    let name = name(&arguments).unwrap_or_else(|| panic!("no command is named by {arguments:?}"));
    let documents = documents(&output.stdout).unwrap_or_else(|| panic!("not JSON: {output}"));
    let broken: Vec<String> = documents.iter().flat_map(|document| breaches(name, document)).collect();
    assert!(broken.is_empty(), "docs/schema has no such output of `{name}`: {broken:#?}\n{output}");
}

/// The commands that have a schema, and `error`.
pub fn names() -> impl Iterator<Item = &'static str> {
    SCHEMAS.keys().map(String::as_str)
}

/// What is wrong with a document that a command printed; nothing where it is as promised.
pub fn breaches(command: &str, document: &Value) -> Vec<String> {
    let is_error = document.as_object().is_some_and(|object| object.keys().eq(["error"]));
    let name = if is_error { "error" } else { command };
    let validator = SCHEMAS.get(name).expect("it has a schema").get_or_init(|| validator(name));
    validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// The command among the arguments; what begins with a title is `start`.
fn name<'a>(arguments: &'a [std::borrow::Cow<'_, str>]) -> Option<&'a str> {
    let is_title = |argument: &str| argument.contains(' ') && !argument.starts_with('-');
    arguments.iter().find_map(|argument| match argument.as_ref() {
        known if SCHEMAS.contains_key(known) => Some(known),
        title if is_title(title) => Some("start"),
        _ => None,
    })
}

/// One document, or one on each line.
fn documents(text: &str) -> Option<Vec<Value>> {
    match serde_json::from_str(text) {
        Ok(document) => Some(vec![document]),
        Err(_) => text.lines().map(|line| serde_json::from_str(line).ok()).collect(),
    }
}

fn validator(name: &str) -> Validator {
    let text = fs::read_to_string(folder().join(format!("{name}.json"))).expect("it was listed");
    let schema: Value = serde_json::from_str(&text).expect("a schema is JSON");
    jsonschema::validator_for(&schema).expect("a schema is right")
}

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/schema"))
}
