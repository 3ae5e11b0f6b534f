//! Deploys with docker compose: pulls the image, makes the containers again one service at a time,
//! looks at them itself. Nothing is ever taken down. How it is done, and why: docs/deploy.md.

mod complaint;
mod container;
mod docker;
mod found;
mod pinned;
mod project;
mod standing;

use std::collections::BTreeMap;
use std::path::PathBuf;

use async_trait::async_trait;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use super::image::Image;
use super::wait::{Look, Standing, Wait};
use super::{Change, DeployError, Deployer, Preparation, Surroundings, in_one_line, is_one, mark};
use crate::domain::image::repository;
use crate::process::Spec;
use crate::value::Length;
use container::Container;
use docker::Docker;
use found::Kept;
use pinned::Wanted;
use project::Project;
use standing::Expected;

/// The verbs under which a change may have been started.
const VERBS: [&str; 2] = ["deploy", "roll-back"];
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// As seen from the repository's top directory, in compose's order.
    pub files: Vec<PathBuf>,
    /// The name under which production runs. It has no default: compose's own is the directory's
    /// name, and another clone of the repository would start a second production.
    #[serde(deserialize_with = "project_name")]
    pub project: String,
    pub services: Vec<Target>,
    /// Whether images come from a registry; else they were built on the host.
    #[serde(default = "yes")]
    pub pull: bool,
    /// How long a change may take.
    #[serde(default = "super::five_minutes")]
    pub deadline: Length,
    /// How long the new containers have to stay up before the deploy counts as done.
    #[serde(default = "super::ten_seconds")]
    pub soak: Length,
    #[serde(default = "compose")]
    pub program: Vec<String>,
    #[serde(default = "engine")]
    pub engine: Vec<String>,
}

/// A service that gets the release.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    pub name: String,
    /// Its image, with `{release}` in it; or `{image}`.
    pub image: Image,
}

pub struct Compose {
    config: Config,
    docker: Docker,
    surroundings: Surroundings,
}

impl Compose {
    pub fn new(config: Config, surroundings: Surroundings) -> Compose {
        let docker = Docker {
            engine: config.engine.clone(),
            program: config.program.clone(),
            project: config.project.clone(),
            files: config.files.clone(),
            directory: surroundings.directory.clone(),
        };
        Compose { config, docker, surroundings }
    }

    /// Where the file is that chooses the images.
    fn pinned(&self) -> PathBuf {
        self.surroundings.state.join(format!("compose-{}.json", self.config.project))
    }

    /// Returns the image of each service in the release, as this host has it; refused where there is none.
    async fn images(&self, change: &Change) -> Result<BTreeMap<&str, String>, DeployError> {
        let mut images = BTreeMap::new();
        for target in &self.config.services {
            let name = target.image.of(&change.release, &change.images).map_err(DeployError::Refused)?;
            let found = match self.docker.image(&name).await? {
                None if self.config.pull => {
                    let pulled = self.docker.pull(&name, self.surroundings.limit).await;
                    pulled.map_err(|reason| DeployError::Refused(format!("`{name}` can't be pulled: {reason}")))?;
                    self.docker.image(&name).await?
                }
                found => found,
            };
            let found = found.ok_or_else(|| DeployError::Refused(format!("this host has no image `{name}`")))?;
            images.insert(target.name.as_str(), found.pinned(repository(&name)).to_owned());
        }
        Ok(images)
    }

    /// Returns what each service is to run: the release, and as many containers as now.
    async fn wanted(&self, change: &Change, containers: &[Container]) -> Result<BTreeMap<String, Wanted>, DeployError> {
        let images = self.images(change).await?;
        let wanted = images.into_iter().map(|(service, image)| {
            let containers = containers.iter().filter(|one| one.service() == service).count().max(1);
            (service.to_owned(), Wanted { release: change.release.clone(), image, containers })
        });
        Ok(wanted.collect())
    }

