//! Pod templates as JSON: compared, and put back whole. They stay JSON all the way, for a field that
//! this program does not know has to come back too.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::notes::{HASH, RELEASE, REPLICAS};
use super::read::Read;

/// The image that a template was given together with its release.
const IMAGE: &str = "hotfix/image";

/// Returns the template as it is compared and put back: without the hash of its pods and without
/// what only some versions of the API server write.
pub fn bare(template: &Value) -> Value {
    let mut bare = template.clone();
    if let Some(metadata) = bare.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("creationTimestamp");
        if let Some(labels) = metadata.get_mut("labels").and_then(Value::as_object_mut) {
            labels.remove(HASH);
        }
    }
    bare
}

/// Returns the list of the template that has the container, `containers` or `initContainers`.
pub fn list_of(template: &Value, container: &str) -> Option<&'static str> {
    ["containers", "initContainers"].into_iter().find(|list| containers(template, list).any(|c| c["name"] == container))
}

/// Returns the image of a container.
pub fn image<'a>(template: &'a Value, container: &str) -> Option<&'a str> {
    let list = list_of(template, container)?;
    containers(template, list).find(|c| c["name"] == container)?["image"].as_str()
}

/// Returns the strategic merge patch that sets one image, brings back the instances that hotfix has
/// taken away, and fails as a conflict (409) where the object is no longer as it was read.
pub fn image_patch(read: &Read, list: &str, container: &str, image: &str, notes: &[(&str, &str)]) -> Value {
    let annotations: serde_json::Map<_, _> =
        notes.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let mut patch = json!({
        "metadata": { "resourceVersion": read.version(), "annotations": annotations },
        "spec": { "template": { "spec": { list: [{ "name": container, "image": image }] } } },
    });
    if let Some(replicas) = read.taken_away() {
        patch["metadata"]["annotations"][REPLICAS] = Value::Null;
        patch["spec"]["replicas"] = json!(replicas);
    }
    patch
}

/// Adds to a patch of the image what release it is of, which a digest does not show.
pub fn name_release(patch: &mut Value, image: &str, release: &str) {
    patch["spec"]["template"]["metadata"] = json!({ "annotations": { IMAGE: image, RELEASE: release } });
}

/// Returns the release that a template was given together with `image`.
pub fn release_of<'a>(template: &'a Value, image: &str) -> Option<&'a str> {
    let annotations = &template["metadata"]["annotations"];
    // Somebody may have set another image since.
    annotations[RELEASE].as_str().filter(|_| annotations[IMAGE].as_str() == Some(image))
}

/// Returns the JSON patch (RFC 6902) that puts a whole template back, with the instances that hotfix
/// has taken away, and fails where the object is no longer as it was read.
pub fn undo_patch(read: &Read, template: &Value, notes: &[(&str, &str)]) -> Value {
    let path = |name: &str| format!("/metadata/annotations/{}", name.replace('~', "~0").replace('/', "~1"));
    let mut patch = vec![json!({ "op": "test", "path": "/metadata/resourceVersion", "value": read.version() })];
    if read.deployment.metadata.annotations.is_none() {
        patch.push(json!({ "op": "add", "path": "/metadata/annotations", "value": {} }));
    }
    for (name, value) in notes {
        patch.push(json!({ "op": "add", "path": path(name), "value": value }));
    }
    if let Some(replicas) = read.taken_away() {
        patch.push(json!({ "op": "remove", "path": path(REPLICAS) }));
        patch.push(json!({ "op": "replace", "path": "/spec/replicas", "value": replicas }));
    }
    patch.push(json!({ "op": "replace", "path": "/spec/template", "value": bare(template) }));
    Value::Array(patch)
}

/// Returns the config maps and secrets that a template names, which no rollback puts back, in order.
pub fn not_put_back(template: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(&template["spec"], &mut found);
    found
}

fn collect(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(fields) => {
            for (key, inner) in fields {
                let kind = match key.as_str() {
                    "configMap" | "configMapRef" | "configMapKeyRef" => "config map",
                    "secret" | "secretRef" | "secretKeyRef" => "secret",
                    _ => {
                        collect(inner, found);
                        continue;
                    }
                };
                // A volume of a secret names it in another way than everything else.
                if let Some(name) = inner["name"].as_str().or(inner["secretName"].as_str()) {
                    found.insert(format!("{kind} `{name}`"));
                }
            }
        }
        _ => {}
    }
}

