//! Deploys to Kubernetes: sets the images of deployments, waits for the rollout, puts whole pod
//! templates back. How it is done, and why: docs/deploy.md.

mod cluster;
mod manifest;
mod notes;
mod obstacle;
#[cfg(test)]
mod on_kubernetes;
mod read;
mod record;
mod recreate;
mod rollout;
mod scale;
mod template;
mod watched;

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::image::Image;
use super::wait::Wait;
use super::{Autoscaler, Change, DeployError, Deployer, Preparation, in_one_line, is_one, mark};
use crate::crash::{self, Point};
use crate::domain::rung::Rung;
use crate::value::Length;
use cluster::{Cluster, Failure};
use notes::{CHANGE, CHANGE_CAUSE};
use read::Read;
use rollout::Changed;

/// The name of hotfix among those who change an object.
const MANAGER: &str = "hotfix";
/// How often a change is tried again where only the status of the object had changed.
const ATTEMPTS: u32 = 10;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The context of the kubeconfig; the current one where it is left out.
    pub context: Option<String>,
    /// The context's own where it is left out.
    pub namespace: Option<String>,
    pub deployments: Vec<Target>,
    /// How long a rollout may take, whatever the deployment itself says.
    #[serde(default = "super::five_minutes")]
    pub deadline: Length,
    /// How long the new instances have to stay up before the deploy counts as done.
    #[serde(default = "super::ten_seconds")]
    pub soak: Length,
}

/// A deployment that gets the release.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    pub name: String,
    pub container: String,
    /// Its image, with `{release}` in it; or `{image}`.
    pub image: Image,
}

pub struct Kubernetes {
    config: Config,
}

impl Kubernetes {
    pub fn new(config: Config) -> Kubernetes {
        Kubernetes { config }
    }

    async fn connect(&self) -> Result<Cluster, Failure> {
        Cluster::connect(self.config.context.as_deref(), self.config.namespace.as_deref()).await
    }

    /// Every deployment with its target; refused where one is missing, or lacks its container.
    async fn read(&self, cluster: &Cluster) -> Result<Vec<(&Target, Read)>, DeployError> {
        let mut all = Vec::new();
        for target in &self.config.deployments {
            let name = &target.name;
            let found = cluster.deployment(name).await?;
            let read = found.ok_or_else(|| DeployError::Refused(format!("there is no deployment `{name}`")))?;
            if template::list_of(&read.template, &target.container).is_none() {
                let container = &target.container;
                return Err(DeployError::Refused(format!("deployment `{name}` has no container `{container}`")));
            }
            all.push((target, read));
        }
        Ok(all)
    }

    /// Waits until every one of the changed deployments is rolled out.
    async fn rolled_out(&self, changed: &[(&Target, Changed)], soak: Length) -> Result<(), DeployError> {
        let mut watched = watched::Watched { deployer: self, changed, cluster: None };
        let wait = Wait { deadline: self.config.deadline.0, soak: soak.0 };
        wait.until_complete(&mut watched).await
    }

    /// Every deployment, where the API server says that it would accept the change of each.
    async fn accepted(&self, cluster: &Cluster, change: &Change) -> Result<Vec<(&Target, Read)>, DeployError> {
        let all = self.read(cluster).await?;
        for (target, read) in all.iter().filter(|_| !change.release.is_empty()) {
            refuse(target, read)?;
            let patch = target.patch(read, change)?;
            cluster.patch(&target.name, &patch, true).await?;
        }
        Ok(all)
    }

    /// What runs, with the names of the records that were kept of it.
    async fn found(
        &self,
        cluster: &Cluster,
        all: &[(&Target, Read)],
        records: &[String],
    ) -> Result<Preparation, DeployError> {
        let mut preparation = Preparation::default();
        let mut state = serde_json::Map::new();
        for (index, (target, read)) in all.iter().enumerate() {
            let record = records.get(index).map_or("", String::as_str);
            state.insert(target.name.clone(), target.look(cluster, read, record, &mut preparation).await?);
        }
        preparation.state = Value::Object(state);
        Ok(preparation)
    }

