//! Deploys and rollbacks without an incident: the order, and its journal.

use super::error::AppError;
use super::service::Service;
use super::session::Session;
use super::view::plan::PlanView;
use crate::deploy::{DeployError, Deployer};
use crate::domain::event::{Event, Fact};
use crate::domain::incident::Incident;
use crate::domain::name;
use crate::domain::order::{Kind, Order};
use crate::domain::release::{ReleaseRecord, last_verified, verdict_of};
use crate::domain::rung::Rung;
use crate::domain::version;
use crate::git::project::ProjectError;
use crate::steps;
use crate::steps::going_out::GoingOut;
use crate::workflow::engine::LEASE;
use crate::workflow::journal::{Entry, Journal, JournalError, apply, record};
use crate::workflow::plan::{Next, WORKFLOW, next};

/// How many entries of the log are read.
const HISTORY: u32 = 1000;

/// A possible order, with warnings.
#[derive(Debug)]
pub enum Proposal {
    /// Nothing would change, for this reason.
    Nothing(String),
    Order {
        order: Order,
        /// The reasons against it, a line each.
        warnings: Vec<String>,
    },
}

impl Service {
    /// Proposes to deploy `release`, or the newest one if none is named.
    ///
    /// Fails if there is no deployer, no such release, if what runs is unknown, or if another order is not
    /// over.
    pub async fn propose_deploy(&self, release: Option<&str>, reason: &str) -> Result<Proposal, AppError> {
        self.nothing_ordered(&self.config().deploy.environment).await?;
        let current = self.deployer()?.current().await?.unwrap_or_default();
        let history = self.history().await?;
        let (release, commit) = match release {
            Some(release) => self.known_release(release, &history).await?,
            None => match self.newest_release(&current).await? {
                Some(newest) => newest,
                None => {
                    let environment = &self.config().deploy.environment;
                    return Ok(Proposal::Nothing(format!("{environment} runs `{current}`, and no release is newer")));
                }
            },
        };
        if release == current {
            return Ok(self.runs_already(&current));
        }
        let mut warnings = Vec::new();
        warnings.extend(found_bad(&history, &release));
        let going_out = GoingOut::of(&self.tools.project, &history, None, (&commit, &commit), &current).await?;
        warnings.extend(going_out.against());
        if current.is_empty() {
            warnings.push("nothing runs now, so there is nothing to go back to".to_owned());
        }
        Ok(Proposal::Order { order: self.draft(Kind::Deploy, release, commit, current, reason), warnings })
    }

    /// Proposes to put back `to`, or the last verified release if none is named; with a rung that starts
    /// the running release again, that one.
    ///
    /// Fails like [`Service::propose_deploy`], and if nothing runs or nothing else was verified.
    pub async fn propose_rollback(
        &self,
        to: Option<&str>,
        rung: Option<Rung>,
        reason: &str,
    ) -> Result<Proposal, AppError> {
        self.nothing_ordered(&self.config().deploy.environment).await?;
        let current = self.deployer()?.current().await?.unwrap_or_default();
        let history = self.history().await?;
        let (release, commit) = match to {
            Some(to) => self.known_release(to, &history).await?,
            // These rungs start again what runs.
            None if rung > Some(Rung::Release) && !current.is_empty() => (current.clone(), String::new()),
            None if current.is_empty() => return Err(AppError::NothingRuns(self.config().deploy.environment.clone())),
            None => {
                let found = last_verified(&history, &[&current]).map(|record| record.release.clone());
                let Some(release) = found else {
                    let before = steps::earlier(&self.tools, &current, &history).await?;
                    return Err(AppError::NothingVerified { current, id: None, before });
                };
                self.known_release(&release, &history).await?
            }
        };
        let rung = rung.unwrap_or(if to.is_some() { Rung::Release } else { Rung::Undo });
        if release == current && rung <= Rung::Release {
            return Ok(self.runs_already(&current));
        }
        let warnings = self.against(&history, &release);
        let order = self.draft(Kind::Rollback, release, commit, current, reason);
        Ok(Proposal::Order { order: Order { rung, ..order }, warnings })
    }

