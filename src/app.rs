//! The operations that every face calls. Builds the adapters once.

pub mod backport;
pub mod check;
mod declare;
mod find;
pub mod init;
pub mod order;
mod outage;
mod roll_back;
pub mod view;
pub mod watch;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use crate::check::CheckError;
use crate::config::{self, Config, ConfigError};
use crate::deploy::Surroundings;
use crate::domain::audit::{self, Break};
use crate::domain::event::{Event, Fact};
use crate::domain::incident::Incident;
use crate::domain::production::Release;
use crate::domain::resolution::Close;
use crate::domain::rung::Rung;
use crate::domain::step_name::StepName;
use crate::git::project::{Project, ProjectError};
use crate::git::{Git, anchor};
use crate::notify::Outbox;
use crate::report::document::{Account, Document};
use crate::report::template::{TemplateError, Templates};
use crate::steps::{self, Tools};
use crate::store::Store;
use crate::store::backport_records::Chains;
use crate::workflow::engine::{Engine, EngineError, Until};
use crate::workflow::journal::{Journal, JournalError, fold};
use crate::workflow::step::{Action, Clock, Progress, Step, StepError};

pub use declare::{Declared, Report};

/// Everything a face needs, built for one repository.
pub struct App {
    pub tools: Arc<Tools>,
    steps: Vec<Box<dyn Step>>,
    outbox: Outbox,
    clock: SystemClock,
    /// Who is at the keyboard: `Name <address>`.
    pub actor: String,
}