    /// Returns what each service ran before, by what was kept of it; the same for a release of which
    /// nothing was kept, by its name.
    async fn wanted_back(
        &self,
        change: &Change,
        containers: &[Container],
    ) -> Result<BTreeMap<String, Wanted>, DeployError> {
        let mut wanted = BTreeMap::new();
        for target in &self.config.services {
            let kept: Option<Kept> = serde_json::from_value(change.state[&target.name].clone()).ok();
            let Some(kept) = kept else { return self.wanted(change, containers).await };
            self.fetch_back(&kept).await?;
            let Kept { release, image, containers } = kept;
            wanted.insert(target.name.clone(), Wanted { release, image, containers });
        }
        Ok(wanted)
    }

    /// Brings the services to what is wanted, by a command that outlives hotfix, and waits until they
    /// are up.
    async fn change(
        &self,
        verb: &str,
        change: &Change,
        wanted: &BTreeMap<String, Wanted>,
        soak: Length,
    ) -> Result<(), DeployError> {
        let supervised = self.surroundings.supervised(verb, change);
        supervised.settled().await?;
        let (project, _) = self.docker.project(None).await?;
        let before = self.docker.containers().await?;
        let mut failed = None;
        if !self.is_there(wanted, &before) {
            self.refuse_others(change, wanted, &before)?;
            pinned::write(&self.pinned(), &pinned::text(wanted, &mark(verb, change)))?;
            let counts: Vec<_> = wanted.iter().map(|(service, one)| (service.as_str(), one.containers)).collect();
            let spec = Spec {
                arguments: self.docker.up(&self.pinned(), &counts),
                directory: self.surroundings.directory.clone(),
                environment: Vec::new(),
                limit: self.config.deadline.0,
                confinement: None,
            };
            let ended = supervised.run(&spec, verb).await?;
            failed = (!ended.succeeded()).then(|| complaint::of(&ended));
        }
        if let Some(complaint) = &failed
            && ids(&self.docker.containers().await?) == ids(&before)
        {
            return Err(DeployError::Refused(format!("compose says: {complaint}")));
        }
        match (self.up(wanted, &project, soak).await, failed) {
            (Err(DeployError::Rollout(reason)), Some(complaint)) => {
                Err(DeployError::Rollout(format!("{reason}; compose says: {complaint}")))
            }
            (ended, _) => ended,
        }
    }

    /// Waits until the services are what is wanted, and stay so.
    async fn up(&self, wanted: &BTreeMap<String, Wanted>, project: &Project, soak: Length) -> Result<(), DeployError> {
        let ending = wanted.keys().filter(|service| project.ends(service)).cloned().collect();
        let expected =
            Expected { wanted, patterns: self.patterns(), ending, restarts: BTreeMap::new(), ends: BTreeMap::new() };
        let mut watched = Watched { docker: &self.docker, expected };
        Wait { deadline: self.config.deadline.0, soak: soak.0 }.until_complete(&mut watched).await
    }

    fn patterns(&self) -> BTreeMap<&str, &Image> {
        self.config.services.iter().map(|target| (target.name.as_str(), &target.image)).collect()
    }

    /// Whether every service has what is wanted and was started.
    fn is_there(&self, wanted: &BTreeMap<String, Wanted>, containers: &[Container]) -> bool {
        self.config.services.iter().all(|target| {
            let mut own = target.containers(containers).peekable();
            own.peek().is_some()
                && own.all(|one| {
                    release_of(one, &target.image) == wanted[&target.name].release
                        && matches!(one.state.status.as_str(), "running" | "restarting")
                })
        })
    }