    /// Whether a release with this name exists, here or in the log.
    pub async fn is_release(&self, name: &str) -> Result<bool, AppError> {
        match self.known_release(name, &self.history().await?).await {
            Ok(_) => Ok(true),
            Err(AppError::UnknownRelease { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The warnings against putting `release` back; fails if it is unknown.
    pub async fn warnings_of(&self, release: &str) -> Result<Vec<String>, AppError> {
        let history = self.history().await?;
        self.known_release(release, &history).await?;
        Ok(self.against(&history, release))
    }

    async fn nothing_ordered(&self, environment: &str) -> Result<(), AppError> {
        for open in self.tools.store.open_orders().await? {
            let found = self.incident(&open.key).await?;
            if found.order().is_some_and(|order| order.environment == environment) {
                return Err(AppError::OrderOpen { id: open.id, title: open.title, status: open.status });
            }
        }
        Ok(())
    }

    fn draft(&self, kind: Kind, release: String, commit: String, previous: String, reason: &str) -> Order {
        Order {
            kind,
            environment: self.config().deploy.environment.clone(),
            release,
            commit,
            previous,
            reason: name::line(reason, 200),
            rung: Rung::Undo,
            profile: self.config().profile.clone(),
            workflow: WORKFLOW,
        }
    }

    fn runs_already(&self, release: &str) -> Proposal {
        Proposal::Nothing(format!("{} runs `{release}` already", self.config().deploy.environment))
    }

    fn against(&self, history: &[ReleaseRecord], release: &str) -> Vec<String> {
        match verdict_of(history, release) {
            Some("VERIFIED") => Vec::new(),
            Some(_) => found_bad(history, release).into_iter().collect(),
            None => vec![format!("`{release}` was never verified in {}", self.config().deploy.environment)],
        }
    }

    /// Returns the release with this name and its commit, empty if only the log has it; a tag that this
    /// clone does not have is fetched.
    async fn known_release(&self, release: &str, history: &[ReleaseRecord]) -> Result<(String, String), AppError> {
        let project = &self.tools.project;
        if !project.has_tag(release).await? && project.has_remote().await? {
            self.fetch_or_warn().await?;
        }
        if project.has_tag(release).await? {
            let commit = project.commit(&format!("refs/tags/{release}")).await?.unwrap_or_default();
            return Ok((release.to_owned(), commit));
        }
        match history.iter().find(|record| record.release == release) {
            Some(record) => Ok((release.to_owned(), record.commit.clone())),
            None => Err(AppError::UnknownRelease { release: release.to_owned() }),
        }
    }

    /// Returns the newest tag that is a version, with its commit; `None` if what runs contains it.
    async fn newest_release(&self, current: &str) -> Result<Option<(String, String)>, AppError> {
        let project = &self.tools.project;
        if project.has_remote().await? {
            self.fetch_or_warn().await?;
        }
        let pattern = &self.config().branch.tag;
        let tags = project.tags().await?;
        let versions =
            tags.iter().filter(|tag| pattern.matches(tag)).filter_map(|tag| Some((version::of_tag(tag)?, tag)));
        let Some((_, newest)) = versions.max() else { return Err(AppError::NoRelease(pattern.text.clone())) };
        let commit = project.commit(&format!("refs/tags/{newest}")).await?.unwrap_or_default();
        let running = if project.has_tag(current).await? { Some(format!("refs/tags/{current}")) } else { None };
        if let Some(running) = running
            && project.is_ancestor(&commit, &running).await?
        {
            return Ok(None);
        }
        Ok(Some((newest.clone(), commit)))
    }

    /// A remote that does not answer is no reason to delay a deploy.
    async fn fetch_or_warn(&self) -> Result<(), AppError> {
        match self.tools.project.fetch().await {
            Err(error @ ProjectError::Unreachable { .. }) => {
                tracing::warn!("{error}: only the releases that this clone has are known");
                Ok(())
            }
            fetched => Ok(fetched?),
        }
    }

    async fn history(&self) -> Result<Vec<ReleaseRecord>, AppError> {
        Ok(self.tools.store.releases(&self.config().deploy.environment, HISTORY).await?)
    }

    pub(super) fn deployer(&self) -> Result<&dyn Deployer, AppError> {
        self.tools.deployer.as_deref().ok_or(AppError::NoDeployer)
    }
}

impl Session {
    /// What an order would do, step by step; writes nothing.
    pub async fn plan_of_order(&self, order: &Order) -> Result<PlanView, AppError> {
        let key = order.kind.prefix();
        let first = Event::after(None, key, &self.actor, self.service.now(), &Fact::Ordered(order.clone()));
        let mut incident = apply(None, &first).map_err(JournalError::from)?;
        if let Next::Plan(planned) = next(&incident) {
            let plan = Event::after(None, key, &self.actor, self.service.now(), &Fact::Planned(planned));
            incident = apply(Some(incident), &plan).map_err(JournalError::from)?;
        }
        self.plan_of(&incident).await
    }

    /// Writes the order's first event, with an identifier that nobody else gets; nothing is done yet.
    /// `remarks` gets remarks for the person.
    ///
    /// Fails if another order for the environment is not over.
    pub async fn order(&self, order: Order, remarks: &mut Vec<String>) -> Result<Incident, AppError> {
        self.service.nothing_ordered(&order.environment).await?;
        let key = self.next_identifier(order.kind.prefix(), remarks).await?;
        let journal = self.service.tools.store.as_ref();
        // If two people order at the same time, one writes first, and the other sees it.
        let lease = journal.acquire(&format!("order/{}", order.environment), &self.actor, LEASE).await?;
        let written = async {
            self.service.nothing_ordered(&order.environment).await?;
            let fact = Fact::Ordered(order);
            let entry =
                Entry { key: &key, actor: &self.actor, now: self.service.now(), fact: &fact, lease: Some(&lease) };
            Ok(record(journal, None, entry).await?)
        };
        let written = written.await;
        journal.release(&lease).await?;
        written
    }
}

fn found_bad(history: &[ReleaseRecord], release: &str) -> Option<String> {
    let found = verdict_of(history, release).filter(|verdict| *verdict != "VERIFIED")?;
    Some(format!("`{release}` was found {found} before"))
}

impl From<DeployError> for AppError {
    fn from(error: DeployError) -> AppError {
        AppError::Deployer(error.to_string())
    }
}
