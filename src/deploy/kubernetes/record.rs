//! The templates to go back to, kept in the cluster. A ReplicaSet's may be gone any time
//! (revisionHistoryLimit), and the journal is no place for them: the value of a variable may be a
//! secret. A ControllerRevision is what the cluster itself keeps such history in; it goes with its
//! deployment.

use k8s_openapi::api::apps::v1::ControllerRevision;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use k8s_openapi::apimachinery::pkg::runtime::RawExtension;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::notes::RELEASE;
use super::read::Read;
use super::template;
use crate::domain::hex::hex;

/// Returns the record of what `read` has, named after it: the same template has the same record.
/// `now` is in seconds since 1970.
pub fn record(read: &Read, release: &str, now: i64) -> ControllerRevision {
    let template = template::bare(&read.template);
    let deployment = read.deployment.metadata.name.clone().unwrap_or_default();
    let owner = OwnerReference {
        api_version: "apps/v1".to_owned(),
        kind: "Deployment".to_owned(),
        name: deployment.clone(),
        uid: read.uid().unwrap_or_default().to_owned(),
        controller: Some(true),
        block_owner_deletion: None,
    };
    ControllerRevision {
        metadata: ObjectMeta {
            name: Some(name(&deployment, &template)),
            labels: Some([("app.kubernetes.io/managed-by".to_owned(), "hotfix".to_owned())].into()),
            annotations: Some([(RELEASE.to_owned(), release.to_owned())].into()),
            owner_references: Some(vec![owner]),
            ..ObjectMeta::default()
        },
        revision: now,
        data: Some(RawExtension(template)),
    }
}

/// Returns the template kept under `name`, or else the newest one of `release`.
pub fn template_of(records: &[ControllerRevision], name: Option<&str>, release: &str) -> Option<Value> {
    let named = records.iter().find(|record| name.is_some() && record.metadata.name.as_deref() == name);
    let of_release = |record: &&ControllerRevision| {
        let annotations = record.metadata.annotations.as_ref();
        annotations.and_then(|annotations| annotations.get(RELEASE)).is_some_and(|found| found == release)
    };
    let newest = || records.iter().filter(of_release).max_by_key(|record| record.revision);
    named.or_else(newest)?.data.as_ref().map(|data| data.0.clone())
}

fn name(deployment: &str, template: &Value) -> String {
    let digest = hex(&Sha256::digest(template.to_string()));
    // A name has at most 253 characters.
    let deployment = deployment.get(..220).unwrap_or(deployment);
    format!("{deployment}-hotfix-{}", &digest[..10])
}
