//! The error type of the command line: what failed, and the command to type next.

use std::process::ExitCode;

use super::reply::Reply;
use crate::app::error::{AppError, Kind};
use crate::app::view::error::ErrorView;
use crate::config::mistake::ConfigError;
use crate::demo::error::SandboxError;
use crate::git::GitError;
use crate::git::backport::error::BackportError;

#[derive(Debug)]
pub struct CliError {
    kind: Kind,
    message: String,
    hints: Vec<String>,
}

impl CliError {
    pub fn failed(message: impl Into<String>) -> CliError {
        CliError { kind: Kind::Failed, message: message.into(), hints: Vec::new() }
    }

    pub fn usage(message: impl Into<String>) -> CliError {
        CliError { kind: Kind::Usage, ..CliError::failed(message) }
    }

    pub fn interrupted() -> CliError {
        CliError::failed("interrupted; what was recorded is kept, and a running deploy continues")
            .hint("`hotfix status` says how to continue")
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> CliError {
        self.hints.push(hint.into());
        self
    }

    /// Prints it on standard error, and with `--json` as JSON on standard output.
    pub fn print(self, json: bool) -> ExitCode {
        anstream::eprintln!("{}error:{} {}", super::show::BAD, super::show::PLAIN, self.message.trim_end());
        for hint in &self.hints {
            anstream::eprintln!("{}hint:{} {hint}", super::show::STRONG, super::show::PLAIN);
        }
        let exit = exit(self.kind);
        if json {
            let view = ErrorView::new(self.kind, &self.message, &self.hints);
            Reply { exit, ..Reply::new("", view) }.print(true);
        }
        ExitCode::from(exit)
    }
}

impl From<AppError> for CliError {
    fn from(error: AppError) -> CliError {
        let message = match &error {
            AppError::Config(error) => config(error),
            error => error.to_string(),
        };
        CliError { kind: error.kind(), message, hints: error.hints() }
    }
}

/// The exit status of a kind of error.
fn exit(kind: Kind) -> u8 {
    match kind {
        Kind::Usage => 2,
        Kind::Held | Kind::Elsewhere => 3,
        Kind::Bug => 70,
        Kind::NotFound | Kind::Refused | Kind::Conflict | Kind::Failed => 1,
    }
}

/// The mistake with its place underlined.
fn config(error: &ConfigError) -> String {
    let mut text = String::new();
    let handler = miette::GraphicalReportHandler::new_themed(miette::GraphicalTheme::unicode_nocolor());
    let rendered = handler.with_links(false).render_report(&mut text, error);
    // `error:` and the message are already printed, without miette's mark.
    let text = text.trim_start().trim_start_matches('×').trim_start();
    if rendered.is_ok() { text.to_owned() } else { error.to_string() }
}

impl From<SandboxError> for CliError {
    fn from(error: SandboxError) -> CliError {
        let failed = CliError::failed(error.to_string());
        match error {
            SandboxError::NotEmpty(_) => failed.hint("hotfix demo --in A_NEW_DIRECTORY"),
            SandboxError::NoCompiler { .. } => {
                failed.hint("install Rust (https://rustup.rs), or set RUSTC to a compiler")
            }
            SandboxError::Git(GitError::NotInstalled) => failed.hint("install git 2.39 or newer"),
            _ => failed,
        }
    }
}

impl From<BackportError> for CliError {
    fn from(error: BackportError) -> CliError {
        let kind = match error {
            BackportError::BadGlob { .. } | BackportError::NoBranch { .. } => Kind::Usage,
            _ => Kind::Failed,
        };
        let failed = CliError { kind, ..CliError::failed(error.to_string()) };
        match error.hint() {
            Some(hint) => failed.hint(super::show::safe(&hint)),
            None => failed,
        }
    }
}
