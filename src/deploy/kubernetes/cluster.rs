//! The calls to the API server.

use std::time::Duration;

use k8s_openapi::api::apps::v1::{ControllerRevision, Deployment, ReplicaSet};
use k8s_openapi::api::autoscaling::v1::HorizontalPodAutoscaler;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::api::{
    Api, ApiResource, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams, Preconditions,
    PropagationPolicy,
};
use kube::config::KubeConfigOptions;
use kube::core::{Selector, Status};
use kube::{Client, ResourceExt};
use serde_json::Value;

use super::notes::HASH;
use super::read::Read;
use super::{MANAGER, manifest, template};
use crate::deploy::DeployError;

/// How long one call may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Objects in one page of a list.
const PAGE: u32 = 500;
/// The label of the objects that hotfix makes.
const OURS: &str = "app.kubernetes.io/managed-by=hotfix";

pub struct Cluster {
    pub(super) client: Client,
    pub(super) namespace: String,
}

/// Why a call failed.
#[derive(Debug)]
pub enum Failure {
    /// The object is no longer as it was read.
    Conflict,
    /// The API server says no.
    Refused(String),
    /// No answer, or none that can be used.
    Unreachable(String),
}

impl Cluster {
    /// Connects as kubectl would: by the kubeconfig, in a pod by its service account.
    pub async fn connect(context: Option<&str>, namespace: Option<&str>) -> Result<Cluster, Failure> {
        // Installing it a second time fails, and that is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let config = match context {
            Some(_) => {
                let options = KubeConfigOptions { context: context.map(str::to_owned), ..Default::default() };
                kube::Config::from_kubeconfig(&options).await.map_err(|error| Failure::Refused(error.to_string()))
            }
            None => kube::Config::infer().await.map_err(|error| Failure::Refused(error.to_string())),
        };
        let mut config = config?;
        config.connect_timeout = Some(PATIENCE);
        config.read_timeout = Some(PATIENCE);
        config.reset_reader_on_write = true;
        let namespace = namespace.unwrap_or(&config.default_namespace).to_owned();
        Ok(Cluster { client: Client::try_from(config)?, namespace })
    }

    /// Returns a deployment; `None` where there is none of this name.
    pub async fn deployment(&self, name: &str) -> Result<Option<Read>, Failure> {
        in_time(self.deployments().get_opt(name)).await?.map(read).transpose()
    }

    /// Makes a change, or only asks whether it would be accepted, and returns the deployment after it.
    pub async fn patch(&self, name: &str, patch: &Change, dry_run: bool) -> Result<Read, Failure> {
        let parameters = PatchParams { dry_run, field_manager: Some(MANAGER.to_owned()), ..PatchParams::default() };
        let patch = match patch {
            Change::Image(patch) => Patch::Strategic(patch.clone()),
            Change::Template(patch) => {
                Patch::Json(serde_json::from_value(patch.clone()).expect("it is made of the operations of RFC 6902"))
            }
        };
        read(in_time(self.deployments().patch(name, &parameters, &patch)).await?)
    }

    /// Returns the replica sets that belong to a deployment, each with its template.
    pub async fn replica_sets(&self, of: &Read) -> Result<Vec<(ReplicaSet, Value)>, Failure> {
        let resource = ApiResource::erase::<ReplicaSet>(&());
        let api: Api<DynamicObject> = Api::namespaced_with(self.client.clone(), &self.namespace, &resource);
        let all = every(&api, &selected(of)).await?;
        let owned = all.into_iter().filter(|set| is_owned(&set.metadata.owner_references, of.uid()));
        owned
            .map(|set| {
                let template = set.data["spec"]["template"].clone();
                Ok((typed(set)?, template))
            })
            .collect()
    }

    /// Returns the newest template's replica set with its pods; nothing while the cluster has not
    /// made it.
    pub async fn newest(&self, of: &Read) -> Result<(Option<ReplicaSet>, Vec<Pod>), Failure> {
        let bare = template::bare(&of.template);
        let sets = self.replica_sets(of).await?;
        let Some((set, _)) = sets.into_iter().find(|(_, other)| template::bare(other) == bare) else {
            return Ok((None, Vec::new()));
        };
        let hash = set.labels().get(HASH).cloned().unwrap_or_default();
        let parameters = ListParams::default().labels(&format!("{}={hash}", HASH));
        let api: Api<Pod> = Api::namespaced(self.client.clone(), &self.namespace);
        let pods = every(&api, &parameters).await?;
        let uid = set.uid();
        let owned = pods.into_iter().filter(|pod| is_owned(&pod.metadata.owner_references, uid.as_deref()));
        Ok((Some(set), owned.collect()))
    }

    /// Keeps a record; does nothing where it is there.
    pub async fn keep(&self, record: &ControllerRevision) -> Result<(), Failure> {
        let parameters = PostParams { field_manager: Some(MANAGER.to_owned()), ..PostParams::default() };
        match in_time(self.records().create(&parameters, record)).await.map_err(Failure::from) {
            Ok(_) | Err(Failure::Conflict) => Ok(()),
            Err(failure) => Err(failure),
        }
    }

    /// Returns what was kept of a deployment.
    pub async fn kept(&self, of: &Read) -> Result<Vec<ControllerRevision>, Failure> {
        let all = every(&self.records(), &ListParams::default().labels(OURS)).await?;
        Ok(all.into_iter().filter(|record| is_owned(&record.metadata.owner_references, of.uid())).collect())
    }

    /// Returns every record that was kept in the namespace, of deployments that are gone as well.
    pub async fn all_kept(&self) -> Result<Vec<ControllerRevision>, Failure> {
        every(&self.records(), &ListParams::default().labels(OURS)).await
    }

    /// Removes a record; does nothing where it is gone.
    pub async fn forget(&self, name: &str) -> Result<(), Failure> {
        gone(in_time(self.records().delete(name, &DeleteParams::default())).await.map(drop))
    }

    /// Starts to delete a deployment with all that belongs to it, if it still is the one that was read.
    pub async fn delete(&self, name: &str, read: &Read) -> Result<(), Failure> {
        let preconditions = Preconditions { uid: read.uid().map(str::to_owned), resource_version: None };
        let parameters = DeleteParams {
            propagation_policy: Some(PropagationPolicy::Foreground),
            preconditions: Some(preconditions),
            ..DeleteParams::default()
        };
        gone(in_time(self.deployments().delete(name, &parameters)).await.map(drop))
    }

    /// Makes a deployment; fails as a conflict where there is one of its name.
    pub async fn create(&self, manifest: &Value) -> Result<Read, Failure> {
        let object = serde_json::from_value(manifest.clone())
            .map_err(|error| Failure::Refused(format!("what was recorded is no deployment: {error}")))?;
        let parameters = PostParams { field_manager: Some(MANAGER.to_owned()), ..PostParams::default() };
        read(in_time(self.deployments().create(&parameters, &object)).await?)
    }

    /// Returns the autoscalers of the namespace.
    pub async fn autoscalers(&self) -> Result<Vec<HorizontalPodAutoscaler>, Failure> {
        let api: Api<HorizontalPodAutoscaler> = Api::namespaced(self.client.clone(), &self.namespace);
        every(&api, &ListParams::default()).await
    }

    fn records(&self) -> Api<ControllerRevision> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    fn deployments(&self) -> Api<DynamicObject> {
        let resource = ApiResource::erase::<Deployment>(&());
        Api::namespaced_with(self.client.clone(), &self.namespace, &resource)
    }
}

