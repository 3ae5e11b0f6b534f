//! The one error at the edge: what failed, and the command to type next.

use std::process::ExitCode;

use crate::app::AppError;
use crate::app::view::error::{ErrorKind, ErrorView};
use crate::check::CheckError;
use crate::cli::reply::Reply;
use crate::config::ConfigError;
use crate::demo::sandbox::SandboxError;
use crate::git::GitError;
use crate::git::backport::error::BackportError;
use crate::git::change::ChangeError;
use crate::git::project::ProjectError;
use crate::workflow::engine::EngineError;
use crate::workflow::journal::JournalError;

#[derive(Debug)]
pub struct CliError {
    kind: Kind,
    message: String,
    hints: Vec<String>,
}

/// What kind of end it is; each has its exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Failed,
    Usage,
    Held,
}

impl Kind {
    fn exit(self) -> u8 {
        match self {
            Kind::Failed => 1,
            Kind::Usage => 2,
            Kind::Held => 3,
        }
    }

    fn view(self) -> ErrorKind {
        match self {
            Kind::Failed => ErrorKind::Failed,
            Kind::Usage => ErrorKind::Usage,
            Kind::Held => ErrorKind::Held,
        }
    }
}

impl CliError {
    pub fn failed(message: impl Into<String>) -> CliError {
        CliError { kind: Kind::Failed, message: message.into(), hints: Vec::new() }
    }

    pub fn usage(message: impl Into<String>) -> CliError {
        CliError { kind: Kind::Usage, ..CliError::failed(message) }
    }

