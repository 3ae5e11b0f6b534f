//! How a rollout stands, read off the objects. Pure.
//!
//! The order of the questions is that of `kubectl rollout status`; what kubectl does not ask (pods
//! that crash or get no image, changes by others, conditions left from before) comes first.

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{Deployment, DeploymentCondition};
use k8s_openapi::api::core::v1::{ContainerStatus, Pod};

use super::template;
use crate::deploy::wait::Standing;

/// Restarts of one container that are no longer taken for waiting for something else to come up.
const RESTARTS: i32 = 2;

/// Reasons of a waiting container that do not go away by waiting, as the kubelet writes them.
/// `ErrImagePull` is not among them: after it, the image is pulled once more.
const HOPELESS: &[&str] = &[
    "CrashLoopBackOff",
    "CreateContainerConfigError",
    "CreateContainerError",
    "ErrImageNeverPull",
    "ImageInspectError",
    "ImagePullBackOff",
    "InvalidImageName",
    "RunContainerError",
];

/// What was changed, as the API server answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    pub uid: String,
    /// metadata.generation after the change.
    pub generation: i64,
    /// When the change was made, by the API server's clock, to the second.
    pub at: Option<Timestamp>,
    pub container: String,
    pub image: String,
}

/// Returns how the rollout of `changed` stands. `deployment` is what is there now, `None` where it is
/// gone; `pods` are those of its newest template.
pub fn judge(changed: &Changed, deployment: Option<&Deployment>, image: Option<&str>, pods: &[Pod]) -> Standing {
    let Some(deployment) = deployment else { return Standing::Failed("it was deleted meanwhile".to_owned()) };
    if let Some(reason) = taken_over(changed, deployment, image) {
        return Standing::Failed(reason);
    }
    let status = deployment.status.clone().unwrap_or_default();
    let generation = deployment.metadata.generation.unwrap_or_default().max(changed.generation);
    if status.observed_generation.unwrap_or_default() < generation {
        return Standing::Waiting("the cluster has not seen the change yet".to_owned());
    }
    if let Some(reason) = pods.iter().find_map(broken) {
        return Standing::Failed(reason);
    }
    if let Some(reason) = status.conditions.iter().flatten().find_map(|condition| failed(condition, changed.at)) {
        return Standing::Failed(reason);
    }
    let wanted = deployment.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1);
    let count = |number: Option<i32>| number.unwrap_or_default();
    let (updated, all, available) =
        (count(status.updated_replicas), count(status.replicas), count(status.available_replicas));
    if updated < wanted {
        Standing::Waiting(format!("{updated} of {wanted} new instances are made{}", detained(pods)))
    } else if all > updated {
        Standing::Waiting(format!("{} old instances are still there", all - updated))
    } else if available < updated {
        Standing::Waiting(format!("{available} of {updated} new instances are available{}", detained(pods)))
    } else {
        Standing::Complete
    }
}

/// Returns how long the last rollout took, in seconds: from the first pod wanted of the newest
/// template, created at `start`, to the condition that shows its end.
pub fn last_took(deployment: &Deployment, start: Timestamp) -> Option<i64> {
    let conditions = deployment.status.as_ref()?.conditions.as_ref()?;
    let ended = conditions.iter().find(|condition| condition.reason.as_deref() == Some("NewReplicaSetAvailable"))?;
    let seconds = ended.last_update_time.as_ref()?.0.duration_since(start).as_secs();
    // A template that came back has the age of its first time.
    (0..3600).contains(&seconds).then_some(seconds)
}

/// Why the deployment is no longer the one that was changed.
fn taken_over(changed: &Changed, deployment: &Deployment, image: Option<&str>) -> Option<String> {
    let metadata = &deployment.metadata;
    if metadata.uid.as_deref() != Some(&changed.uid) {
        return Some("it was deleted meanwhile and made again".to_owned());
    }
    if image != Some(&changed.image) {
        let now = image.unwrap_or("nothing");
        return Some(format!("somebody else changed `{}` meanwhile, to `{now}`", changed.container));
    }
    super::obstacle::refusal(deployment).map(|reason| format!("{reason} (since the change)"))
}

/// Why a condition says that the rollout failed. One from before the change means nothing: the
/// controller leaves it for a while (kubernetes/kubernetes issue 49637).
fn failed(condition: &DeploymentCondition, since: Option<Timestamp>) -> Option<String> {
    let updated = condition.last_update_time.as_ref().map(|time| time.0);
    let message = condition.message.as_deref().unwrap_or("no reason is given");
    match (condition.type_.as_str(), condition.status.as_str(), condition.reason.as_deref()) {
        // A deadline is a second at least, so one that passed in the second of the change is not its own.
        ("Progressing", "False", Some("ProgressDeadlineExceeded")) if since.is_none() || updated > since => {
            Some(format!("it makes no progress: {message}"))
        }
        ("ReplicaFailure", "True", _) if updated >= since => Some(format!("pods can't be made: {message}")),
        _ => None,
    }
}

