//! What runs, what the files say of it, and what is kept of it to go back there.

use serde::Deserialize;
use serde_json::{Value, json};

use super::container::Container;
use super::project::Project;
use super::{Compose, Target, release_of};
use crate::deploy::{DeployError, Preparation};
use crate::domain::image::repository;

/// The longest time that a start is taken for the end of a replacement, in seconds.
const LONGEST_REPLACEMENT: i64 = 600;
/// The longest tag that an image may have, in characters: distribution's reference grammar.
const LONGEST_TAG: usize = 128;

/// What is kept of a service, to go back to it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Kept {
    pub release: String,
    pub image: String,
    pub containers: usize,
}

impl Compose {
    /// Finds out what the files say and what runs, and what a change would meet. With `keep`, what runs
    /// is kept from being cleaned up.
    pub(super) async fn find(&self, keep: bool) -> Result<(Preparation, Vec<Container>), DeployError> {
        let (project, warnings) = self.docker.project(None).await?;
        for Target { name, .. } in &self.config.services {
            if !project.services.contains_key(name) {
                return Err(DeployError::Refused(format!("the compose files have no service `{name}`")));
            }
        }
        let containers = self.docker.containers().await?;
        let mut preparation = Preparation { warnings, ..Preparation::default() };
        let mut state = serde_json::Map::new();
        for target in &self.config.services {
            let found = self.look_at(target, &project, &containers, &mut preparation, keep).await?;
            state.insert(target.name.clone(), found);
        }
        preparation.not_put_back.sort_unstable();
        preparation.not_put_back.dedup();
        preparation.state = Value::Object(state);
        Ok((preparation, containers))
    }

    /// Says what a service runs, and returns what is needed to go back to it.
    async fn look_at(
        &self,
        target: &Target,
        project: &Project,
        containers: &[Container],
        preparation: &mut Preparation,
        keep: bool,
    ) -> Result<Value, DeployError> {
        let name = &target.name;
        let own: Vec<&Container> = target.containers(containers).collect();
        let Some(first) = own.first() else {
            preparation.running.push(format!("{name}: nothing"));
            return Ok(Value::Null);
        };
        let (asked, release) = (&first.config.image, release_of(first, &target.image));
        let found = self.docker.image(&first.image).await?;
        let found = found.ok_or_else(|| {
            DeployError::Refused(format!("the image that `{name}` runs, `{asked}`, is gone, so nothing leads back"))
        })?;
        let image = found.pinned(repository(asked)).to_owned();
        if keep && !image.contains('@') {
            // Nothing else may keep it: its tag has moved to what was built since, and `prune` takes it.
            self.docker.tag(&image, &way_back_tag(&self.config.project, name)).await?;
        }
        preparation.running.push(format!("{name}: {} of {asked}", own.len()));
        if let Some(service) = project.services.get(name) {
            let changed = service.changed_variables(first);
            if !changed.is_empty() {
                let changed = changed.join(", ");
                preparation.warnings.push(format!("`{name}` also gets other values of {changed}: the files changed"));
            }
            let left = service.not_put_back();
            preparation.not_put_back.extend(left);
        }
        if first.state.health.is_none() {
            preparation.warnings.push(format!("`{name}` has no health check, so it is up once it runs"));
        }
        preparation.seconds = preparation.seconds.max(own.iter().filter_map(|one| replacement(one)).max());
        let kept = Kept { release: release.to_owned(), image, containers: own.len() };
        Ok(json!({ "release": kept.release, "image": kept.image, "containers": kept.containers, "id": found.id }))
    }

    /// Makes sure that the host has the very image that ran before.
    pub(super) async fn fetch_back(&self, kept: &Kept) -> Result<(), DeployError> {
        let image = &kept.image;
        if self.docker.image(image).await?.is_some() {
            return Ok(());
        }
        let gone =
            |why: &str| DeployError::Refused(format!("the image of `{}`, `{image}`, is gone: {why}", kept.release));
        if !image.contains('@') {
            return Err(gone("it was in no registry"));
        }
        self.docker.pull(image, self.surroundings.limit).await.map_err(|reason| gone(&reason))
    }
}

/// How long the replacement of its predecessor took, in seconds: a container is created before the
/// old one stops, and started after.
fn replacement(container: &Container) -> Option<i64> {
    let seconds = container.state.started_at?.duration_since(container.created?).as_secs();
    (container.restart_count == 0 && (0..LONGEST_REPLACEMENT).contains(&seconds)).then_some(seconds.max(1))
}

/// The name under which the engine keeps what ran before, one for each service.
fn way_back_tag(project: &str, service: &str) -> String {
    let tag: String = format!("{project}-{service}").chars().take(LONGEST_TAG).collect();
    format!("hotfix/way-back:{tag}")
}
