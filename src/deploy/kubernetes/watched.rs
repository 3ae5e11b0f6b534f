//! Looks at the rollouts of what was changed.

use async_trait::async_trait;

use super::cluster::{Cluster, Failure};
use super::rollout::{Changed, judge};
use super::{Kubernetes, Target, template};
use crate::deploy::wait::{Look, Standing};

/// Deployments that are looked at again and again.
pub struct Watched<'a> {
    pub deployer: &'a Kubernetes,
    pub changed: &'a [(&'a Target, Changed)],
    /// `None` after a failure: a new connection reads the credentials again.
    pub cluster: Option<Cluster>,
}

#[async_trait]
impl Look for Watched<'_> {
    async fn look(&mut self) -> Result<Standing, String> {
        let connected = match self.cluster.take() {
            Some(cluster) => Ok(cluster),
            None => self.deployer.connect().await,
        };
        let cluster = connected.map_err(reason)?;
        let seen = look(&cluster, self.changed).await.map_err(reason)?;
        self.cluster = Some(cluster);
        Ok(seen)
    }
}

fn reason(failure: Failure) -> String {
    match failure {
        Failure::Refused(reason) | Failure::Unreachable(reason) => reason,
        Failure::Conflict => "it was changed at the same time".to_owned(),
    }
}

/// How all of them stand: a failure counts more than waiting, and that more than being complete.
async fn look(cluster: &Cluster, changed: &[(&Target, Changed)]) -> Result<Standing, Failure> {
    let mut all = Standing::Complete;
    for (target, changed) in changed {
        let name = &target.name;
        let read = cluster.deployment(name).await?;
        let pods = match &read {
            Some(read) => cluster.newest(read).await?.1,
            None => Vec::new(),
        };
        let image = read.as_ref().and_then(|read| template::image(&read.template, &target.container));
        match judge(changed, read.as_ref().map(|read| &read.deployment), image, &pods) {
            Standing::Failed(reason) => return Ok(Standing::Failed(format!("deployment `{name}`: {reason}"))),
            Standing::Waiting(reason) => all = Standing::Waiting(format!("deployment `{name}`: {reason}")),
            Standing::Complete => {}
        }
    }
    Ok(all)
}