/// Why a pod will not come up by waiting.
fn broken(pod: &Pod) -> Option<String> {
    let name = pod.metadata.name.as_deref().unwrap_or_default();
    let reason = statuses(pod).find_map(|container| {
        let state = container.state.as_ref();
        let waiting = state.and_then(|state| state.waiting.as_ref()?.reason.as_deref());
        match waiting.filter(|reason| HOPELESS.contains(reason)) {
            Some(reason) => Some(format!("{reason}{}", ended(container))),
            None if container.restart_count > RESTARTS => {
                Some(format!("restarted {} times{}", container.restart_count, ended(container)))
            }
            None => None,
        }
    })?;
    Some(format!("{reason} (pod `{name}`)"))
}

/// How the container ended last time.
fn ended(container: &ContainerStatus) -> String {
    let last = container.last_state.as_ref().and_then(|state| state.terminated.as_ref());
    last.map_or_else(String::new, |ended| {
        format!(", {} with status {}", ended.reason.as_deref().unwrap_or("ended"), ended.exit_code)
    })
}

/// What the pods wait for, from the first that says.
fn detained(pods: &[Pod]) -> String {
    let reason = pods.iter().find_map(|pod| {
        let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_ref()).into_iter().flatten();
        let unscheduled = conditions.into_iter().find(|condition| {
            condition.type_ == "PodScheduled" && condition.status == "False" && condition.message.is_some()
        });
        unscheduled
            .and_then(|condition| condition.message.clone())
            .or_else(|| statuses(pod).find_map(|container| container.state.as_ref()?.waiting.as_ref()?.reason.clone()))
    });
    reason.map_or_else(String::new, |reason| format!(" ({reason})"))
}

fn statuses(pod: &Pod) -> impl Iterator<Item = &ContainerStatus> {
    let status = pod.status.as_ref();
    let lists = status.map(|status| [&status.init_container_statuses, &status.container_statuses]);
    lists.into_iter().flatten().flatten().flatten()
}

/// Returns the time of hotfix's last change, by the API server's clock.
pub fn changed_at(deployment: &Deployment) -> Option<Timestamp> {
    let fields = deployment.metadata.managed_fields.as_ref()?;
    let ours = fields.iter().filter(|fields| fields.manager.as_deref() == Some(super::MANAGER));
    ours.filter_map(|fields| fields.time.as_ref().map(|time| time.0)).max()
}

