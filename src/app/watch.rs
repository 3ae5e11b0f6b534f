//! Watching any service, in an incident or without one.

use std::path::Path;
use std::time::Duration;

use super::{App, AppError, Declared, Report};
use crate::config::Config;
use crate::domain::severity::Severity;
use crate::probe::Subject;
use crate::store::watch_state::WatchState;
use crate::watch::keep::{Keep, Nowhere};
use crate::watch::{Again, Setting, Standing, address, limits, probes, watch};
use crate::workflow::journal::JournalError;

/// A watch that was broken off longer ago begins anew.
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
    /// How long ago the deploy began.
    pub since: Duration,
    /// Tells several watches of one journal apart.
    pub name: String,
    /// Whether a watch that was broken off is forgotten.
    pub anew: bool,
}

impl App {
    /// Watches the service; fails where a probe can't be built or there is none. `seen` is told how
    /// it stands, about once a second.
    pub async fn watch(&self, order: &Order, seen: impl FnMut(&Standing)) -> Result<Standing, AppError> {
        let releases = self.tools.store.releases(&self.config().deploy.environment, 2).await?;
        let mut names = releases.into_iter().map(|release| release.release);
        let subject = Subject { release: names.next().unwrap_or_default(), previous: names.next().unwrap_or_default() };
        let name = format!("alone/{} {}", order.name, order.urls.join(" "));
        let (config, directory) = (self.config(), &self.tools.project.top);
        let keep = match WatchState::alone(&self.tools.store, &name).await {
            Ok(keep) => keep,
            Err(error @ JournalError::Leased { .. }) => {
                tracing::warn!("{error}: this watch will not go on after a crash; --name tells them apart");
                return run(config, directory, &subject, &Nowhere, order, seen).await;
            }
            Err(error) => return Err(error.into()),
        };
        let ended = run(config, directory, &subject, &keep, order, seen).await;
        keep.leave().await?;
        ended
    }

    /// Declares what a watch found as an incident: P1 where no rule says more.
    pub async fn declare_watched(&self, words: &str, services: Vec<String>) -> Result<Declared, AppError> {
        let title = format!("Watch: {words}");
        let severity = self.triage(&title).severity.unwrap_or(Severity::P1);
        self.declare(Report { title, severity: Some(severity), services, ..Report::default() }).await
    }
}

/// The same without a repository: nothing is written down.
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
    let again = if order.anew { Again::Anew } else { Again::GoOnWithin(FRESH) };
    let setting = Setting { probes: &probes, limits, since: order.since, keep, again };
    Ok(watch(setting, seen).await)
}
