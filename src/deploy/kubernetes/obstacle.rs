//! What stands against a change before it is made: reasons to refuse it, and others who will take it
//! back.

use k8s_openapi::api::apps::v1::Deployment;

/// Returns why a deployment can't be changed, or can't be seen to have been, if there is a reason.
pub fn refusal(deployment: &Deployment) -> Option<&'static str> {
    let spec = deployment.spec.as_ref()?;
    if deployment.metadata.deletion_timestamp.is_some() {
        Some("it is being deleted")
    } else if spec.paused == Some(true) {
        Some("it is paused, so nothing would roll out")
    } else if spec.replicas == Some(0) {
        Some("it is scaled to 0, so nothing would run")
    } else {
        None
    }
}

/// Returns who is likely to put the deployment back to what they hold for right, each once.
pub fn reverters(deployment: &Deployment) -> Vec<&'static str> {
    let metadata = &deployment.metadata;
    let managers = metadata.managed_fields.iter().flatten().filter_map(|fields| fields.manager.as_deref());
    let keys = metadata.annotations.iter().chain(&metadata.labels).flat_map(|map| map.keys().map(String::as_str));
    let values = metadata.labels.iter().filter_map(|labels| labels.get("app.kubernetes.io/managed-by"));
    let mut found: Vec<_> = managers.chain(keys).chain(values.map(String::as_str)).filter_map(reverter).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// Who it is that a field manager, a label or an annotation belongs to.
fn reverter(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    if name.starts_with("argocd") || name.contains("argoproj.io/") && !name.contains("rollouts") {
        Some("Argo CD")
    } else if name.contains("toolkit.fluxcd.io") || name == "kustomize-controller" || name == "helm-controller" {
        Some("Flux")
    } else if name == "helm" || name.starts_with("meta.helm.sh/") {
        Some("Helm")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn deployment(metadata: Value, spec: Value) -> Deployment {
        let mut whole = json!({ "selector": {}, "template": {} });
        whole.as_object_mut().expect("a map").extend(spec.as_object().expect("a map").clone());
        serde_json::from_value(json!({ "metadata": metadata, "spec": whole })).expect("a deployment")
    }

    #[test]
    fn what_can_not_roll_out_is_refused() {
        let cases = [
            (json!({}), json!({ "replicas": 1 }), None),
            (json!({}), json!({}), None),
            (json!({}), json!({ "paused": true }), Some("it is paused, so nothing would roll out")),
            (json!({}), json!({ "replicas": 0 }), Some("it is scaled to 0, so nothing would run")),
            (json!({ "deletionTimestamp": "2026-01-01T00:00:00Z" }), json!({}), Some("it is being deleted")),
        ];
        for (metadata, spec, expected) in cases {
            assert_eq!(refusal(&deployment(metadata, spec.clone())), expected, "{spec}");
        }
    }

    #[test]
    fn those_who_revert_are_known_by_their_traces() {
        let cases = [
            (json!({ "managedFields": [{ "manager": "kubectl-set" }, { "manager": "hotfix" }] }), vec![]),
            (json!({ "managedFields": [{ "manager": "argocd-controller" }] }), vec!["Argo CD"]),
            (json!({ "annotations": { "argocd.argoproj.io/tracking-id": "a" } }), vec!["Argo CD"]),
            (json!({ "labels": { "kustomize.toolkit.fluxcd.io/name": "a" } }), vec!["Flux"]),
            (
                json!({ "labels": { "app.kubernetes.io/managed-by": "Helm" },
                    "managedFields": [{ "manager": "helm-controller" }, { "manager": "helm" }] }),
                vec!["Flux", "Helm"],
            ),
        ];
        for (metadata, expected) in cases {
            assert_eq!(reverters(&deployment(metadata.clone(), json!({}))), expected, "{metadata}");
        }
    }
}