impl Changed {
    /// What a deployment is after hotfix changed it, whose template is `template`.
    pub fn of(deployment: &Deployment, template: &serde_json::Value, container: &str) -> Changed {
        Changed {
            uid: deployment.metadata.uid.clone().unwrap_or_default(),
            generation: deployment.metadata.generation.unwrap_or_default(),
            at: changed_at(deployment),
            container: container.to_owned(),
            image: template::image(template, container).unwrap_or_default().to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const IMAGE: &str = "registry/pay:v2";

    fn changed() -> Changed {
        Changed {
            uid: "u".to_owned(),
            generation: 5,
            at: "2026-01-01T12:00:00Z".parse().ok(),
            container: "app".to_owned(),
            image: IMAGE.to_owned(),
        }
    }

    /// A deployment that is rolled out, with `change` merged into it.
    fn deployment(change: Value) -> Deployment {
        let mut whole = json!({
            "metadata": { "uid": "u", "generation": 5 },
            "spec": { "replicas": 3, "selector": {}, "template": {} },
            "status": { "observedGeneration": 5, "replicas": 3, "updatedReplicas": 3, "availableReplicas": 3 },
        });
        merge(&mut whole, change);
        serde_json::from_value(whole).expect("a deployment")
    }

    fn merge(into: &mut Value, from: Value) {
        match (into, from) {
            (Value::Object(into), Value::Object(from)) => {
                from.into_iter().for_each(|(key, value)| merge(into.entry(key).or_insert(Value::Null), value));
            }
            (into, from) => *into = from,
        }
    }

    fn pod(state: Value) -> Pod {
        let mut container = json!({ "name": "app", "image": "", "imageID": "", "ready": false, "restartCount": 0 });
        merge(&mut container, state);
        let pod = json!({ "metadata": { "name": "pay-1" }, "status": { "containerStatuses": [container] } });
        serde_json::from_value(pod).expect("a pod")
    }

    fn says(change: Value, pods: &[Pod]) -> String {
        match judge(&changed(), Some(&deployment(change)), Some(IMAGE), pods) {
            Standing::Complete => "complete".to_owned(),
            Standing::Waiting(reason) => format!("waiting: {reason}"),
            Standing::Failed(reason) => format!("failed: {reason}"),
        }
    }

    #[test]
    fn the_questions_come_in_kubectls_order() {
        let cases = [
            (json!({}), "complete"),
            (json!({ "metadata": { "generation": 6 } }), "waiting: the cluster has not seen the change yet"),
            (json!({ "status": { "observedGeneration": 4 } }), "waiting: the cluster has not seen the change yet"),
            (json!({ "status": { "updatedReplicas": 1 } }), "waiting: 1 of 3 new instances are made"),
            (json!({ "status": { "updatedReplicas": null } }), "waiting: 0 of 3 new instances are made"),
            (json!({ "status": { "replicas": 5 } }), "waiting: 2 old instances are still there"),
            (json!({ "status": { "availableReplicas": 2 } }), "waiting: 2 of 3 new instances are available"),
            (
                json!({ "spec": { "paused": true } }),
                "failed: it is paused, so nothing would roll out (since the change)",
            ),
            (
                json!({ "spec": { "replicas": 0 } }),
                "failed: it is scaled to 0, so nothing would run (since the change)",
            ),
            (json!({ "metadata": { "uid": "other" } }), "failed: it was deleted meanwhile and made again"),
        ];
        for (change, expected) in cases {
            assert_eq!(says(change.clone(), &[]), expected, "{change}");
        }
    }

    #[test]
    fn a_condition_from_before_the_change_tells_nothing() {
        let with = |kind: &str, status: &str, reason: &str, at: &str| {
            json!({ "status": { "conditions": [{ "type": kind, "status": status, "reason": reason,
                "message": "said", "lastUpdateTime": format!("2026-01-01T{at}Z") }] } })
        };
        let deadline = |at| with("Progressing", "False", "ProgressDeadlineExceeded", at);
        let quota = |at| with("ReplicaFailure", "True", "FailedCreate", at);
        let cases = [
            (deadline("11:59:59"), "complete"),
            (deadline("12:00:00"), "complete"),
            (deadline("12:00:01"), "failed: it makes no progress: said"),
            (quota("11:59:59"), "complete"),
            (quota("12:00:00"), "failed: pods can't be made: said"),
        ];
        for (change, expected) in cases {
            assert_eq!(says(change.clone(), &[]), expected, "{change}");
        }
    }

    #[test]
    fn a_pod_that_will_not_come_up_fails_the_rollout_at_once() {
        let waiting = |reason: &str| json!({ "state": { "waiting": { "reason": reason } } });
        let cases = [
            (waiting("ContainerCreating"), "waiting: 0 of 3 new instances are made (ContainerCreating)"),
            (waiting("ErrImagePull"), "waiting: 0 of 3 new instances are made (ErrImagePull)"),
            (waiting("ImagePullBackOff"), "failed: ImagePullBackOff (pod `pay-1`)"),
            (json!({ "restartCount": 2 }), "waiting: 0 of 3 new instances are made"),
            (
                json!({ "restartCount": 3, "lastState": { "terminated": { "exitCode": 137, "reason": "OOMKilled" } } }),
                "failed: restarted 3 times, OOMKilled with status 137 (pod `pay-1`)",
            ),
        ];
        for (state, expected) in cases {
            let change = json!({ "status": { "updatedReplicas": 0 } });
            assert_eq!(says(change, &[pod(state.clone())]), expected, "{state}");
        }
    }

    #[test]
    fn one_that_is_gone_or_has_another_image_is_no_longer_ours() {
        assert_eq!(judge(&changed(), None, None, &[]), Standing::Failed("it was deleted meanwhile".to_owned()));
        let other = judge(&changed(), Some(&deployment(json!({}))), Some("registry/pay:v9"), &[]);
        let expected = "somebody else changed `app` meanwhile, to `registry/pay:v9`";
        assert_eq!(other, Standing::Failed(expected.to_owned()));
    }

    #[test]
    fn a_rollouts_time_is_not_told_from_a_template_that_came_back() {
        let ended = json!({ "status": { "conditions": [{ "type": "Progressing", "status": "True",
            "reason": "NewReplicaSetAvailable", "lastUpdateTime": "2026-01-01T12:00:09Z" }] } });
        let took = |began: &str| last_took(&deployment(ended.clone()), began.parse().expect("a time"));
        assert_eq!(took("2026-01-01T12:00:00Z"), Some(9));
        assert_eq!(took("2025-12-01T12:00:00Z"), None);
    }
}
