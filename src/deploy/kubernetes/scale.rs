//! Takes every instance away, and brings back as many as there were. How many is written on the
//! deployment in the same change that takes them away, so that whoever continues knows it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use k8s_openapi::api::autoscaling::v1::HorizontalPodAutoscaler;
use serde_json::{Value, json};

use super::cluster::{self, Cluster};
use super::notes::{CHANGE, CHANGE_CAUSE, REPLICAS};
use super::read::Read;
use super::rollout::Changed;
use super::{Kubernetes, Target, cause, mark, mark_of, partly, refuse_deleted, template};
use crate::crash::{self, Point};
use crate::deploy::{Autoscaler, Change, DeployError};
use crate::value::Length;

const BETWEEN: Duration = Duration::from_millis(500);

/// Returns what changes the number of a deployment's instances by itself.
///
/// With none at all an autoscaler does nothing (Kubernetes, Horizontal Pod Autoscaling, "implicit
/// maintenance-mode deactivation"), unless it may go down to 0, as those of KEDA do.
pub fn autoscaler(found: &HorizontalPodAutoscaler, deployment: &str) -> Option<Autoscaler> {
    let spec = found.spec.as_ref()?;
    let target = &spec.scale_target_ref;
    if target.kind != "Deployment" || target.name != deployment {
        return None;
    }
    let name = found.metadata.name.as_deref().unwrap_or_default();
    let managers = found.metadata.labels.iter().filter_map(|labels| labels.get("app.kubernetes.io/managed-by"));
    let wakes = spec.min_replicas == Some(0) || managers.into_iter().any(|manager| manager.contains("keda"));
    let (least, most) = (spec.min_replicas.unwrap_or(1), spec.max_replicas);
    let then = if wakes { "and may bring instances back at any time" } else { "and continues once they are back" };
    Some(Autoscaler {
        words: format!("autoscaler `{name}` keeps `{deployment}` at {least} to {most} instances {then}"),
        wakes,
    })
}

impl Kubernetes {
    /// Takes away every instance, and returns how many there were by deployment.
    ///
    /// Refused where there are none already and nobody wrote down how many there were.
    pub(super) async fn to_none(
        &self,
        cluster: &Cluster,
        verb: &str,
        change: &Change,
    ) -> Result<BTreeMap<String, i32>, DeployError> {
        let all = self.read(cluster).await?;
        let mut numbers = BTreeMap::new();
        for (target, read) in &all {
            refuse_deleted(target, read)?;
            numbers.insert(target.name.clone(), remembered(target, read, change)?);
        }
        let mut changed = Vec::new();
        for (target, read) in &all {
            let notes = [(CHANGE_CAUSE, cause(verb, change)), (CHANGE, mark(verb, change))];
            let after = target
                .apply(cluster, read, |read| {
                    let replicas = remembered(target, read, change)?;
                    Ok(cluster::Change::Image(scale_patch(read.version(), 0, Some(replicas), &notes)))
                })
                .await;
            let after = after.map_err(|error| partly(&changed, target, error))?;
            changed.push((*target, Changed::of(&after.deployment, &after.template, &target.container)));
            crash::point(Point::Within("take-away"));
        }
        self.until_none(cluster).await?;
        Ok(numbers)
    }

