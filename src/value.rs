//! The types of settings, besides plain ones.

use std::fmt;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use jiff::SpanRelativeTo;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// The longest length of time, in seconds: ten years. Any sum of a few is still a date.
const LONGEST: u64 = 10 * 366 * 24 * 60 * 60;

/// A length of time, written `30s`, `15m` or `1h 30m`; at most ten years.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Length(pub Duration);

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Length, D::Error> {
        Length::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl Length {
    pub fn parse(text: &str) -> Result<Length, String> {
        let length = text.parse::<jiff::Span>().ok();
        let length = length.and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()).ok());
        let length = length.and_then(|length| Duration::try_from(length).ok());
        match length {
            Some(length) if length.as_secs() <= LONGEST => Ok(Length(length)),
            Some(_) => Err(format!("`{text}` is longer than ten years")),
            None => Err(format!("`{text}` is not a length of time such as `30s`, `15m` or `2h`")),
        }
    }
}

/// A number of bytes, written `500 MB` or `20 GB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

/// The units of sizes, the largest first.
const UNITS: [(&str, u64); 4] = [("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)];

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Size, D::Error> {
        let text = String::deserialize(deserializer)?;
        let parsed = UNITS.iter().find_map(|(unit, bytes)| {
            let number: u64 = text.strip_suffix(unit)?.trim_end().parse().ok()?;
            number.checked_mul(*bytes)
        });
        parsed.map(Size).ok_or_else(|| D::Error::custom(format!("`{text}` is not a size such as `500 MB` or `20 GB`")))
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match UNITS.iter().find(|(_, bytes)| self.0 >= *bytes) {
            // Sizes are below 2^53 bytes, which a float has exactly.
            Some((unit, bytes)) => write!(f, "{:.1} {unit}", self.0 as f64 / *bytes as f64),
            None => write!(f, "{} B", self.0),
        }
    }
}

/// A command: a program with its arguments, or one line for `sh -c`. It gets its values through the
/// environment.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "a command is a list of arguments, or one line")]
pub enum CommandLine {
    Line(String),
    Arguments(Vec<String>),
}

impl CommandLine {
    /// Returns the program and its arguments.
    pub fn arguments(&self) -> Vec<String> {
        match self {
            CommandLine::Line(line) => vec!["sh".to_owned(), "-c".to_owned(), line.clone()],
            CommandLine::Arguments(arguments) => arguments.clone(),
        }
    }
}

impl fmt::Display for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CommandLine::Line(line) => f.write_str(line),
            CommandLine::Arguments(arguments) => f.write_str(&arguments.join(" ")),
        }
    }
}

/// A value that is never shown: the value itself, or the name of an environment variable or a file.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "a secret is { env = \"NAME\" }, { file = \"PATH\" }, or the value itself")]
pub enum Secret {
    Given(String),
    Env { env: String },
    File { file: PathBuf },
}

impl Secret {
    /// Returns the value; fails with the name of the variable or the file if it is missing.
    pub fn reveal(&self) -> Result<String, String> {
        match self {
            Secret::Given(value) => Ok(value.clone()),
            Secret::Env { env } => std::env::var(env).map_err(|_| format!("the environment has no `{env}`")),
            Secret::File { file } => std::fs::read_to_string(file)
                .map(|text| text.trim_end().to_owned())
                .map_err(|error| format!("`{}` can't be read: {error}", file.display())),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Secret::Given(_) => f.write_str("***"),
            Secret::Env { env } => write!(f, "${env}"),
            Secret::File { file } => write!(f, "<{}>", file.display()),
        }
    }
}

/// A pattern of paths or branch names, `*` and `**` as in .gitignore.
#[derive(Clone, Debug)]
pub struct Pattern {
    pub text: String,
    glob: globset::Glob,
    /// Made when it is first needed: most commands use few of the many patterns.
    matcher: OnceLock<globset::GlobMatcher>,
}

impl Pattern {
    pub fn new(text: &str) -> Result<Pattern, String> {
        let glob = globset::GlobBuilder::new(text).literal_separator(true).build();
        let glob = glob.map_err(|error| error.to_string())?;
        Ok(Pattern { text: text.to_owned(), glob, matcher: OnceLock::new() })
    }

    pub fn matches(&self, text: &str) -> bool {
        self.matcher.get_or_init(|| self.glob.compile_matcher()).is_match(text)
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Pattern, D::Error> {
        Pattern::new(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}