    pub fn interrupted() -> CliError {
        CliError::failed("interrupted; what was recorded is kept, and a deploy under way goes on")
            .hint("hotfix status")
            .hint("hotfix resume")
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> CliError {
        self.hints.push(hint.into());
        self
    }

    /// Prints it on standard error, and as JSON on standard output where that is wanted.
    pub fn print(self, json: bool) -> ExitCode {
        anstream::eprintln!("{}error:{} {}", super::show::BAD, super::show::PLAIN, self.message.trim_end());
        for hint in &self.hints {
            anstream::eprintln!("{}hint:{} {hint}", super::show::STRONG, super::show::PLAIN);
        }
        let exit = self.kind.exit();
        if json {
            let view = ErrorView::new(self.kind.view(), &self.message, &self.hints);
            Reply { exit, ..Reply::new("", view) }.print(true);
        }
        ExitCode::from(exit)
    }
}

impl From<AppError> for CliError {
    fn from(error: AppError) -> CliError {
        let message = error.to_string();
        match error {
            AppError::Config(error) => {
                let message = config(&error);
                CliError { kind: Kind::Usage, ..CliError::failed(message) }
            }
            AppError::Project(error) => error.into(),
            AppError::Journal(error) | AppError::Engine(EngineError::Journal(error)) => error.into(),
            AppError::Engine(EngineError::Version { .. }) => CliError::failed(message)
                .hint("use the version of hotfix that began it; `hotfix --version` tells this one's"),
            AppError::Engine(EngineError::Unknown(_)) => CliError::failed(message).hint("hotfix list"),
            AppError::Nobody => CliError::failed(message)
                .hint("git config --global user.name NAME && git config --global user.email ADDRESS"),
            AppError::Unknown { open, .. } => match open.is_empty() {
                true => CliError::failed(message).hint("hotfix list"),
                false => CliError::failed(message).hint(format!("open: {}", open.join(", "))),
            },
            AppError::NoneOpen => CliError::failed(message).hint("hotfix \"WHAT IS BROKEN\" --severity P0"),
            AppError::Several { open } => {
                let which = open.first().cloned().unwrap_or_default();
                CliError { kind: Kind::Usage, ..CliError::failed(message) }
                    .hint(format!("say which one, such as {which}, the most urgent"))
            }
            AppError::NotAnEmergency { route, .. } => CliError::failed(message).hint(format!(
                "it is for the {route}; if it is an emergency all the same, say --severity P0, P1 or P2"
            )),
            AppError::NoSeverity => CliError::failed(message).hint("say it yourself: --severity P0, P1 or P2"),
            AppError::BadIdentifier(_) | AppError::NoTitle => {
                CliError { kind: Kind::Usage, ..CliError::failed(message) }
            }
            AppError::Duplicate { ref id } => CliError::failed(message).hint(format!("hotfix status {id}")),
            AppError::Reserved { ref id, ref remote } => CliError::failed(message)
                .hint(format!("if nobody works on it there: git push {remote} --delete refs/hotfix/{id}")),
            AppError::NothingToCheck(_) => {
                CliError { kind: Kind::Usage, ..CliError::failed(message) }.hint("hotfix check --base REV")
            }
            AppError::Check(CheckError::Change(ref error)) => match error {
                ChangeError::Shallow { .. } => CliError::failed(message).hint("git fetch --unshallow"),
                ChangeError::Unknown { .. } => CliError::failed(message).hint("git fetch"),
                _ => CliError::failed(message),
            },
            AppError::Check(_) => CliError::failed(message),
            AppError::NoWayBack(_) => {
                CliError::failed(message).hint("hotfix rollback --to RELEASE").hint("hotfix decide --strategy B")
            }
            AppError::NotAnIncident { ref id, .. } => CliError::failed(message).hint(format!("hotfix status {id}")),
            AppError::OrderOpen { ref id, .. } => CliError { kind: Kind::Held, ..CliError::failed(message.clone()) }
                .hint(format!("hotfix resume {id}"))
                .hint(format!("hotfix abort {id} --reason ...")),
            AppError::UnknownRelease { .. } => CliError::failed(message).hint("git tag --list").hint("hotfix log"),
            AppError::NoRelease(_) => {
                CliError::failed(message).hint("say which: hotfix deploy RELEASE").hint("set branch.tag in hotfix.toml")
            }
            AppError::NothingVerified { .. } => CliError::failed(message).hint("hotfix rollback --to RELEASE"),
            AppError::NothingRuns(_) => CliError::failed(message).hint("hotfix deploy RELEASE"),
            AppError::IncidentOpen { ref id } => CliError { kind: Kind::Held, ..CliError::failed(message.clone()) }
                .hint(format!("hotfix deploy {id}"))
                .hint(format!("hotfix rollback {id} --to RELEASE")),
            AppError::NoRung { .. } => CliError { kind: Kind::Usage, ..CliError::failed(message) },
            AppError::NoDeployer => CliError::failed(message).hint("set [deploy.by.command] in hotfix.toml"),
            AppError::Deployer(_) => CliError::failed(message),
            AppError::NoProbe => {
                CliError::failed(message).hint("add a [[watch.probe]] to hotfix.toml, or say --url URL")
            }
            AppError::Probe(_) => CliError { kind: Kind::Usage, ..CliError::failed(message) },
            AppError::Unreadable { .. } | AppError::Template(_) | AppError::Secret(_) => CliError::failed(message),
        }
    }
}

/// The mistake with its place underlined.
fn config(error: &ConfigError) -> String {
    let mut text = String::new();
    let handler = miette::GraphicalReportHandler::new_themed(miette::GraphicalTheme::unicode_nocolor());
    let rendered = handler.with_links(false).render_report(&mut text, error);
    // The message stands behind `error:` already, without miette's mark.
    let text = text.trim_start().trim_start_matches('×').trim_start();
    if rendered.is_ok() { text.to_owned() } else { error.to_string() }
}

impl From<ProjectError> for CliError {
    fn from(error: ProjectError) -> CliError {
        let failed = CliError::failed(error.to_string());
        match error {
            ProjectError::NotARepository { .. } => failed.hint("cd REPOSITORY, or `hotfix -C REPOSITORY ...`"),
            ProjectError::NoRemote { remote } => {
                failed.hint(format!("git remote add {remote} URL, or set git.remote in hotfix.toml"))
            }
            ProjectError::NoBranch { .. } => failed.hint("set git.production in hotfix.toml, or `git fetch`"),
            ProjectError::Git(GitError::NotInstalled) => failed.hint("install git 2.39 or newer"),
            _ => failed,
        }
    }
}

impl From<JournalError> for CliError {
    fn from(error: JournalError) -> CliError {
        let message = error.to_string();
        match error {
            JournalError::Store { hint, .. } => match hint {
                Some(hint) => CliError::failed(message).hint(hint),
                None => CliError::failed(message),
            },
            JournalError::Leased { .. } => CliError { kind: Kind::Held, ..CliError::failed(message) }
                .hint("wait for it to end; `hotfix status` shows how far it is"),
            JournalError::LeaseLost { .. } => CliError::failed(message).hint("hotfix status"),
            JournalError::Unreadable { .. } => CliError::failed(message).hint("hotfix audit verify"),
            JournalError::Newer { .. } => CliError::failed(message).hint("update hotfix"),
            JournalError::Illegal(_) => CliError::failed(message).hint("hotfix status"),
            JournalError::Conflict { .. } => CliError::failed(message).hint("hotfix resume"),
        }
    }
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
        let failed = CliError::failed(error.to_string());
        match (error.hint(), error) {
            (Some(hint), _) => failed.hint(hint),
            (None, BackportError::BadGlob { .. }) => CliError { kind: Kind::Usage, ..failed },
            (None, _) => failed,
        }
    }
}