    /// Keeps the templates that run now, and returns the names of the records.
    async fn keep(&self, cluster: &Cluster, all: &[(&Target, Read)]) -> Result<Vec<String>, DeployError> {
        let mut names = Vec::new();
        for (target, read) in all {
            let record = record::record(read, target.release(read), Timestamp::now().as_second());
            cluster.keep(&record).await?;
            names.push(record.metadata.name.unwrap_or_default());
            let manifest = manifest::record(&read.manifest, target.release(read), None, Timestamp::now().as_second());
            cluster.keep(&manifest).await?;
            let kept = cluster.all_kept().await?;
            for name in manifest::surplus(&kept, &target.name, manifest.metadata.name.as_deref().unwrap_or_default()) {
                // Too many are no reason to stop; the right to remove them may be missing.
                if let Err(failure) = cluster.forget(&name).await {
                    tracing::debug!(?failure, "a surplus record could not be removed");
                }
            }
        }
        Ok(names)
    }
}

#[async_trait]
impl Deployer for Kubernetes {
    async fn current(&self) -> Result<Option<String>, DeployError> {
        let cluster = self.connect().await?;
        let mut releases = Vec::new();
        for target in &self.config.deployments {
            let read = cluster.deployment(&target.name).await?;
            releases.push((target.name.as_str(), read.map(|read| target.release(&read).to_owned())));
        }
        Ok(in_one_line(&releases))
    }

    async fn prepare(&self, change: &Change) -> Result<Preparation, DeployError> {
        let cluster = self.connect().await?;
        let all = self.accepted(&cluster, change).await?;
        let names = self.keep(&cluster, &all).await?;
        self.found(&cluster, &all, &names).await
    }

    async fn look(&self, change: &Change) -> Result<Preparation, DeployError> {
        let cluster = self.connect().await?;
        let all = self.accepted(&cluster, change).await?;
        self.found(&cluster, &all, &[]).await
    }

    async fn settle(&self, change: &Change) -> Result<(), DeployError> {
        let cluster = self.connect().await?;
        let marks: Vec<_> = self.read(&cluster).await?.iter().filter_map(|(_, read)| mark_of(read)).collect();
        if marks.contains(&mark("deploy", change)) {
            return self.deploy(change).await;
        }
        if marks.contains(&mark("roll-back", change)) {
            return self.roll_back(change).await;
        }
        if marks.contains(&mark("restart", change)) {
            return self.restart(change).await;
        }
        Ok(())
    }

    async fn deploy(&self, change: &Change) -> Result<(), DeployError> {
        let cluster = self.connect().await?;
        let all = self.read(&cluster).await?;
        for (target, read) in &all {
            // One that has the image already is judged by its rollout.
            if target.image(read) != target.image_of(change)? {
                refuse(target, read)?;
            }
        }
        let mut changed: Vec<(&Target, Changed)> = Vec::new();
        for (target, read) in &all {
            let after = target.set_image(&cluster, read, change).await;
            let after = after.map_err(|error| partly(&changed, target, error))?;
            changed.push((*target, Changed::of(&after.deployment, &after.template, &target.container)));
            crash::point(Point::Within("deploy"));
        }
        self.rolled_out(&changed, self.config.soak).await?;
        let now = self.read(&cluster).await?;
        self.keep(&cluster, &now).await?;
        Ok(())
    }

    async fn roll_back(&self, change: &Change) -> Result<(), DeployError> {
        let cluster = self.connect().await?;
        let all = self.read(&cluster).await?;
        let mut wanted = Vec::new();
        for (target, read) in &all {
            refuse(target, read)?;
            wanted.push(target.template_of(&cluster, read, change).await?);
        }
        let mut changed: Vec<(&Target, Changed)> = Vec::new();
        for ((target, read), template) in all.iter().zip(&wanted) {
            let after = target.set_template(&cluster, read, template, change).await;
            let after = after.map_err(|error| partly(&changed, target, error))?;
            changed.push((*target, Changed::of(&after.deployment, &after.template, &target.container)));
            crash::point(Point::Within("roll-back"));
        }
        self.rolled_out(&changed, Length(std::time::Duration::ZERO)).await
    }

