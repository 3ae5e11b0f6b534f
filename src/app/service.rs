//! One repository's service: its project, configuration, journals, adapters and steps.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;

use super::error::AppError;
use super::mirror::{Elsewhere, Mirror, Read};
use super::session::Session;
use super::view::due::{DueView, PostMortemDue};
use crate::config::Config;
use crate::deploy::Surroundings;
use crate::domain::actor::Actor;
use crate::domain::event::Event;
use crate::domain::incident::Incident;
use crate::domain::release::ReleaseRecord;
use crate::domain::severity::Severity;
use crate::domain::summary::Summary;
use crate::git::Git;
use crate::git::project::Project;
use crate::notify::Outbox;
use crate::policy::{self, Policy};
use crate::private;
use crate::report::clocks::{Clocks, clocks};
use crate::report::document::{Account, Document};
use crate::steps::publish::Publisher;
use crate::steps::{self, Tools};
use crate::store::{Claim, Store, is_shared};
use crate::workflow::courier::Courier;
use crate::workflow::derived::Log;
use crate::workflow::journal::{Journal, JournalError, fold};
use crate::workflow::step::{Clock, Step};

/// How long the remote is waited for to say whether the rules have changed.
const FRESH: Duration = Duration::from_secs(2);

/// Everything that is built once for a repository. Reading needs nothing else; writing needs an actor, see
/// [`Service::by`].
pub struct Service {
    /// As configured, or its repository's address; its directory's name where nobody shares the store.
    name: String,
    pub(super) tools: Arc<Tools>,
    pub(super) steps: Vec<Box<dyn Step>>,
    pub(super) outbox: Outbox,
    /// Who approves by the project's own profile, whichever was asked for.
    pub(super) configured_roles: BTreeMap<Severity, Vec<String>>,
    /// What a person has to know of the rules in force.
    pub(super) remarks: Vec<String>,
    unfollowed: Option<String>,
    pub(super) clock: SystemClock,
    pub(super) mirror: Mirror,
}

/// The caller's options for finding it.
#[derive(Clone, Debug, Default)]
pub struct Options {
    pub directory: PathBuf,
    pub profile: Option<String>,
    /// Whether the remote is asked for the rules in force first; else they are as last fetched.
    pub fresh: bool,
}

/// The machine's clock.
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

impl Service {
    /// Opens the repository that `options` lead to, and the journals of its service.
    pub async fn open(options: &Options) -> Result<Arc<Service>, AppError> {
        let (project, policy) = found(options).await?;
        let Policy { config, templates, version, roles, remarks, unfollowed, .. } = policy;
        let place = Place::of(&project, &config).await?;
        let store = Arc::new(Store::open(&place.location, &place.home, &place.claim).await?);
        private::mend(&place.home);
        let state = place.home.join("commands");
        let surroundings = Surroundings {
            directory: project.top.clone(),
            state: state.clone(),
            limit: config.deploy.limit.0,
            environment: config.deploy.environment.clone(),
            project: project.clone(),
            records: Arc::clone(&store) as _,
        };
        let deployer = config.deploy.by.as_ref().map(|by| by.build(surroundings));
        let outbox = Outbox::new(&config.notify, &project.top);
        let publisher = Publisher::new(super::view::status::published, &place.home);
        let tools = Arc::new(Tools { config, policy: version, project, store, deployer, templates, state, publisher });
        let steps = steps::all(&tools);
        let name = place.claim.name().to_owned();
        let mirror = Mirror::new(Arc::clone(&tools));
        Ok(Arc::new(Service {
            name,
            tools,
            steps,
            outbox,
            configured_roles: roles,
            remarks,
            unfollowed,
            clock: SystemClock,
            mirror,
        }))
    }

    /// The service used by `actor`.
    pub fn by(self: &Arc<Service>, actor: Actor) -> Session {
        Session { service: Arc::clone(self), actor, sent: Mutex::default() }
    }

    pub fn config(&self) -> &Config {
        &self.tools.config
    }

