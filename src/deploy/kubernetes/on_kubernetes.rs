//! What happens between reading a deployment and changing it, on a real control plane: see
//! tests/it/on_kubernetes.rs.

use kube::api::DeleteParams;
use kube::config::{KubeConfigOptions, Kubeconfig};

use super::*;

async fn cluster() -> Cluster {
    let path = std::env::var("HOTFIX_TEST_KUBECONFIG").expect("HOTFIX_TEST_KUBECONFIG names a kubeconfig");
    let _ = rustls::crypto::ring::default_provider().install_default();
    let kubeconfig = Kubeconfig::read_from(path).expect("a kubeconfig");
    let options = KubeConfigOptions::default();
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options).await.expect("a configuration");
    let client = kube::Client::try_from(config).expect("a client");
    Cluster { client, namespace: "default".to_owned() }
}

/// Makes a deployment, reads it, lets `meanwhile` be merged into it, sets the release's image on what
/// was read, and returns how that ended and the image then.
async fn race(name: &str, meanwhile: Value) -> (Result<Read, DeployError>, String) {
    let cluster = cluster().await;
    let api: kube::Api<k8s_openapi::api::apps::v1::Deployment> =
        kube::Api::namespaced(cluster.client.clone(), &cluster.namespace);
    let _ = api.delete(name, &DeleteParams::default()).await;
    let labels = json!({ "app": name });
    let made = json!({
        "metadata": { "name": name },
        "spec": { "replicas": 1, "selector": { "matchLabels": labels }, "template": { "metadata": { "labels": labels },
            "spec": { "containers": [{ "name": "app", "image": "registry/pay:v1" }] } } },
    });
    let made = serde_json::from_value(made).expect("a deployment");
    api.create(&Default::default(), &made).await.expect("it is made");
    let read = cluster.deployment(name).await.expect("an answer").expect("it is there");
    api.patch(name, &Default::default(), &kube::api::Patch::Strategic(meanwhile)).await.expect("it is changed");

    let image = Image::new("registry/pay:{release}").expect("a pattern");
    let target = Target { name: name.to_owned(), container: "app".to_owned(), image };
    let change = Change {
        id: "1".to_owned(),
        release: "v2".to_owned(),
        commit: String::new(),
        previous: "v1".to_owned(),
        images: Vec::new(),
        state: Value::Null,
        environment: Vec::new(),
    };
    let ended = target.set_image(&cluster, &read, &change).await;
    let after = cluster.deployment(name).await.expect("an answer").expect("it is there");
    let _ = api.delete(name, &DeleteParams::default()).await;
    (ended, target.image(&after).to_owned())
}

#[tokio::test]
#[ignore = "needs Kubernetes: run ./test"]
async fn a_change_by_others_after_the_read_is_not_overwritten() {
    let other = json!({ "spec": { "template": { "spec": { "containers": [{ "name": "app", "image": "registry/pay:v9" }] } } } });
    let (ended, image) = race("hotfix-race-image", other).await;
    assert_eq!(
        ended.expect_err("somebody else was there").to_string(),
        "somebody else changed deployment `hotfix-race-image` meanwhile: it has `registry/pay:v9` now, and keeps it"
    );
    assert_eq!(image, "registry/pay:v9");
}

#[tokio::test]
#[ignore = "needs Kubernetes: run ./test"]
async fn a_change_of_something_else_after_the_read_is_no_hindrance() {
    let (ended, image) = race("hotfix-race-scale", json!({ "spec": { "replicas": 2 } })).await;
    assert_eq!(ended.expect("it is changed").deployment.spec.expect("a spec").replicas, Some(2));
    assert_eq!(image, "registry/pay:v2");
}
