//! A deployment as it was read.

use k8s_openapi::api::apps::v1::Deployment;
use serde_json::Value;

use super::notes::REPLICAS;

/// A deployment as it was read.
#[derive(Clone, Debug)]
pub struct Read {
    pub deployment: Deployment,
    /// spec.template as the API server gave it.
    pub template: Value,
    /// What it takes to make it again: everything but what the API server itself writes.
    pub manifest: Value,
}

impl Read {
    pub fn uid(&self) -> Option<&str> {
        self.deployment.metadata.uid.as_deref()
    }

    pub fn version(&self) -> &str {
        self.deployment.metadata.resource_version.as_deref().unwrap_or_default()
    }

    pub fn annotation(&self, name: &str) -> Option<&str> {
        self.deployment.metadata.annotations.as_ref()?.get(name).map(String::as_str)
    }

    /// Returns how many instances hotfix has taken away; `None` where it has not, or where they are
    /// back.
    pub fn taken_away(&self) -> Option<i32> {
        let replicas = self.deployment.spec.as_ref()?.replicas;
        self.annotation(REPLICAS)?.parse().ok().filter(|_| replicas == Some(0))
    }
}