    fn rungs(&self) -> &'static [Rung] {
        &Rung::ALL
    }

    async fn restart(&self, change: &Change) -> Result<(), DeployError> {
        self.by_restart(change).await
    }

    async fn recreate(&self, change: &Change) -> Result<(), DeployError> {
        self.by_recreation(change).await
    }

    async fn take_away(&self, change: &Change) -> Result<BTreeMap<String, i32>, DeployError> {
        let cluster = self.connect().await?;
        self.to_none(&cluster, "maintenance-on", change).await
    }

    async fn bring_back(&self, change: &Change) -> Result<BTreeMap<String, i32>, DeployError> {
        let cluster = self.connect().await?;
        self.to_all(&cluster, "maintenance-off", change, None).await
    }

    async fn autoscalers(&self) -> Result<Vec<Autoscaler>, DeployError> {
        let cluster = self.connect().await?;
        let found = match cluster.autoscalers().await {
            // The right to list them may be missing; that is no reason to leave production as it is.
            Err(Failure::Refused(reason)) => {
                let words = format!("whether an autoscaler changes the number of instances is unknown: {reason}");
                return Ok(vec![Autoscaler { words, wakes: false }]);
            }
            found => found?,
        };
        let of =
            |target: &Target| found.iter().filter_map(|one| scale::autoscaler(one, &target.name)).collect::<Vec<_>>();
        Ok(self.config.deployments.iter().flat_map(of).collect())
    }
}

impl Target {
    fn image_of(&self, change: &Change) -> Result<String, DeployError> {
        self.image.of(&change.release, &change.images).map_err(DeployError::Refused)
    }

    fn image<'a>(&self, read: &'a Read) -> &'a str {
        template::image(&read.template, &self.container).unwrap_or_default()
    }

    /// The release that the deployment has.
    fn release<'a>(&self, read: &'a Read) -> &'a str {
        let image = self.image(read);
        template::release_of(&read.template, image).unwrap_or_else(|| self.image.release(image))
    }

    fn patch(&self, read: &Read, change: &Change) -> Result<cluster::Change, DeployError> {
        let list = template::list_of(&read.template, &self.container).unwrap_or("containers");
        let (cause, mark) = (cause("deploy", change), mark("deploy", change));
        let notes = [(CHANGE_CAUSE, cause.as_str()), (CHANGE, mark.as_str())];
        let image = self.image_of(change)?;
        let mut patch = template::image_patch(read, list, &self.container, &image, &notes);
        if self.image.release(&image) != change.release {
            template::name_release(&mut patch, &image, &change.release);
        }
        Ok(cluster::Change::Image(patch))
    }

    /// Gives the deployment the release's image; leaves it where it has it.
    async fn set_image(&self, cluster: &Cluster, read: &Read, change: &Change) -> Result<Read, DeployError> {
        if self.image(read) == self.image_of(change)? && read.taken_away().is_none() {
            return Ok(read.clone());
        }
        if mark_of(read) == Some(mark("deploy", change)) && self.release(read) != change.previous {
            return Err(taken_over(self, read));
        }
        self.apply(cluster, read, |read| self.patch(read, change)).await
    }

    /// Gives the deployment an earlier template; leaves it where it has it.
    async fn set_template(
        &self,
        cluster: &Cluster,
        read: &Read,
        template: &Value,
        change: &Change,
    ) -> Result<Read, DeployError> {
        if template::bare(&read.template) == template::bare(template) && read.taken_away().is_none() {
            return Ok(read.clone());
        }
        let release = self.release(read);
        if is_one(&change.previous) && release != change.previous && release != change.release {
            return Err(taken_over(self, read));
        }
        let (cause, mark) = (cause("roll-back", change), mark("roll-back", change));
        let notes = [(CHANGE_CAUSE, cause.as_str()), (CHANGE, mark.as_str())];
        let patch = |read: &Read| Ok(cluster::Change::Template(template::undo_patch(read, template, &notes)));
        self.apply(cluster, read, patch).await
    }

    /// Makes a change of what was read. Where it was only the status that had changed meanwhile, it is
    /// made of what is there now.
    async fn apply(
        &self,
        cluster: &Cluster,
        first: &Read,
        patch: impl Fn(&Read) -> Result<cluster::Change, DeployError>,
    ) -> Result<Read, DeployError> {
        let mut read = first.clone();
        for _ in 0..ATTEMPTS {
            match cluster.patch(&self.name, &patch(&read)?, false).await {
                Err(Failure::Conflict) => {}
                ended => return Ok(ended?),
            }
            let gone = || DeployError::Refused(format!("deployment `{}` was deleted meanwhile", self.name));
            read = cluster.deployment(&self.name).await?.ok_or_else(gone)?;
            if read.uid() != first.uid() || read.template != first.template {
                return Err(taken_over(self, &read));
            }
        }
        Err(DeployError::Refused(format!("deployment `{}` does not stand still to be changed", self.name)))
    }

    /// The template of an earlier release: the one that was kept, else one that the cluster still has.
    async fn template_of(&self, cluster: &Cluster, read: &Read, change: &Change) -> Result<Value, DeployError> {
        let name = change.state[&self.name]["record"].as_str();
        let records = cluster.kept(read).await?;
        if let Some(template) = record::template_of(&records, name, &change.release) {
            return Ok(template);
        }
        let image = self.image_of(change).ok();
        let sets = cluster.replica_sets(read).await?;
        let of_release = sets.into_iter().filter(|(_, template)| {
            let found = template::image(template, &self.container);
            found.is_some() && (found == image.as_deref() || found == Some(&change.release))
        });
        let newest = of_release.max_by_key(|(set, _)| set.metadata.creation_timestamp.as_ref().map(|time| time.0));
        newest.map(|(_, template)| template).ok_or_else(|| {
            let (name, release) = (&self.name, &change.release);
            DeployError::Refused(format!("the template of `{release}` was not kept for deployment `{name}`"))
        })
    }

    /// What runs, for the journal: names and digests, no part of the template.
    async fn look(
        &self,
        cluster: &Cluster,
        read: &Read,
        record: &str,
        preparation: &mut Preparation,
    ) -> Result<Value, DeployError> {
        let (set, pods) = cluster.newest(read).await?;
        let statuses = pods.iter().filter_map(|pod| pod.status.as_ref()?.container_statuses.as_ref()).flatten();
        let digest = statuses.filter(|status| status.name == self.container).map(|status| status.image_id.as_str());
        let digest = digest.max().unwrap_or_default();
        let replicas = read.deployment.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1);
        let (name, image) = (&self.name, self.image(read));
        preparation.running.push(format!("{name}: {replicas} of {image}"));
        for who in obstacle::reverters(&read.deployment) {
            preparation.warnings.push(format!("{who} may put `{name}` back to what it holds for right"));
        }
        let left = template::not_put_back(&read.template);
        preparation
            .not_put_back
            .extend(left.into_iter().filter(|one| !preparation.not_put_back.contains(one)).collect::<Vec<_>>());
        let start = set.and_then(|set| set.metadata.creation_timestamp).map(|time| time.0);
        let took = start.and_then(|start| rollout::last_took(&read.deployment, start));
        preparation.seconds = preparation.seconds.max(took);
        Ok(json!({ "record": record, "image": image, "digest": digest, "replicas": replicas, "uid": read.uid(),
            "revision": read.annotation("deployment.kubernetes.io/revision") }))
    }
}