fn containers<'a>(template: &'a Value, list: &str) -> impl Iterator<Item = &'a Value> {
    template["spec"][list].as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deploy::kubernetes::notes::CHANGE_CAUSE;

    #[test]
    fn only_the_hash_and_the_null_time_do_not_count() {
        let template = json!({ "metadata": { "labels": { "app": "pay" } }, "spec": { "unknownToUs": 1 } });
        let of_replica_set = json!({
            "metadata": { "creationTimestamp": null, "labels": { "app": "pay", "pod-template-hash": "5d4" } },
            "spec": { "unknownToUs": 1 },
        });
        assert_eq!(bare(&of_replica_set), template);
        assert_ne!(bare(&json!({ "spec": { "unknownToUs": 2 } })), template);
    }

    #[test]
    fn a_digest_is_of_the_release_that_was_named_with_it() {
        let mut patch = image_patch(&read(json!({})), "containers", "app", "r/pay@sha256:00", &[]);
        name_release(&mut patch, "r/pay@sha256:00", "v2");
        let template = &patch["spec"]["template"];
        assert_eq!(release_of(template, "r/pay@sha256:00"), Some("v2"));
        assert_eq!(release_of(template, "r/pay:v9"), None);
        assert_eq!(release_of(&json!({}), "r/pay:v9"), None);
        assert_eq!(image(template, "app"), Some("r/pay@sha256:00"));
    }

    #[test]
    fn an_undo_tests_the_version_and_escapes_names() {
        let patch = undo_patch(&read(json!({})), &json!({ "spec": {} }), &[(CHANGE_CAUSE, "back")]);
        insta::assert_snapshot!(patch, @r#"[{"op":"test","path":"/metadata/resourceVersion","value":"7"},{"op":"add","path":"/metadata/annotations","value":{}},{"op":"add","path":"/metadata/annotations/kubernetes.io~1change-cause","value":"back"},{"op":"replace","path":"/spec/template","value":{"spec":{}}}]"#);
    }

    /// A deployment without instances, with these annotations.
    fn read(annotations: Value) -> Read {
        let annotations = annotations.as_object().filter(|map| !map.is_empty());
        let metadata = json!({ "resourceVersion": "7", "annotations": annotations });
        let deployment = json!({ "metadata": metadata, "spec": { "replicas": 0, "selector": {}, "template": {} } });
        let deployment = serde_json::from_value(deployment).expect("a deployment");
        Read { deployment, template: Value::Null, manifest: Value::Null }
    }

    #[test]
    fn instances_that_were_taken_away_come_back_with_any_change() {
        let read = read(json!({ "hotfix/replicas": "3" }));
        let patch = undo_patch(&read, &json!({ "spec": {} }), &[]);
        insta::assert_snapshot!(patch, @r#"[{"op":"test","path":"/metadata/resourceVersion","value":"7"},{"op":"remove","path":"/metadata/annotations/hotfix~1replicas"},{"op":"replace","path":"/spec/replicas","value":3},{"op":"replace","path":"/spec/template","value":{"spec":{}}}]"#);
        let patch = image_patch(&read, "containers", "app", "pay:v2", &[]);
        insta::assert_snapshot!(patch, @r#"{"metadata":{"annotations":{"hotfix/replicas":null},"resourceVersion":"7"},"spec":{"replicas":3,"template":{"spec":{"containers":[{"image":"pay:v2","name":"app"}]}}}}"#);
    }

    #[test]
    fn what_a_rollback_leaves_is_named() {
        let template = json!({ "spec": {
            "volumes": [{ "name": "a", "secret": { "secretName": "tls" } }, { "name": "b", "configMap": { "name": "routes" } }],
            "containers": [{ "envFrom": [{ "secretRef": { "name": "db" } }],
                "env": [{ "valueFrom": { "configMapKeyRef": { "name": "flags", "key": "x" } } }] }],
        } });
        let found: Vec<_> = not_put_back(&template).into_iter().collect();
        assert_eq!(found, ["config map `flags`", "config map `routes`", "secret `db`", "secret `tls`"]);
    }

    #[test]
    fn a_container_is_found_among_the_first_ones_too() {
        let template = json!({ "spec": { "containers": [{ "name": "app", "image": "a:1" }],
            "initContainers": [{ "name": "migrate", "image": "m:1" }] } });
        assert_eq!(image(&template, "migrate"), Some("m:1"));
        assert_eq!(list_of(&template, "migrate"), Some("initContainers"));
        assert_eq!(image(&template, "sidecar"), None);
    }
}
