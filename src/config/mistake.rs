//! Mistakes in a file of settings, underlined, with the nearest name that there is.

use std::path::Path;

use miette::{LabeledSpan, NamedSource};
use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;

/// A configuration that can't be used, with the place of the mistake if it is in the project's file.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[error("{message}")]
pub struct ConfigError {
    message: String,
    #[source_code]
    source_code: Option<NamedSource<String>>,
    #[label(collection)]
    labels: Vec<LabeledSpan>,
    #[help]
    pub(super) help: Option<String>,
}

/// Returns the tables in `text`, the content of the file `path`.
pub fn table(path: &Path, text: &str) -> Result<toml::Table, Box<ConfigError>> {
    text.parse::<toml::Table>().map_err(|error| underlined(path, text, &error))
}

/// Returns the value in `merged`; a mistake in the project's own file is underlined there. The keys of the table
/// `keyed` are names too.
pub fn typed<T: DeserializeOwned>(
    merged: toml::Table,
    own: Option<(&Path, &str)>,
    keyed: &str,
) -> Result<T, Box<ConfigError>> {
    serde_path_to_error::deserialize(toml::Value::Table(merged)).map_err(|error| {
        let mut path: Vec<String> = error.path().iter().map(part).collect();
        let message = error.inner().message().to_owned();
        let names = backticked(&message);
        let is_no_name = path.first().is_some_and(|part| part == keyed) && message.starts_with("unknown variant");
        // The key of a map has no path of its own: the message names it.
        if let (true, Some(last), Some(unknown)) = (is_no_name, path.last_mut(), names.first()) {
            last.clone_from(unknown);
        }
        if (message.starts_with("unknown field") || is_no_name)
            && let Some((unknown, known)) = names.split_first()
        {
            let message = format!("there is no setting `{}`", path.join("."));
            let nearest = known.iter().max_by(|a, b| likeness(unknown, a).total_cmp(&likeness(unknown, b)));
            let help = nearest.map(|name| match likeness(unknown, name) > 0.6 {
                true => format!("did you mean `{name}`?"),
                false => format!("settings here: {}", known.join(", ")),
            });
            return placed(own, &path, message, help);
        }
        placed(own, &path, format!("`{}`: {message}", path.join(".")), None)
    })
}

/// A part of a path: the name of a setting, or the index in a list.
fn part(segment: &Segment) -> String {
    match segment {
        Segment::Seq { index } => index.to_string(),
        segment => segment.to_string(),
    }
}

/// How alike two names are, from 0 to 1 (Jaro-Winkler).
pub fn likeness(a: &str, b: &str) -> f64 {
    strsim::jaro_winkler(a, b)
}

/// The names in backticks in an error message of serde's.
fn backticked(message: &str) -> Vec<String> {
    message.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// An error at the place where `path` is set in the project's file, if it is.
pub fn placed(own: Option<(&Path, &str)>, path: &[String], message: String, help: Option<String>) -> Box<ConfigError> {
    let span = own.and_then(|(file, text)| Some((file, text, span(text, path)?)));
    let Some((file, text, span)) = span else { return plain(&message).helped(help) };
    let label = LabeledSpan::underline(span);
    let source_code = Some(NamedSource::new(file.display().to_string(), text.to_owned()));
    Box::new(ConfigError { message, source_code, labels: vec![label], help })
}

/// The place in `text` of the last part of `path` that exists.
fn span(text: &str, path: &[String]) -> Option<std::ops::Range<usize>> {
    let document = toml::de::DeTable::parse(text).ok()?;
    let (first, rest) = path.split_first()?;
    let (key, mut value) = document.get_ref().get_key_value(first.as_str())?;
    let mut found = if rest.is_empty() { key.span() } else { value.span() };
    for part in rest {
        let next = match value.get_ref() {
            toml::de::DeValue::Table(table) => {
                table.get_key_value(part.as_str()).map(|(key, value)| (key.span(), value))
            }
            toml::de::DeValue::Array(array) => {
                part.parse::<usize>().ok().and_then(|index| array.get(index)).map(|value| (value.span(), value))
            }
            _ => None,
        };
        let Some((place, inner)) = next else { break };
        found = place;
        value = inner;
    }
    Some(found)
}

fn underlined(path: &Path, text: &str, error: &toml::de::Error) -> Box<ConfigError> {
    Box::new(ConfigError {
        message: format!("`{}` is not valid TOML: {}", path.display(), error.message()),
        source_code: Some(NamedSource::new(path.display().to_string(), text.to_owned())),
        labels: error.span().map(LabeledSpan::underline).into_iter().collect(),
        help: None,
    })
}

impl ConfigError {
    /// The same with advice.
    pub fn helped(mut self: Box<ConfigError>, help: Option<String>) -> Box<ConfigError> {
        self.help = help;
        self
    }
}

/// An error without a place.
pub fn plain(message: &str) -> Box<ConfigError> {
    Box::new(ConfigError { message: message.to_owned(), source_code: None, labels: Vec::new(), help: None })
}