fn refuse_deleted(target: &Target, read: &Read) -> Result<(), DeployError> {
    if read.deployment.metadata.deletion_timestamp.is_none() {
        return Ok(());
    }
    Err(DeployError::Refused(format!("deployment `{}`: it is being deleted", target.name)))
}

fn refuse(target: &Target, read: &Read) -> Result<(), DeployError> {
    let mut deployment = read.deployment.clone();
    if let (Some(replicas), Some(spec)) = (read.taken_away(), deployment.spec.as_mut()) {
        // What hotfix took away comes back with the change.
        spec.replicas = Some(replicas);
    }
    let reason = obstacle::refusal(&deployment);
    reason.map_or(Ok(()), |reason| Err(DeployError::Refused(format!("deployment `{}`: {reason}", target.name))))
}

fn taken_over(target: &Target, read: &Read) -> DeployError {
    let (name, image) = (&target.name, target.image(read));
    DeployError::Refused(format!(
        "somebody else changed deployment `{name}` meanwhile: it has `{image}` now, and keeps it"
    ))
}

/// What stopped a change is no refusal any more once a part of it is made.
fn partly(changed: &[(&Target, Changed)], target: &Target, error: DeployError) -> DeployError {
    match error {
        DeployError::Refused(reason) if !changed.is_empty() => {
            DeployError::Rollout(format!("only the deployments before `{}` were changed: {reason}", target.name))
        }
        error => error,
    }
}

/// What `kubectl rollout history` is to show.
fn cause(verb: &str, change: &Change) -> String {
    let from = if change.previous.is_empty() { String::new() } else { format!(", from {}", change.previous) };
    format!("hotfix {verb} {}{from}", change.release).trim_end().to_owned()
}

fn mark_of(read: &Read) -> Option<String> {
    read.annotation(CHANGE).map(str::to_owned)
}
