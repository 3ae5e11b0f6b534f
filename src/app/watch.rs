//! Watching any service, in an incident or without one.

use std::path::Path;
use std::time::Duration;

use super::declare::Report;
use super::error::AppError;
use super::session::Session;
use crate::config::Config;
use crate::domain::incident::Incident;
use crate::domain::severity::Severity;
use crate::probe::Subject;
use crate::store::watch_state::WatchState;
use crate::watch::keep::{Keep, Nowhere};
use crate::watch::{Resume, Setting, Standing, address, limits, probes, summary, watch};
use crate::workflow::journal::JournalError;

/// A watch that was interrupted longer ago starts again.
const FRESH: Duration = Duration::from_secs(600);

/// What is to be watched, and how.
#[derive(Clone, Debug)]
pub struct Order {
    /// Addresses that take the place of the configured probes.
    pub urls: Vec<String>,
    /// How often each address is looked at.
    pub every: Duration,
    pub window: Option<Duration>,
    /// Whether only an alarm of the always-on detector ends it.
    pub is_endless: bool,
    /// How long ago the deploy started.
    pub since: Duration,
    /// Distinguishes several watches of one journal.
    pub name: String,
    /// Whether an interrupted watch is forgotten.
    pub restart: bool,
}

impl Session {
    /// Watches the service; fails if a probe can't be built or there is none. `seen` gets the state about
    /// once a second.
    pub async fn watch(&self, order: &Order, seen: impl FnMut(&Standing)) -> Result<Standing, AppError> {
        let releases = self.service.tools.store.releases(&self.service.config().deploy.environment, 2).await?;
        let mut names = releases.into_iter().map(|release| release.release);
        let subject = Subject { release: names.next().unwrap_or_default(), previous: names.next().unwrap_or_default() };
        let name = order.name();
        let (config, directory) = (self.service.config(), &self.service.tools.project.top);
        let keep = match WatchState::alone(&self.service.tools.store, &name, &self.actor).await {
            Ok(keep) => keep,
            Err(error @ JournalError::Leased { .. }) => {
                let store = &self.service.tools.store;
                let heir = if order.restart { None } else { WatchState::heir(store, &name, &self.actor).await? };
                if let Some(keep) = heir {
                    let ended = run(config, directory, &subject, &keep, order, seen).await;
                    keep.leave().await?;
                    return ended;
                }
                tracing::warn!("{error}: this watch will not continue after a crash; give each a --name");
                return run(config, directory, &subject, &Nowhere, order, seen).await;
            }
            Err(error) => return Err(error.into()),
        };
        let ended = run(config, directory, &subject, &keep, order, seen).await;
        keep.leave().await?;
        ended
    }

    /// Declares what a watch found as an incident, P1 unless a rule says more, or returns the open one of
    /// the same cause. True if it is new.
    pub async fn declare_watched(&self, order: &Order, standing: &Standing) -> Result<(Incident, bool), AppError> {
        let judgement = &standing.judgement;
        let cause = match &judgement.outage {
            Some(what) => self.service.tools.cause_of(what),
            None => format!("{} watched in {}", order.name(), self.service.config().deploy.environment),
        };
        let title = format!("Watch: {}", summary(judgement));
        let severity = self.service.triage(&title).severity.unwrap_or(Severity::P1);
        let report = Report { title, severity: Some(severity), cause: Some(cause), ..Report::default() };
        self.declare_once(report, self.service.now()).await
    }
}

impl Order {
    /// What distinguishes this watch from others.
    fn name(&self) -> String {
        format!("alone/{} {}", self.name, self.urls.join(" "))
    }
}

/// The same without a repository: nothing is saved.
pub async fn alone(order: &Order, seen: impl FnMut(&Standing)) -> Result<Standing, AppError> {
    let config = Config::load(None, None)?;
    run(&config, Path::new("."), &Subject::default(), &Nowhere, order, seen).await
}

async fn run(
    config: &Config,
    directory: &Path,
    subject: &Subject,
    keep: &dyn Keep,
    order: &Order,
    seen: impl FnMut(&Standing),
) -> Result<Standing, AppError> {
    let probes = match order.urls.is_empty() {
        true => probes(&config.watch.probe, directory, subject).map_err(AppError::Probe)?,
        false => {
            order.urls.iter().map(|url| address(url, order.every)).collect::<Result<_, _>>().map_err(AppError::Probe)?
        }
    };
    if probes.iter().all(|timed| timed.is_dependency) {
        return Err(AppError::NoProbe);
    }
    let mut limits = limits(&config.watch, &probes);
    if let Some(window) = order.window {
        limits.window = window;
    }
    limits.is_endless = order.is_endless;
    let resume = if order.restart { Resume::Never } else { Resume::Within(FRESH) };
    let setting = Setting { probes: &probes, limits, since: order.since, keep, resume };
    Ok(watch(setting, seen).await)
}
