//! Why a command failed.

use schemars::JsonSchema;
use serde::Serialize;

use crate::app::error::Kind;

/// An error, printed by any command instead of its own output.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ErrorView {
    pub error: Problem,
}

/// What failed, and what to type next.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "Error")]
pub struct Problem {
    pub kind: ErrorKind,
    /// The same in more detail.
    pub code: Kind,
    pub message: String,
    /// The commands to type next, or what else to do.
    pub hints: Vec<String>,
}

/// What kind of error it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorKind {
    /// Exit status 1.
    Failed,
    /// The command line or the configuration is wrong; exit status 2.
    Usage,
    /// Somebody else has to act first; exit status 3.
    Held,
}

impl ErrorView {
    pub fn new(code: Kind, message: &str, hints: &[String]) -> ErrorView {
        let kind = match code {
            Kind::Usage => ErrorKind::Usage,
            Kind::Held | Kind::Elsewhere => ErrorKind::Held,
            Kind::NotFound | Kind::Refused | Kind::Conflict | Kind::Failed | Kind::Bug => ErrorKind::Failed,
        };
        ErrorView { error: Problem { kind, code, message: message.to_owned(), hints: hints.to_vec() } }
    }
}
