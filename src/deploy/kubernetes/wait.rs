//! Waits for rollouts by looking at the cluster, twice a second. A look that fails is no verdict:
//! the API server may be back for the next.

use std::time::{Duration, Instant};

use super::Target;
use super::cluster::{Cluster, Failure};
use super::rollout::{Changed, Rollout, judge};
use super::template;
use crate::deploy::DeployError;

const BETWEEN: Duration = Duration::from_millis(500);

pub struct Wait {
    /// How long it may take in all.
    pub deadline: Duration,
    /// How long it has to stay complete.
    pub soak: Duration,
}

impl Wait {
    /// Returns once everything that was changed is rolled out and stayed so.
    ///
    /// Fails with [`DeployError::Rollout`] where it will not be, and with [`DeployError::Unknown`]
    /// where nobody can tell.
    pub async fn until_complete<C>(
        &self,
        connect: impl Fn() -> C,
        changed: &[(&Target, Changed)],
    ) -> Result<(), DeployError>
    where
        C: Future<Output = Result<Cluster, Failure>>,
    {
        let start = Instant::now();
        let mut cluster = None;
        let mut complete: Option<Instant> = None;
        let mut suspected: Option<String> = None;
        loop {
            let looked = match cluster.take() {
                Some(cluster) => Ok(cluster),
                None => connect().await,
            };
            let looked = match looked {
                Ok(connected) => {
                    let seen = look(&connected, changed).await;
                    // After a failure a new connection reads the credentials anew.
                    cluster = seen.is_ok().then_some(connected);
                    seen
                }
                Err(failure) => Err(failure),
            };
            let waits = match looked {
                Ok(Rollout::Complete) => {
                    if complete.get_or_insert_with(Instant::now).elapsed() >= self.soak {
                        return Ok(());
                    }
                    suspected = None;
                    None
                }
                // Seen twice: what was left from before the change goes with the next look.
                Ok(Rollout::Failed(reason)) if suspected.as_ref() == Some(&reason) => {
                    return Err(DeployError::Rollout(reason));
                }
                Ok(Rollout::Failed(reason)) => {
                    suspected = Some(reason.clone());
                    complete = None;
                    Some(DeployError::Rollout(reason))
                }
                Ok(Rollout::Waiting(reason)) => {
                    suspected = None;
                    complete = None;
                    let seconds = self.deadline.as_secs();
                    Some(DeployError::Rollout(format!("not rolled out within {seconds} s: {reason}")))
                }
                Err(failure) => Some(DeployError::Unknown(match failure {
                    Failure::Refused(reason) | Failure::Unreachable(reason) => reason,
                    Failure::Conflict => "it was changed at the same time".to_owned(),
                })),
            };
            if let Some(waits) = waits
                && start.elapsed() >= self.deadline
            {
                return Err(waits);
            }
            tokio::time::sleep(BETWEEN).await;
        }
    }
}

/// How all of them stand: a failure counts more than waiting, and that more than being complete.
async fn look(cluster: &Cluster, changed: &[(&Target, Changed)]) -> Result<Rollout, Failure> {
    let mut all = Rollout::Complete;
    for (target, changed) in changed {
        let name = &target.name;
        let read = cluster.deployment(name).await?;
        let pods = match &read {
            Some(read) => cluster.newest(read).await?.1,
            None => Vec::new(),
        };
        let image = read.as_ref().and_then(|read| template::image(&read.template, &target.container));
        match judge(changed, read.as_ref().map(|read| &read.deployment), image, &pods) {
            Rollout::Failed(reason) => return Ok(Rollout::Failed(format!("deployment `{name}`: {reason}"))),
            Rollout::Waiting(reason) => all = Rollout::Waiting(format!("deployment `{name}`: {reason}")),
            Rollout::Complete => {}
        }
    }
    Ok(all)
}