    /// Brings back the instances that were taken away, waits until they run, and returns how many by
    /// deployment. With templates, each gets its own in the same change.
    pub(super) async fn to_all(
        &self,
        cluster: &Cluster,
        verb: &str,
        change: &Change,
        templates: Option<&[Value]>,
    ) -> Result<BTreeMap<String, i32>, DeployError> {
        let all = self.read(cluster).await?;
        let mut changed = Vec::new();
        for (index, (target, read)) in all.iter().enumerate() {
            let notes = [(CHANGE_CAUSE, cause(verb, change)), (CHANGE, mark(verb, change))];
            let after = match missing(target, read, change) {
                None => Ok(read.clone()),
                Some(replicas) => {
                    let template = templates.and_then(|templates| templates.get(index));
                    let patch = |read: &Read| {
                        Ok(match template {
                            Some(template) => {
                                let notes = notes.each_ref().map(|(name, value)| (*name, value.as_str()));
                                cluster::Change::Template(template::undo_patch(read, template, &notes))
                            }
                            None => cluster::Change::Image(scale_patch(read.version(), replicas, None, &notes)),
                        })
                    };
                    target.apply(cluster, read, patch).await
                }
            };
            let after = after.map_err(|error| partly(&changed, target, error))?;
            changed.push((*target, Changed::of(&after.deployment, &after.template, &target.container)));
            crash::point(Point::Within("bring-back"));
        }
        self.rolled_out(&changed, Length(Duration::ZERO)).await?;
        let now = self.read(cluster).await?;
        let replicas = |read: &Read| read.deployment.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1);
        Ok(now.iter().map(|(target, read)| (target.name.clone(), replicas(read))).collect())
    }

    /// Takes every instance away, puts the release's template back, and brings the instances back.
    pub(super) async fn by_restart(&self, change: &Change) -> Result<(), DeployError> {
        let cluster = self.connect().await?;
        let all = self.read(&cluster).await?;
        let mut templates = Vec::new();
        for (target, read) in &all {
            templates.push(target.template_of(&cluster, read, change).await?);
        }
        let ours = mark("restart", change);
        let is_back = |read: &Read| mark_of(read).as_ref() == Some(&ours) && read.taken_away().is_none();
        // Some are back already: a process that is gone was at the second half.
        if !all.iter().any(|(_, read)| is_back(read)) {
            self.to_none(&cluster, "restart", change).await?;
            crash::point(Point::Within("roll-back"));
        }
        self.to_all(&cluster, "restart", change, Some(&templates)).await?;
        Ok(())
    }

    /// Waits until no instance is left.
    async fn until_none(&self, cluster: &Cluster) -> Result<(), DeployError> {
        let start = Instant::now();
        loop {
            let mut left = None;
            for (target, read) in self.read(cluster).await? {
                let status = read.deployment.status.clone().unwrap_or_default();
                let seen = status.observed_generation >= read.deployment.metadata.generation;
                let (_, pods) = cluster.newest(&read).await?;
                if !seen || status.replicas.unwrap_or(0) > 0 || !pods.is_empty() {
                    left = Some(format!("deployment `{}` still has instances", target.name));
                }
            }
            match left {
                None => return Ok(()),
                Some(left) if start.elapsed() >= self.config.deadline.0 => return Err(DeployError::Rollout(left)),
                Some(_) => tokio::time::sleep(BETWEEN).await,
            }
        }
    }
}

/// How many instances are to be brought back: what is written on the deployment, or where somebody
/// has removed that, what the journal has.
fn missing(target: &Target, read: &Read, change: &Change) -> Option<i32> {
    let replicas = read.deployment.spec.as_ref()?.replicas;
    let known = change.state[&target.name]["replicas"].as_i64().and_then(|number| i32::try_from(number).ok());
    read.taken_away().or(known.filter(|_| replicas == Some(0)))
}

/// How many instances to remember: those there are, or those that were before.
fn remembered(target: &Target, read: &Read, change: &Change) -> Result<i32, DeployError> {
    let replicas = read.deployment.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1);
    let remembered = if replicas > 0 { Some(replicas) } else { missing(target, read, change) };
    remembered.filter(|replicas| *replicas > 0).ok_or_else(|| {
        let name = &target.name;
        DeployError::Refused(format!("deployment `{name}` is scaled to 0, and nobody wrote down what it had before"))
    })
}

/// A strategic merge patch of the number of instances; `remember` is written down, or what was is
/// removed.
fn scale_patch(version: &str, replicas: i32, remember: Option<i32>, notes: &[(&str, String)]) -> Value {
    let mut annotations: serde_json::Map<_, _> =
        notes.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    annotations.insert(REPLICAS.to_owned(), json!(remember.map(|number| number.to_string())));
    json!({
        "metadata": { "resourceVersion": version, "annotations": annotations },
        "spec": { "replicas": replicas },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_autoscaler_is_known_by_its_target_and_by_whether_it_wakes() {
        let words = |spec: Value, labels: Value| {
            let found = json!({ "metadata": { "name": "load", "labels": labels }, "spec": spec });
            let found: HorizontalPodAutoscaler = serde_json::from_value(found).expect("an autoscaler");
            autoscaler(&found, "pay").map(|found| (found.words, found.wakes))
        };
        let of = |kind: &str, name: &str, least: Option<i32>| json!({ "minReplicas": least, "maxReplicas": 9, "scaleTargetRef": { "kind": kind, "name": name } });
        assert_eq!(words(of("Deployment", "other", Some(2)), json!({})), None);
        assert_eq!(words(of("StatefulSet", "pay", Some(2)), json!({})), None);
        let plain = "autoscaler `load` keeps `pay` at 2 to 9 instances and continues once they are back";
        assert_eq!(words(of("Deployment", "pay", Some(2)), json!({})), Some((plain.to_owned(), false)));
        let keda = json!({ "app.kubernetes.io/managed-by": "keda-operator" });
        for (least, labels) in [(Some(0), json!({})), (Some(1), keda)] {
            assert!(words(of("Deployment", "pay", least), labels).is_some_and(|(_, wakes)| wakes));
        }
    }
}
