//! Deletes deployments and makes them again. What is to be made is recorded in the cluster before
//! anything is deleted, so that whoever continues knows it.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::cluster::{Cluster, Failure};
use super::notes::{CHANGE, CHANGE_CAUSE};
use super::read::Read;
use super::rollout::Changed;
use super::{Kubernetes, Target, cause, manifest, mark, mark_of, template};
use crate::crash::{self, Point};
use crate::deploy::{Change, DeployError};
use crate::value::Length;

const VERB: &str = "recreate";
const BETWEEN: Duration = Duration::from_millis(500);

impl Kubernetes {
    /// Makes every deployment again, with the release's template, and waits until it runs. One that is
    /// gone is made from what was recorded of it before the last deploys.
    pub(super) async fn by_recreation(&self, change: &Change) -> Result<(), DeployError> {
        let cluster = self.connect().await?;
        let mut wanted = Vec::new();
        for target in &self.config.deployments {
            let read = cluster.deployment(&target.name).await?;
            let manifest = target.manifest_of(&cluster, read.as_ref(), change).await?;
            wanted.push((target, read, manifest));
        }
        let mut changed = Vec::new();
        for (target, read, manifest) in &wanted {
            let after = self.make_again(&cluster, target, read.as_ref(), manifest, change).await?;
            changed.push((*target, Changed::of(&after.deployment, &after.template, &target.container)));
        }
        self.rolled_out(&changed, Length(Duration::ZERO)).await
    }

    async fn make_again(
        &self,
        cluster: &Cluster,
        target: &Target,
        read: Option<&Read>,
        manifest: &Value,
        change: &Change,
    ) -> Result<Read, DeployError> {
        let ours = mark(VERB, change);
        if let Some(read) = read {
            if mark_of(read).as_ref() == Some(&ours) {
                return Ok(read.clone());
            }
            let now = Timestamp::now().as_second();
            cluster.keep(&manifest::record(manifest, &change.release, Some(&ours), now)).await?;
            cluster.delete(&target.name, read).await?;
            self.until_gone(cluster, target, read).await?;
        }
        crash::point(Point::Within("roll-back"));
        match cluster.create(&noted(manifest, change)).await {
            // Somebody else was faster; the rollout shows whether it is what is wanted.
            Err(Failure::Conflict) => {
                let gone = || DeployError::Rollout(format!("deployment `{}` was deleted meanwhile", target.name));
                cluster.deployment(&target.name).await?.ok_or_else(gone)
            }
            made => Ok(made?),
        }
    }

    async fn until_gone(&self, cluster: &Cluster, target: &Target, read: &Read) -> Result<(), DeployError> {
        let start = Instant::now();
        loop {
            let now = cluster.deployment(&target.name).await?;
            if now.is_none_or(|now| now.uid() != read.uid()) {
                return Ok(());
            }
            if start.elapsed() >= self.config.deadline.0 {
                let (name, seconds) = (&target.name, self.config.deadline.0.as_secs());
                return Err(DeployError::Rollout(format!("deployment `{name}` is not gone within {seconds} s")));
            }
            tokio::time::sleep(BETWEEN).await;
        }
    }
}

impl Target {
    /// What is to be made: what a process that is gone was about to, else what is there with the
    /// release's template, else what was recorded of the release.
    async fn manifest_of(&self, cluster: &Cluster, read: Option<&Read>, change: &Change) -> Result<Value, DeployError> {
        let records = cluster.all_kept().await?;
        if let Some(started) = manifest::started(&records, &self.name, &mark(VERB, change)) {
            return Ok(started);
        }
        if let Some(read) = read {
            let mut manifest = read.manifest.clone();
            manifest["spec"]["template"] = template::bare(&self.template_of(cluster, read, change).await?);
            return Ok(manifest);
        }
        let recorded = manifest::of_release(&records, &self.name, &change.release);
        recorded.ok_or_else(|| {
            let (name, release) = (&self.name, &change.release);
            DeployError::Refused(format!("deployment `{name}` is gone, and was not recorded with `{release}`"))
        })
    }
}

/// The manifest with the notes by which the change is known again.
fn noted(manifest: &Value, change: &Change) -> Value {
    let mut noted = manifest.clone();
    noted["metadata"]["annotations"][CHANGE_CAUSE] = json!(cause(VERB, change));
    noted["metadata"]["annotations"][CHANGE] = json!(mark(VERB, change));
    noted
}