    /// The repository's main work tree.
    pub fn top(&self) -> &Path {
        &self.tools.project.top
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Whether a notice of the incident waits to be sent, and its destination does not rest.
    pub fn has_notices(&self, incident: &Incident) -> bool {
        let pending = |destination: &&str| !self.outbox.pending(destination, incident, self.now()).is_empty();
        self.outbox.destinations().iter().any(pending)
    }

    /// Whether nobody could be told of the incident: each destination failed, and no notice ever arrived.
    pub fn is_unheard(&self, incident: &Incident) -> bool {
        let failed = |destination: &&str| {
            incident
                .notices_failed
                .keys()
                .any(|notice| notice.split_once('/').is_some_and(|(_, to)| to == *destination))
        };
        let destinations = self.outbox.destinations();
        incident.notices_sent.is_empty() && !destinations.is_empty() && destinations.iter().all(failed)
    }

    /// That the work tree has other rules than those in force, if so: who edits them expects that they count.
    pub fn unfollowed_rules(&self) -> Option<&str> {
        self.unfollowed.as_deref()
    }

    /// What the configuration lacks for a deploy, and the setting to add. There is time for that while the
    /// fix is made.
    pub fn missing(&self) -> Vec<(&'static str, &'static str)> {
        let config = self.config();
        let deployer = config.deploy.by.is_none().then_some(("deployer", "[deploy.by.command] in hotfix.toml"));
        let probe = config.watch.probe.is_empty().then_some(("probe", "[[watch.probe]] in hotfix.toml"));
        deployer.into_iter().chain(probe).collect()
    }

    /// What is wrong with the project's own templates. There is time to correct it before one is used.
    pub fn template_errors(&self) -> Vec<String> {
        self.tools.templates.errors().map(ToString::to_string).collect()
    }

    /// The journals that other stores work on, as they are published.
    pub async fn others(&self) -> Result<Arc<Read>, AppError> {
        Ok(self.mirror.read().await?)
    }

    /// The journal with this key or identifier, if another store works on it.
    pub async fn elsewhere(&self, key: &str) -> Result<Option<Arc<Elsewhere>>, AppError> {
        Ok(self.mirror.find(key).await?)
    }

    pub async fn events(&self, key: &str) -> Result<Vec<Event>, AppError> {
        match self.elsewhere(key).await? {
            Some(journal) => Ok(journal.events.clone()),
            None => Ok(self.tools.store.events(key).await?),
        }
    }

    pub async fn incident(&self, key: &str) -> Result<Incident, AppError> {
        if let Some(journal) = self.elsewhere(key).await? {
            return Ok(journal.incident.clone());
        }
        let incident = fold(&self.tools.store.events(key).await?).map_err(JournalError::from)?;
        incident.ok_or_else(|| AppError::Unknown { id: key.to_owned(), open: Vec::new() })
    }

    /// The incidents that are not over, the most urgent first, then the newest that are over, `most` of
    /// them.
    pub async fn incidents(&self, most: u32) -> Result<Vec<Summary>, AppError> {
        let store = &self.tools.store;
        let mut open = store.open_incidents().await?;
        let mut over = if most > 0 { store.newest_incidents(most).await? } else { Vec::new() };
        over.retain(|incident| incident.ended.is_some());
        let others = self.others().await?;
        others.take_the_place_in(&mut open, |one| one.is_incident() && one.ended.is_none());
        others.take_the_place_in(&mut over, |one| one.is_incident() && one.ended.is_some());
        open.sort_by(|a, b| (&a.severity, a.declared).cmp(&(&b.severity, b.declared)));
        over.sort_by(|a, b| (b.declared, &b.key).cmp(&(a.declared, &a.key)));
        over.truncate(most as usize);
        Ok([open, over].concat())
    }

    /// The same for every service that the store has, each with its service's name.
    pub async fn incidents_everywhere(&self, most: u32) -> Result<Vec<(String, Summary)>, AppError> {
        let mut incidents = self.tools.store.incidents_everywhere(most).await?;
        // A store that nobody shares keeps no names.
        for (service, _) in incidents.iter_mut().filter(|(service, _)| service.is_empty()) {
            service.clone_from(&self.name);
        }
        Ok(incidents)
    }

    /// What is not over: incidents, the most urgent first, then orders without one.
    pub async fn open_cases(&self) -> Result<Vec<Summary>, AppError> {
        let mut orders = self.tools.store.open_orders().await?;
        let others = self.others().await?;
        others.take_the_place_in(&mut orders, |one| !one.is_incident() && one.ended.is_none());
        Ok([self.incidents(0).await?, orders].concat())
    }

    /// The newest `most` entries of the deployment log of an environment, those of other stores' journals too; of the
    /// configured one if none is named.
    pub async fn releases(&self, environment: Option<&str>, most: u32) -> Result<Vec<ReleaseRecord>, AppError> {
        let environment = environment.unwrap_or(&self.config().deploy.environment);
        let mut releases = self.tools.store.releases(environment, most).await?;
        let mut log = Log::default();
        for journal in self.mirror.all().await? {
            log.add(&journal.events).map_err(JournalError::from)?;
        }
        for record in log.releases().filter(|record| record.environment == environment) {
            let same = |known: &ReleaseRecord| (known.at, &known.release) == (record.at, &record.release);
            if !releases.iter().any(same) {
                releases.push(record);
            }
        }
        // Stable: those of one moment keep the store's order.
        releases.sort_by_key(|record| std::cmp::Reverse(record.at));
        releases.truncate(most as usize);
        Ok(releases)
    }

    /// The incident's clocks, by its severity's limits.
    pub fn clocks(&self, incident: &Incident) -> Clocks {
        clocks(incident, &self.config().allowance(incident.severity), self.now())
    }

    /// The post-mortems that were not held yet, of all incidents that are over, the first one due first.
    pub async fn post_mortems_due(&self) -> Result<DueView, AppError> {
        let mut due = Vec::new();
        let mut over = self.tools.store.incidents_over().await?;
        self.others().await?.take_the_place_in(&mut over, |one| one.is_incident() && one.ended.is_some());
        for summary in over {
            let incident = self.incident(&summary.key).await?;
            due.extend(self.clocks(&incident).post_mortem.map(|clock| PostMortemDue::of(&incident, &clock)));
        }
        due.sort_by_key(|one| one.due);
        Ok(DueView { post_mortems: due })
    }

    /// Returns a document about the incident as the journal has it now.
    pub async fn document(&self, key: &str, document: Document) -> Result<String, AppError> {
        let events = self.events(key).await?;
        let incident = self.incident(key).await?;
        let allowance = self.config().allowance(incident.severity);
        Ok(document
            .write(&self.tools.templates, Account { incident: &incident, events: &events, allowance: &allowance })?)
    }
}

/// Returns git's user, without proof of identity.
///
/// Fails if git has none.
pub async fn git_user(directory: &Path) -> Result<Actor, AppError> {
    let ident = Git::at(directory).run(["var", "GIT_COMMITTER_IDENT"]).await.map_err(|_| AppError::Nobody)?;
    let person = ident.rfind('>').map(|end| &ident[..=end]).ok_or(AppError::Nobody)?;
    Ok(Actor::claimed(person))
}

/// The repository that `options` lead to, and the rules in force there.
pub(super) async fn found(options: &Options) -> Result<(Project, Policy), AppError> {
    let mut project = Project::open(&options.directory).await?;
    let mut policy = policy::find(&mut project, &options.directory, options.profile.as_deref()).await?;
    if options.fresh && project.has_remote().await? {
        let limit = policy.config.git.reserve_limit.0.min(FRESH);
        match project.fetch_branch(&policy.config.git.production, limit).await {
            Ok(()) => policy = policy::find(&mut project, &options.directory, options.profile.as_deref()).await?,
            // Nothing blocks an emergency; who declares it is told by the number that it can't get.
            Err(error) => tracing::info!(%error, "the rules are those that were fetched last"),
        }
    }
    Ok((project, policy))
}

/// Where the journals are, and who this clone is there.
pub(super) struct Place {
    pub location: String,
    /// The directory of a journal in a file, and of everything else that hotfix keeps in the repository.
    pub home: PathBuf,
    pub claim: Claim,
}

impl Place {
    pub async fn of(project: &Project, config: &Config) -> Result<Place, AppError> {
        let location = match std::env::var("HOTFIX_STORE") {
            Ok(location) => location,
            Err(_) => config.store.reveal().map_err(AppError::Secret)?,
        };
        Place::at(location, project, config).await
    }

    /// The same with the journals at `location`.
    pub async fn at(location: String, project: &Project, config: &Config) -> Result<Place, AppError> {
        let name = config.service.clone();
        // A file in the repository belongs to this service only.
        let address = if is_shared(&location) { project.address().await? } else { project.name() };
        Ok(Place { location, home: project.common.join("hotfix"), claim: Claim { name, address } })
    }
}