/// What the caller says about where and as whom.
#[derive(Clone, Debug, Default)]
pub struct Options {
    pub directory: PathBuf,
    pub profile: Option<String>,
    /// `Name <address>` in the place of git's user.
    pub actor: Option<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum AppError {
    #[error(transparent)]
    Config(#[from] Box<ConfigError>),
    #[error("`{path}` can't be read: {source}")]
    Unreadable { path: String, source: std::io::Error },
    #[error("git does not know who you are")]
    Nobody,
    #[error(transparent)]
    Project(#[from] ProjectError),
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
    #[error("`{id}` is an incident already")]
    Duplicate { id: String },
    #[error("`{id}` was taken by another clone of the repository")]
    Reserved { id: String, remote: String },
    #[error("{0}")]
    NoWayBack(String),
    #[error("`{id}` is a {kind}, not an incident")]
    NotAnIncident { id: String, kind: String },
    #[error("`{id}`, {title}, is {status}")]
    OrderOpen { id: String, title: String, status: String },
    #[error("there is no release `{release}`")]
    UnknownRelease { release: String },
    #[error("no tag that fits `{0}` has a version")]
    NoRelease(String),
    #[error("no other release than `{current}`, which runs, was verified")]
    NothingVerified { current: String },
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
    #[error("the store's location can't be read: {0}")]
    Secret(String),
}

/// Time as the machine has it.
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

impl App {
    pub async fn open(options: &Options) -> Result<App, AppError> {
        let (project, git_user) = tokio::join!(Project::open(&options.directory), whoami(&options.directory));
        let mut project = project?;
        let config = load_config(&project, &options.directory, options.profile.as_deref())?;
        project.remote.clone_from(&config.git.remote);
        project.limit = config.git.limit.0;
        let actor = match &options.actor {
            Some(actor) => actor.clone(),
            None => git_user?,
        };
        let home = project.common.join("hotfix");
        let location = match std::env::var("HOTFIX_STORE") {
            Ok(location) => location,
            Err(_) => config.store.reveal().map_err(AppError::Secret)?,
        };
        let store = Arc::new(Store::open(&location, &home, &actor).await?);
        let state = home.join("commands");
        let surroundings = Surroundings {
            directory: project.top.clone(),
            state: state.clone(),
            limit: config.deploy.limit.0,
            environment: config.deploy.environment.clone(),
            project: project.clone(),
        };
        let deployer = config.deploy.by.as_ref().map(|by| by.build(surroundings));
        let outbox = Outbox::new(&config.notify, &project.top);
        let templates = Templates::load(Some(&project.top.join(".hotfix/templates")))?;
        let records = Chains { store: Arc::clone(&store), actor: actor.clone() };
        let tools = Arc::new(Tools { config, project, store, records, deployer, templates, state });
        let steps = steps::all(&tools);
        Ok(App { tools, steps, outbox, clock: SystemClock, actor })
    }

    pub fn config(&self) -> &Config {
        &self.tools.config
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// What the configuration lacks for a deploy, and the setting that is wanted. There is time to
    /// add it while the fix is made.
    pub fn missing(&self) -> Vec<(&'static str, &'static str)> {
        let config = self.config();
        let deployer = config.deploy.by.is_none().then_some(("deployer", "[deploy.by.command] in hotfix.toml"));
        let probe = config.watch.probe.is_empty().then_some(("probe", "[[watch.probe]] in hotfix.toml"));
        deployer.into_iter().chain(probe).collect()
    }

    /// Works the incident off until it is held, fails, is stuck, or is as far as `until`. The head
    /// of its chain is anchored on the remote afterwards. An outage that a watch found gets an incident
    /// of its own.
    pub async fn run(&self, key: &str, until: Until, progress: &dyn Progress) -> Result<Incident, AppError> {
        self.number(key).await?;
        // What another process found and did not live to tell.
        self.tell_outage(self.incident(key).await?).await?;
        let incident = self.engine(progress).run(key, until).await?;
        let incident = self.tell_outage(incident).await?;
        self.anchor(&incident).await;
        Ok(incident)
    }

    /// Sends what could not be sent before an incident ended, for the newest ones. Returns how many
    /// notices arrived.
    pub async fn catch_up(&self) -> Result<usize, AppError> {
        let mut arrived = 0;
        for summary in self.tools.store.newest(20).await? {
            if summary.ended.is_some() {
                let before = self.incident(&summary.key).await?;
                let sent = before.notices_sent.len();
                let after = self.engine(&Nobody).deliver(before, None).await?;
                arrived += after.notices_sent.len() - sent;
            }
        }
        Ok(arrived)
    }

    pub async fn abort(&self, key: &str, reason: &str, progress: &dyn Progress) -> Result<Incident, AppError> {
        let incident = self.engine(progress).abort(key, reason).await?;
        self.anchor(&incident).await;
        Ok(incident)
    }

    /// What is left to be done, step by step; nothing is changed.
    pub async fn actions(&self, key: &str) -> Result<Vec<(StepName, Result<Vec<Action>, StepError>)>, AppError> {
        Ok(self.engine(&Nobody).actions(&self.incident(key).await?).await?)
    }

    /// Appends one fact and tells those who are to hear of it.
    pub async fn record(&self, key: &str, fact: Fact) -> Result<Incident, AppError> {
        Ok(self.engine(&Nobody).record(key, fact).await?)
    }

    pub async fn events(&self, key: &str) -> Result<Vec<Event>, AppError> {
        Ok(self.tools.store.events(key).await?)
    }

    pub async fn incident(&self, key: &str) -> Result<Incident, AppError> {
        let incident = fold(&self.events(key).await?).map_err(JournalError::from)?;
        incident.ok_or_else(|| AppError::Unknown { id: key.to_owned(), open: Vec::new() })
    }

    /// Returns a document about the incident as the journal has it now.
    pub async fn document(&self, key: &str, document: Document) -> Result<String, AppError> {
        let events = self.events(key).await?;
        let incident = self.incident(key).await?;
        let allowance = self.config().allowance(incident.severity);
        Ok(document
            .write(&self.tools.templates, Account { incident: &incident, events: &events, allowance: &allowance })?)
    }

    /// Returns every place where the incident's journal is not what it was when it was written, and
    /// the anchors outside the database that it was compared with.
    pub async fn audit(&self, key: &str) -> Result<(Vec<Break>, Vec<audit::Anchor>), AppError> {
        let events = self.events(key).await?;
        let project = &self.tools.project;
        let mut anchors = Vec::new();
        // A fold fails where the events do not fit together; the chain is looked at all the same.
        let incident = fold(&events).ok().flatten();
        let id = incident.as_ref().map_or(key, |incident| incident.id.as_str()).to_owned();
        let id = id.as_str();
        if project.has_remote().await? {
            anchors.extend(project.anchors(id).await?);
        }
        for release in incident.iter().flat_map(|incident| incident.details::<Release>()) {
            let message = project.git.run(["tag", "--list", "--format=%(contents)", &release.tag]).await;
            let message = message.map_err(ProjectError::from)?;
            anchors.extend(anchor::parse(&message, &format!("tag `{}`", release.tag)));
        }
        if let Some(path) = incident.and_then(|incident| incident.detail::<Close>()).and_then(|close| close.ticket) {
            let tip = project.remote_branch(&self.config().git.production).await?;
            let ticket = project.file(&tip, &path).await?.unwrap_or_default();
            let ticket = String::from_utf8_lossy(&ticket).into_owned();
            // The last anchor in a ticket that several incidents share may be another's.
            anchors.extend(anchor::parse(&ticket, &format!("`{path}`")).filter(|_| ticket.contains(id)));
        }
        Ok((audit::verify(&events, &anchors), anchors))
    }

    /// Returns the incidents whose head this clone has anchored on the remote, and of which the
    /// journal knows nothing any more.
    pub async fn lost(&self) -> Result<Vec<String>, AppError> {
        let mut lost = Vec::new();
        for id in self.tools.project.anchored().await? {
            if self.tools.store.find_incident(&id).await?.is_none() && self.events(&id).await?.is_empty() {
                lost.push(id);
            }
        }
        Ok(lost)
    }

    /// Writes the head of the chain to the remote; best done, but no reason to fail or to wait long.
    async fn anchor(&self, incident: &Incident) {
        let project = Project { limit: self.config().git.reserve_limit.0, ..self.tools.project.clone() };
        if !project.has_remote().await.unwrap_or(false) {
            return;
        }
        if let Err(error) = project.anchor(&incident.id, incident.seq, &incident.head).await {
            tracing::warn!(incident.id, %error, "the journal's head could not be anchored on the remote");
        }
    }

    fn engine<'a>(&'a self, progress: &'a dyn Progress) -> Engine<'a> {
        Engine {
            journal: self.tools.store.as_ref(),
            steps: &self.steps,
            courier: &self.outbox,
            clock: &self.clock,
            progress,
            actor: &self.actor,
        }
    }
}

/// Nobody looks on.
pub struct Nobody;

impl Progress for Nobody {
    fn started(&self, _: &Incident, _: StepName) {}
    fn update(&self, _: &str) {}
    fn ended(&self, _: &Incident, _: StepName) {}
}

/// Returns git's user, `Name <address>`.
async fn whoami(directory: &Path) -> Result<String, AppError> {
    let ident = Git::at(directory).run(["var", "GIT_COMMITTER_IDENT"]).await.map_err(|_| AppError::Nobody)?;
    ident.rfind('>').map(|end| ident[..=end].to_owned()).ok_or(AppError::Nobody)
}

/// Reads hotfix.toml of the main work tree, or of the one that `directory` is in.
fn load_config(project: &Project, directory: &Path, profile: Option<&str>) -> Result<Config, AppError> {
    let places = [project.top.join(config::FILE), directory.join(config::FILE)];
    let mut found = None;
    for path in places {
        match std::fs::read_to_string(&path) {
            Ok(text) => {
                found = Some((path, text));
                break;
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(source) => return Err(AppError::Unreadable { path: path.display().to_string(), source }),
        }
    }
    let project = found.as_ref().map(|(path, text)| (path.as_path(), text.as_str()));
    Ok(Config::load(project, profile)?)
}