    /// Refuses the change where somebody else has put something in place that is neither what ran
    /// before nor what is wanted.
    fn refuse_others(
        &self,
        change: &Change,
        wanted: &BTreeMap<String, Wanted>,
        containers: &[Container],
    ) -> Result<(), DeployError> {
        if !is_one(&change.previous) {
            return Ok(());
        }
        for target in &self.config.services {
            for container in target.containers(containers) {
                let release = release_of(container, &target.image);
                let known = [&change.previous, &change.release, &wanted[&target.name].release];
                if !known.into_iter().any(|one| one == release) {
                    let name = &target.name;
                    return Err(DeployError::Refused(format!(
                        "somebody else changed `{name}` meanwhile: it has `{release}` now, and keeps it"
                    )));
                }
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Deployer for Compose {
    async fn current(&self) -> Result<Option<String>, DeployError> {
        let containers = self.docker.containers().await?;
        let releases: Vec<_> =
            self.config.services.iter().map(|target| (target.name.as_str(), target.release(&containers))).collect();
        Ok(in_one_line(&releases))
    }

    async fn prepare(&self, change: &Change) -> Result<Preparation, DeployError> {
        let (preparation, containers) = self.find(true).await?;
        if !change.release.is_empty() {
            let wanted = self.wanted(change, &containers).await?;
            let file = tempfile::Builder::new().suffix(".json").tempfile()?;
            std::fs::write(file.path(), pinned::text(&wanted, &mark("deploy", change)))?;
            self.docker.project(Some(file.path())).await?;
        }
        Ok(preparation)
    }

    async fn look(&self, _: &Change) -> Result<Preparation, DeployError> {
        Ok(self.find(false).await?.0)
    }

    async fn settle(&self, change: &Change) -> Result<(), DeployError> {
        for verb in VERBS {
            self.surroundings.supervised(verb, change).settled().await?;
        }
        let containers = self.docker.containers().await?;
        let marks = VERBS.map(|verb| mark(verb, change));
        let made = |one: &Container| one.label(pinned::CHANGE).is_some_and(|mark| marks.iter().any(|own| own == mark));
        if !containers.iter().any(made) {
            return Ok(());
        }
        if containers.iter().any(|one| one.label(pinned::CHANGE) == Some(&marks[0])) {
            self.deploy(change).await
        } else {
            self.roll_back(change).await
        }
    }

    async fn deploy(&self, change: &Change) -> Result<(), DeployError> {
        let containers = self.docker.containers().await?;
        let wanted = self.wanted(change, &containers).await?;
        self.change("deploy", change, &wanted, self.config.soak).await
    }

    async fn roll_back(&self, change: &Change) -> Result<(), DeployError> {
        let containers = self.docker.containers().await?;
        let wanted = self.wanted_back(change, &containers).await?;
        self.change("roll-back", change, &wanted, Length(std::time::Duration::ZERO)).await
    }
}

impl Target {
    fn containers<'a>(&self, containers: &'a [Container]) -> impl Iterator<Item = &'a Container> {
        let name = self.name.clone();
        containers.iter().filter(move |one| one.service() == name)
    }

    /// The release that the service has; each where there are several.
    fn release(&self, containers: &[Container]) -> Option<String> {
        let mut releases: Vec<&str> =
            self.containers(containers).map(|container| release_of(container, &self.image)).collect();
        releases.sort_unstable();
        releases.dedup();
        (!releases.is_empty()).then(|| releases.join(" and "))
    }
}

/// Containers that are looked at again and again.
struct Watched<'a> {
    docker: &'a Docker,
    expected: Expected<'a>,
}

#[async_trait]
impl Look for Watched<'_> {
    async fn look(&mut self) -> Result<Standing, String> {
        let containers = self.docker.containers().await.map_err(|error| error.to_string())?;
        Ok(self.expected.judge(&containers))
    }
}

/// The release that a container is of: by hotfix's label, else by the image it was made of.
fn release_of<'a>(container: &'a Container, pattern: &Image) -> &'a str {
    container.label(pinned::RELEASE).unwrap_or_else(|| pattern.release(&container.config.image))
}

fn ids(containers: &[Container]) -> Vec<&str> {
    let mut ids: Vec<&str> = containers.iter().map(|one| one.id.as_str()).collect();
    ids.sort_unstable();
    ids
}

/// Compose's own rule for the name of a project.
fn project_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let name = String::deserialize(deserializer)?;
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-');
    let starts = name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    match starts && name.chars().all(fits) {
        true => Ok(name),
        false => Err(D::Error::custom(format!(
            "`{name}` is no name of a compose project: lower-case letters, digits, `-` and `_`"
        ))),
    }
}

fn yes() -> bool {
    true
}

fn compose() -> Vec<String> {
    ["docker", "compose"].map(str::to_owned).into()
}

fn engine() -> Vec<String> {
    vec!["docker".to_owned()]
}
