//! Whole deployments, kept so that they can be made again. Their records have no owner, for they are
//! needed once it is gone; the newest few of each deployment are kept.

use k8s_openapi::api::apps::v1::ControllerRevision;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::runtime::RawExtension;
use kube::api::DynamicObject;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::notes::{CHANGE, RELEASE, REPLICAS};
use super::template;
use crate::domain::hex::hex;

/// The deployment that a record is of.
const OF: &str = "hotfix/manifest-of";
/// How many are kept of each deployment.
const KEPT: usize = 5;

/// Returns what it takes to make `object` again; an instance count that hotfix set to 0 is what it was.
pub fn of(object: &DynamicObject) -> Value {
    let mut spec = object.data["spec"].clone();
    spec["template"] = template::bare(&spec["template"]);
    let metadata = &object.metadata;
    let annotations = metadata.annotations.clone().unwrap_or_default();
    if let Some(replicas) = annotations.get(REPLICAS).and_then(|number| number.parse::<i32>().ok()) {
        spec["replicas"] = json!(replicas);
    }
    let written = |name: &str| name.starts_with("hotfix/") || name.starts_with("deployment.kubernetes.io/");
    let annotations: Map<_, _> =
        annotations.into_iter().filter(|(name, _)| !written(name)).map(|(name, value)| (name, json!(value))).collect();
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": metadata.name,
            "labels": metadata.labels,
            "annotations": annotations,
            "ownerReferences": metadata.owner_references,
        },
        "spec": spec,
    })
}

/// Returns the record of a manifest, named after it. `mark` names the change that is about to make it
/// again; `now` is in seconds since 1970.
pub fn record(manifest: &Value, release: &str, mark: Option<&str>, now: i64) -> ControllerRevision {
    let deployment = manifest["metadata"]["name"].as_str().unwrap_or_default();
    let digest = hex(&Sha256::digest(format!("{manifest}{}", mark.unwrap_or_default())));
    // A name has at most 253 characters.
    let name = format!("{}-hotfix-manifest-{}", deployment.get(..210).unwrap_or(deployment), &digest[..10]);
    let notes = [(RELEASE, Some(release)), (OF, Some(deployment)), (CHANGE, mark)];
    let notes = notes.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())));
    ControllerRevision {
        metadata: ObjectMeta {
            name: Some(name),
            labels: Some([("app.kubernetes.io/managed-by".to_owned(), "hotfix".to_owned())].into()),
            annotations: Some(notes.collect()),
            ..ObjectMeta::default()
        },
        revision: now,
        data: Some(RawExtension(manifest.clone())),
    }
}

/// Returns the manifest that a change was about to make.
pub fn started(records: &[ControllerRevision], deployment: &str, mark: &str) -> Option<Value> {
    let found = ours(records, deployment).find(|record| note(record, CHANGE) == Some(mark))?;
    found.data.as_ref().map(|data| data.0.clone())
}

/// Returns the newest manifest of a deployment with `release`.
pub fn of_release(records: &[ControllerRevision], deployment: &str, release: &str) -> Option<Value> {
    let found = ours(records, deployment).filter(|record| note(record, RELEASE) == Some(release));
    found.max_by_key(|record| record.revision)?.data.as_ref().map(|data| data.0.clone())
}

/// Returns the names of the records that are no longer needed once `kept` is there.
pub fn surplus(records: &[ControllerRevision], deployment: &str, kept: &str) -> Vec<String> {
    let mut others: Vec<_> =
        ours(records, deployment).filter(|record| record.metadata.name.as_deref() != Some(kept)).collect();
    others.sort_by_key(|record| std::cmp::Reverse(record.revision));
    others.into_iter().skip(KEPT - 1).filter_map(|record| record.metadata.name.clone()).collect()
}

fn ours<'a>(records: &'a [ControllerRevision], deployment: &'a str) -> impl Iterator<Item = &'a ControllerRevision> {
    records.iter().filter(move |record| note(record, OF) == Some(deployment))
}

fn note<'a>(record: &'a ControllerRevision, name: &str) -> Option<&'a str> {
    record.metadata.annotations.as_ref()?.get(name).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(image: &str) -> Value {
        json!({ "metadata": { "name": "pay" }, "spec": { "template": image } })
    }

    #[test]
    fn what_the_api_server_writes_is_left_out_and_all_else_is_kept() {
        let object = json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {
                "name": "pay", "uid": "u", "resourceVersion": "7", "generation": 3, "labels": { "team": "a" },
                "annotations": { "deployment.kubernetes.io/revision": "4", "hotfix/replicas": "3", "note": "kept" },
            },
            "spec": { "replicas": 0, "unheardOf": true, "template": { "metadata": { "labels": { "pod-template-hash": "x", "app": "pay" } } } },
            "status": { "replicas": 0 },
        });
        let found = of(&serde_json::from_value(object).expect("an object"));
        assert_eq!(
            found,
            json!({
                "apiVersion": "apps/v1", "kind": "Deployment",
                "metadata": { "name": "pay", "labels": { "team": "a" }, "annotations": { "note": "kept" }, "ownerReferences": null },
                "spec": { "replicas": 3, "unheardOf": true, "template": { "metadata": { "labels": { "app": "pay" } } } },
            })
        );
    }

    #[test]
    fn the_newest_few_are_kept_and_found_by_release_or_change() {
        let mut records: Vec<_> =
            (1..=7).map(|now| record(&manifest(&now.to_string()), &format!("v{}", now % 2), None, now)).collect();
        records.push(record(&manifest("8"), "v0", Some("change"), 8));
        assert_eq!(of_release(&records, "pay", "v1"), Some(manifest("7")));
        assert_eq!(of_release(&records, "other", "v1"), None);
        assert_eq!(started(&records, "pay", "change"), Some(manifest("8")));
        let kept = records[0].metadata.name.clone().expect("it has a name");
        let surplus = surplus(&records, "pay", &kept);
        let expected: Vec<_> = [3, 2, 1].iter().filter_map(|index| records[*index].metadata.name.clone()).collect();
        assert_eq!(surplus, expected);
    }
}