/// A change of a deployment.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// A strategic merge patch.
    Image(Value),
    /// A JSON patch.
    Template(Value),
}

fn read(object: DynamicObject) -> Result<Read, Failure> {
    let template = object.data["spec"]["template"].clone();
    let manifest = manifest::of(&object);
    Ok(Read { deployment: typed(object)?, template, manifest })
}

fn typed<T: serde::de::DeserializeOwned>(object: DynamicObject) -> Result<T, Failure> {
    let value = serde_json::to_value(object).map_err(|error| Failure::Unreachable(error.to_string()))?;
    serde_json::from_value(value)
        .map_err(|error| Failure::Unreachable(format!("the API server's answer makes no sense: {error}")))
}

/// Every object of a list, page by page; from the start again where the list went stale (410).
async fn every<K>(api: &Api<K>, parameters: &ListParams) -> Result<Vec<K>, Failure>
where
    K: Clone + serde::de::DeserializeOwned + std::fmt::Debug,
{
    let mut found = Vec::new();
    let mut parameters = parameters.clone().limit(PAGE);
    loop {
        match in_time(api.list(&parameters)).await {
            Ok(page) => {
                let next = page.metadata.continue_.filter(|token| !token.is_empty());
                found.extend(page.items);
                match next {
                    Some(token) => parameters.continue_token = Some(token),
                    None => return Ok(found),
                }
            }
            Err(kube::Error::Api(status)) if status.code == 410 && parameters.continue_token.is_some() => {
                found.clear();
                parameters.continue_token = None;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

fn gone(deleted: Result<(), kube::Error>) -> Result<(), Failure> {
    match deleted {
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        ended => Ok(ended?),
    }
}

/// Ends a call that takes too long: the client tries it again for minutes where the answer asks it to wait.
async fn in_time<T>(call: impl Future<Output = kube::Result<T>>) -> kube::Result<T> {
    let message = format!("no answer that helps within {} s", PATIENCE.as_secs());
    let late = || kube::Error::Api(Status::failure(&message, "Timeout").with_code(504).boxed());
    tokio::time::timeout(PATIENCE, call).await.unwrap_or_else(|_| Err(late()))
}

fn selected(of: &Read) -> ListParams {
    let selector = of.deployment.spec.as_ref().map(|spec| spec.selector.clone()).unwrap_or_default();
    // Where it can't be written as a selector, the owner still says whose they are.
    Selector::try_from(selector).map_or_else(|_| ListParams::default(), |s| ListParams::default().labels_from(&s))
}

fn is_owned(owners: &Option<Vec<OwnerReference>>, uid: Option<&str>) -> bool {
    owners.iter().flatten().any(|owner| owner.controller == Some(true) && Some(owner.uid.as_str()) == uid)
}

impl From<kube::Error> for Failure {
    fn from(error: kube::Error) -> Failure {
        match error {
            kube::Error::Api(status) => match status.code {
                409 => Failure::Conflict,
                401 => {
                    Failure::Refused("the API server does not accept the credentials; have they expired?".to_owned())
                }
                429 | 500.. => Failure::Unreachable(format!("the API server is in trouble: {}", status.message)),
                _ => Failure::Refused(status.message.clone()),
            },
            error => Failure::Unreachable(format!("the API server does not answer: {}", deepest(&error))),
        }
    }
}

impl From<Failure> for DeployError {
    fn from(failure: Failure) -> DeployError {
        match failure {
            Failure::Conflict => DeployError::Refused("it was changed at the same time".to_owned()),
            Failure::Refused(reason) => DeployError::Refused(reason),
            Failure::Unreachable(reason) => DeployError::Unknown(reason),
        }
    }
}

fn deepest(error: &dyn std::error::Error) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::{TcpListener, TcpStream};
    use std::sync::{Arc, Mutex};

    use serde_json::json;

    use super::*;

    /// A page of a list with one pod, and where the next one begins.
    fn page(pod: &str, next: Option<&str>) -> (u16, Value) {
        let list = json!({ "apiVersion": "v1", "kind": "PodList", "metadata": { "continue": next },
            "items": [{ "metadata": { "name": pod } }] });
        (200, list)
    }

    fn refusal(code: u16, reason: &str) -> (u16, Value) {
        let status = json!({ "apiVersion": "v1", "kind": "Status", "status": "Failure", "reason": reason,
            "message": reason, "code": code });
        (code, status)
    }

    /// Answers one request, and returns its first line.
    fn answer(mut stream: TcpStream, (code, body): &(u16, Value)) -> std::io::Result<String> {
        let mut reader = BufReader::new(stream.try_clone()?);
        let (mut first, mut line) = (String::new(), String::new());
        reader.read_line(&mut first)?;
        while reader.read_line(&mut line)? > 2 {
            line.clear();
        }
        let body = body.to_string();
        let head = format!("HTTP/1.1 {code} X\r\nContent-Type: application/json\r\nConnection: close\r\n");
        write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len())?;
        Ok(first)
    }

    /// What a list comes to where the API server gives these answers, the last one over and over, and
    /// what it was asked.
    async fn listed(answers: Vec<(u16, Value)>) -> (Result<Vec<String>, Failure>, Vec<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        std::thread::spawn(move || {
            let last = answers.len() - 1;
            for (index, stream) in listener.incoming().map_while(Result::ok).enumerate() {
                seen.lock().unwrap().extend(answer(stream, &answers[index.min(last)]));
            }
        });
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::try_from(kube::Config::new(url.parse().unwrap())).unwrap();
        let api: Api<Pod> = Api::namespaced(client, "default");
        let found = every(&api, &ListParams::default()).await;
        let asked = asked.lock().unwrap().clone();
        (found.map(|pods| pods.iter().map(ResourceExt::name_any).collect()), asked)
    }

    #[tokio::test]
    async fn a_list_that_went_stale_is_begun_anew() {
        let answers = vec![page("a", Some("1")), refusal(410, "Expired"), page("b", Some("2")), page("c", None)];
        let (found, asked) = listed(answers).await;
        assert_eq!(found.unwrap(), ["b", "c"]);
        let continued: Vec<_> = asked.iter().map(|line| line.contains("continue=")).collect();
        assert_eq!(continued, [false, true, false, true], "{asked:?}");
    }

    #[tokio::test]
    async fn what_can_not_be_read_is_no_list() {
        for (answer, expected) in [
            (refusal(410, "Expired"), "Refused"),
            (refusal(401, "Unauthorized"), "have they expired?"),
            (refusal(403, "pods is forbidden"), "pods is forbidden"),
            (refusal(429, "slow down"), "in trouble: no answer that helps within 10 s"),
            (refusal(500, "etcd is away"), "in trouble: etcd is away"),
            ((200, json!("half a bo")), "Unreachable"),
        ] {
            let (found, _) = listed(vec![answer]).await;
            let said = format!("{:?}", found.unwrap_err());
            assert!(said.contains(expected), "{said}");
        }
    }
}
