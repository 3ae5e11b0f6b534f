//! Why an operation was not done, the kind of the error, and what to do about it.

use schemars::JsonSchema;
use serde::Serialize;

use crate::check::CheckError;
use crate::config::mistake::ConfigError;
use crate::domain::rung::Rung;
use crate::domain::step_name::StepName;
use crate::git::GitError;
use crate::git::change::ChangeError;
use crate::git::project::ProjectError;
use crate::policy::PolicyError;
use crate::report::template::TemplateError;
use crate::sign::SignError;
use crate::store::OpenError;
use crate::workflow::engine::EngineError;
use crate::workflow::journal::JournalError;

/// The kind of an error. The exit status, the HTTP status and the error of MCP follow from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The request makes no sense.
    Usage,
    /// What it is about does not exist.
    NotFound,
    /// Somebody or something has to act first.
    Held,
    /// The rules of the job forbid it, for this actor or at all.
    Refused,
    /// Another clone works on it.
    Elsewhere,
    /// Somebody else was faster, or already has it.
    Conflict,
    /// It was tried, and failed.
    Failed,
    /// It can't happen: a bug in hotfix.
    Bug,
}

#[derive(Debug, thiserror::Error)]
pub enum AppError {
    #[error(transparent)]
    Config(#[from] Box<ConfigError>),
    #[error("`{path}` can't be read: {source}")]
    Unreadable { path: String, source: std::io::Error },
    #[error("fewer people approve: {from} by the rules, {to} with {by}")]
    Lowered { from: usize, to: usize, by: String },
    #[error("{who} may not lower the number of approvals: {why}")]
    MayNotLower { who: String, why: String },
    #[error("git does not know who you are")]
    Nobody,
    #[error(transparent)]
    Sign(#[from] SignError),
    #[error("{who} can't sign this: {why}")]
    NotProven { who: String, why: String },
    #[error(transparent)]
    Project(#[from] ProjectError),
    #[error(transparent)]
    Store(#[from] OpenError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Template(#[from] TemplateError),
    #[error("there is no incident `{id}`")]
    Unknown { id: String, open: Vec<String> },
    #[error("no incident is open")]
    NoneOpen,
    #[error("{} incidents are open: {}", open.len(), open.join(", "))]
    Several { open: Vec<String> },
    #[error("not an emergency: {rule}")]
    NotAnEmergency { route: &'static str, rule: String },
    #[error("an incident needs a title")]
    NoTitle,
    #[error("no rule gives this report a severity")]
    NoSeverity,
    #[error("{0}")]
    BadIdentifier(String),
    #[error("`{id}` is already an incident")]
    Duplicate { id: String },
    #[error("`{id}` was taken by another clone of the repository")]
    Reserved { id: String, remote: String },
    #[error("{why}")]
    NoWayBack { id: String, why: String },
    #[error("`{id}` is a {kind}, not an incident")]
    NotAnIncident { id: String, kind: String },
    #[error("`{id}`, {title}, is {status}")]
    OrderOpen { id: String, title: String, status: String },
    #[error("there is no release `{release}`")]
    UnknownRelease { release: String },
    #[error("no tag that fits `{0}` has a version")]
    NoRelease(String),
    #[error("no other release than `{current}`, which runs, was verified")]
    NothingVerified {
        current: String,
        id: Option<String>,
        /// The release before it, which nobody verified.
        before: Option<String>,
    },
    #[error("nothing runs in {0}")]
    NothingRuns(String),
    #[error("incident `{id}` is open, and a deploy is one of its steps")]
    IncidentOpen { id: String },
    #[error("the deployer has no rung `{rung}`, only {known}")]
    NoRung { rung: Rung, known: String },
    #[error("no deployer is configured")]
    NoDeployer,
    #[error("{0}")]
    Deployer(String),
    #[error("{0}")]
    Probe(String),
    #[error("no probe is configured")]
    NoProbe,
    #[error("there is nothing to check: {0}")]
    NothingToCheck(String),
    #[error(transparent)]
    Check(#[from] CheckError),
    #[error("the proofs can't be forgotten: {0}")]
    Proofs(std::io::Error),
    #[error("event {seq} of `{key}` was {what} in the store that it comes from")]
    Tampered { key: String, seq: i64, what: &'static str },
    #[error("the store's location can't be read: {0}")]
    Secret(String),
    #[error("there is nothing to approve before the fix was checked")]
    NotChecked { id: String },
    #[error("{id} has no fix yet")]
    NoFix { id: String },
    #[error("the fix is {fix}, not `{asked}`")]
    OtherCommit { fix: String, asked: String },
    #[error("the profile allows no break-glass approval")]
    NoBreakGlass { id: String },
    #[error("a {what} needs no approval as `{role}`")]
    NoSuchRole { what: &'static str, role: String, known: Vec<String> },
    #[error("{who} may not approve: {why}")]
    MayNotApprove { id: String, who: String, why: String },
    #[error("`{revision}` is not a commit of this clone")]
    UnknownCommit { revision: String },
    #[error("no branch that lacks the fix fits `{pattern}`")]
    NoBranchToWaive { id: String, pattern: String },
    #[error("there is no destination `{name}` in hotfix.toml")]
    NoDestination { name: String, nearest: Vec<String> },
    #[error("hotfix.toml has no [[notify]]: nobody is told anything")]
    NoDestinations,
    #[error("{what} needs a reason")]
    NoReason { what: &'static str },
    #[error("there is nothing called `{name}` to waive")]
    NothingToWaive { id: String, name: String, nearest: Vec<String> },
    #[error("nobody holds `{name}`")]
    NobodyHolds { name: String },
    #[error("`{words}` still runs as process {process}")]
    StillRuns { words: String, process: i32 },
    #[error("another clone can't ask for {what}")]
    NotToSay { what: &'static str },
    #[error("{id} has moved on since that was said")]
    MovedOn { id: String },
    #[error("the remote refused the request: {reason}")]
    RequestRefused { id: String, reason: String },
    #[error("the request may not have arrived: {reason}")]
    RequestUnknown { reason: String },
    #[error("no checklist has `{item}`")]
    NotOnAChecklist { item: String },
    #[error("`{id}` is worked on here")]
    WorkedOnHere { id: String },
    #[error("`{step}` was not finished in the clone of {who}, and may still run there")]
    MayStillRun { id: String, who: String, step: StepName },
    #[error("the published journal of `{id}` can't be followed: {why}")]
    NotPublished { id: String, why: String },
}

use AppError::{
    BadIdentifier, Check, Config, Deployer, Duplicate, Engine, IncidentOpen, Journal, MayNotApprove, NoBreakGlass,
    NoDeployer, NoFix, NoProbe, NoReason, NoRelease, NoRung, NoSeverity, NoSuchRole, NoTitle, NoWayBack, Nobody,
    NoneOpen, NotAnEmergency, NotAnIncident, NotChecked, NotOnAChecklist, NothingRuns, NothingToCheck, NothingToWaive,
    NothingVerified, OrderOpen, OtherCommit, Probe, Project, Proofs, Reserved, Secret, Several, Tampered, Template,
    Unknown, UnknownRelease, Unreadable,
};

impl From<PolicyError> for AppError {
    fn from(error: PolicyError) -> AppError {
        match error {
            PolicyError::Config(error) => AppError::Config(error),
            PolicyError::Unreadable { path, source } => AppError::Unreadable { path, source },
            PolicyError::Project(error) => AppError::Project(error),
        }
    }
}

impl AppError {
    pub fn kind(&self) -> Kind {
        match self {
            Config(_)
            | Several { .. }
            | BadIdentifier(_)
            | NoTitle
            | NothingToCheck(_)
            | NoRung { .. }
            | Probe(_)
            | NoSuchRole { .. }
            | NoReason { .. }
            | AppError::Lowered { .. }
            | NothingToWaive { .. }
            | NotOnAChecklist { .. }
            | AppError::NobodyHolds { .. }
            | AppError::UnknownCommit { .. }
            | AppError::NoBranchToWaive { .. }
            | AppError::NoDestination { .. }
            | AppError::NoDestinations
            | AppError::Store(OpenError::NotUnowned(_)) => Kind::Usage,
            Unknown { .. }
            | NoneOpen
            | UnknownRelease { .. }
            | NotAnIncident { .. }
            | Engine(EngineError::Unknown(_))
            | Project(ProjectError::NotARepository { .. } | ProjectError::Gone) => Kind::NotFound,
            OrderOpen { .. }
            | IncidentOpen { .. }
            | AppError::StillRuns { .. }
            | AppError::MayStillRun { .. }
            | AppError::Store(OpenError::Unowned { .. }) => Kind::Held,
            MayNotApprove { .. }
            | AppError::Sign(SignError::NoKey { .. })
            | AppError::NotProven { .. }
            | AppError::MayNotLower { .. }
            | NoBreakGlass { .. }
            | AppError::NotToSay { .. }
            | NotAnEmergency { .. }
            | AppError::Store(OpenError::Taken { .. }) => Kind::Refused,
            Duplicate { .. }
            | Reserved { .. }
            | AppError::WorkedOnHere { .. }
            | AppError::MovedOn { .. }
            | OtherCommit { .. } => Kind::Conflict,
            AppError::Store(OpenError::Journal(error)) | Journal(error) | Engine(EngineError::Journal(error)) => {
                journal_kind(error)
            }
            Engine(EngineError::Version { .. })
            | AppError::Sign(_)
            | Project(_)
            | Check(_)
            | Unreadable { .. }
            | Nobody
            | Template(_)
            | NoSeverity
            | NoWayBack { .. }
            | NoRelease(_)
            | NothingVerified { .. }
            | NothingRuns(_)
            | NoDeployer
            | Deployer(_)
            | NoProbe
            | Proofs(_)
            | Secret(_)
            | Tampered { .. }
            | AppError::NotPublished { .. }
            | NotChecked { .. }
            | AppError::RequestRefused { .. }
            | AppError::RequestUnknown { .. }
            | NoFix { .. } => Kind::Failed,
        }
    }

    /// What to type or do next; empty if nothing is known to help.
    pub fn hints(&self) -> Vec<String> {
        let one = |hint: &str| vec![hint.to_owned()];
        match self {
            Project(error) => project_hint(error),
            Journal(error) | Engine(EngineError::Journal(error)) | AppError::Store(OpenError::Journal(error)) => {
                journal_hint(error)
            }
            AppError::Store(OpenError::Taken { name, .. }) => vec![
                format!("give this one another name: service = \"...\" in hotfix.toml instead of \"{name}\""),
                "if both are the same repository: hotfix init --adopt none".to_owned(),
            ],
            AppError::Store(OpenError::Unowned { .. }) => vec![
                "if all of them are this repository's: hotfix init --adopt all".to_owned(),
                "if some are: hotfix init --adopt ID,ID; if none is: hotfix init --adopt none".to_owned(),
            ],
            AppError::Store(OpenError::NotUnowned(_)) => one("hotfix init --adopt all"),
            Engine(EngineError::Version { .. }) => {
                one("use the version of hotfix that started it; `hotfix --version` tells this one's")
            }
            Engine(EngineError::Unknown(_)) => one("hotfix list"),
            Nobody => one("git config --global user.name NAME && git config --global user.email ADDRESS"),
            Unknown { open, .. } if open.is_empty() => one("hotfix list"),
            Unknown { open, .. } => vec![format!("open: {}", open.join(", "))],
            NoneOpen => one("hotfix \"WHAT IS BROKEN\" --severity P0"),
            Several { open } => {
                vec![format!("name one, such as {}, the most urgent", open.first().map_or("", String::as_str))]
            }
            Tampered { .. } => one("hotfix audit verify, in that store"),
            NotAnEmergency { route, .. } => {
                vec![format!("it is for the {route}; if it is an emergency anyway, add --severity P0, P1 or P2")]
            }
            NoSeverity => one("choose it: --severity P0, P1 or P2"),
            Duplicate { id } | NotAnIncident { id, .. } => vec![format!("hotfix status {id}")],
            Reserved { id, remote } => {
                vec![format!("if nobody works on it there: git push {remote} --delete refs/hotfix/{id}")]
            }
            NothingToCheck(_) => one("hotfix check --base REV"),
            Check(CheckError::Change(ChangeError::Shallow { .. })) => one("git fetch --unshallow"),
            Check(CheckError::Change(ChangeError::Unknown { .. })) => one("git fetch"),
            NoWayBack { id, .. } => {
                vec![format!("hotfix rollback {id} --to RELEASE"), format!("hotfix decide {id} --strategy B")]
            }
            OrderOpen { id, .. } => vec![format!("hotfix resume {id}"), format!("hotfix abort {id} --reason ...")],
            UnknownRelease { .. } => vec!["git tag --list".to_owned(), "hotfix log".to_owned()],
            NoRelease(_) => {
                vec!["name one: hotfix deploy RELEASE".to_owned(), "set branch.tag in hotfix.toml".to_owned()]
            }
            NothingVerified { id, before, .. } => {
                let it = id.as_ref().map(|id| format!(" {id}")).unwrap_or_default();
                let earlier =
                    before.as_ref().map(|tag| format!("hotfix rollback{it} --to {tag}, which was never verified"));
                vec![earlier.unwrap_or_else(|| format!("hotfix rollback{it} --to RELEASE"))]
            }
            NothingRuns(_) => one("hotfix deploy RELEASE"),
            IncidentOpen { id } => {
                vec![format!("hotfix deploy {id}"), format!("hotfix rollback {id} --to RELEASE")]
            }
            NoDeployer => one("set [deploy.by.command] in hotfix.toml"),
            NoProbe => one("add a [[watch.probe]] to hotfix.toml, or use --url URL"),
            NotChecked { id } => vec![format!("hotfix check {id}")],
            NoFix { id } => vec![format!("hotfix status {id}")],
            NoBreakGlass { id } => vec![format!("hotfix approve {id} --role ROLE")],
            NoSuchRole { known, .. } if known.is_empty() => one("roles: none"),
            NoSuchRole { known, .. } => vec![format!("roles: {}", known.join(", "))],
            NothingToWaive { id, nearest, .. } if nearest.is_empty() => vec![format!("hotfix check {id}")],
            NothingToWaive { nearest, .. } => vec![format!("did you mean `{}`?", nearest.join("`, `"))],
            AppError::NobodyHolds { .. } => one("hotfix lease"),
            AppError::StillRuns { process, .. } => vec![format!("wait for it to end, or end it: kill -- -{process}")],
            AppError::UnknownCommit { .. } => one("git fetch, or look for it with `git log --all`"),
            AppError::NoDestination { nearest, .. } => {
                nearest.iter().map(|nearest| format!("did you mean `{nearest}`?")).collect()
            }
            AppError::NoDestinations => {
                vec!["add a [[notify]] to hotfix.toml; config/default.toml has one of each kind".to_owned()]
            }
            AppError::NoBranchToWaive { id, .. } => vec![format!("hotfix status {id}")],
            NotOnAChecklist { .. } => one("hotfix checklist"),
            AppError::MovedOn { id } => vec![format!("hotfix status {id}")],
            AppError::RequestRefused { id, .. } => vec![
                "whoever runs the remote can allow pushes to refs/hotfix/inbox/*".to_owned(),
                format!("until then it is said in the working clone of {id}"),
            ],
            AppError::RequestUnknown { .. } => one("hotfix inbox --again; the same request twice is one event"),
            AppError::WorkedOnHere { id } => vec![format!("hotfix resume {id}")],
            AppError::MayStillRun { id, .. } => vec![format!(
                "make sure that it has stopped, then: hotfix takeover {id} --reason ... --confirm-stopped"
            )],
            AppError::NotPublished { .. } => one("hotfix audit verify"),
            AppError::Lowered { .. } => one("say why: --reason ..."),
            AppError::Sign(error) => error.hints(),
            AppError::NotProven { .. } => vec![
                "hotfix people".to_owned(),
                "the key that is in .hotfix/people.toml: git config --global user.signingkey ~/.ssh/id_ed25519.pub"
                    .to_owned(),
            ],
            AppError::MayNotLower { .. } => one("somebody who may approve has to decide it"),
            MayNotApprove { id, .. } => vec![format!("somebody else: hotfix approve {id} --role ROLE")],
            Config(_)
            | Unreadable { .. }
            | Template(_)
            | NoTitle
            | BadIdentifier(_)
            | NoRung { .. }
            | Deployer(_)
            | Probe(_)
            | Check(_)
            | Proofs(_)
            | Secret(_)
            | OtherCommit { .. }
            | AppError::NotToSay { .. }
            | NoReason { .. } => Vec::new(),
        }
    }
}

fn journal_kind(error: &JournalError) -> Kind {
    match error {
        JournalError::Leased { .. } => Kind::Held,
        JournalError::Elsewhere { .. } => Kind::Elsewhere,
        JournalError::Conflict { .. } | JournalError::Differs { .. } => Kind::Conflict,
        JournalError::LeaseLost { .. }
        | JournalError::Store { .. }
        | JournalError::Unreadable { .. }
        | JournalError::Newer { .. }
        | JournalError::Illegal(_) => Kind::Failed,
    }
}

fn journal_hint(error: &JournalError) -> Vec<String> {
    let hint = match error {
        JournalError::Store { hint, .. } => return hint.iter().cloned().collect(),
        JournalError::Elsewhere { id, .. } => {
            return vec![format!("hotfix takeover {id} --reason ... continues it here")];
        }
        JournalError::Leased { .. } => "wait for it to end; `hotfix status` shows its progress",
        JournalError::Unreadable { .. } | JournalError::Differs { .. } => "hotfix audit verify",
        JournalError::Newer { .. } => "update hotfix",
        JournalError::LeaseLost { .. } | JournalError::Illegal(_) | JournalError::Conflict { .. } => "hotfix status",
    };
    vec![hint.to_owned()]
}

fn project_hint(error: &ProjectError) -> Vec<String> {
    vec![match error {
        ProjectError::NotARepository { .. } | ProjectError::Gone => {
            "cd REPOSITORY, or `hotfix -C REPOSITORY ...`".to_owned()
        }
        ProjectError::NoRemote { remote } => {
            format!("git remote add {remote} URL, or set git.remote in hotfix.toml")
        }
        ProjectError::NoBranch { .. } => "set git.production in hotfix.toml, or `git fetch`".to_owned(),
        ProjectError::Git(GitError::NotInstalled) => "install git 2.39 or newer".to_owned(),
        _ => return Vec::new(),
    }]
}
