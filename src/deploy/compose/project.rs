//! What the compose files say, read from `compose config`: as much as a change has to know of it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::container::Container;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Project {
    pub services: BTreeMap<String, Service>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Service {
    pub image: Option<String>,
    /// `None` for a variable that has no value.
    environment: BTreeMap<String, Option<String>>,
    volumes: Vec<Mount>,
    configs: Vec<Source>,
    secrets: Vec<Source>,
    networks: BTreeMap<String, serde::de::IgnoredAny>,
    depends_on: BTreeMap<String, Dependency>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Mount {
    r#type: String,
    source: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Source {
    source: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Dependency {
    condition: String,
}

impl Project {
    /// Whether a service does its work and ends: others wait for its end.
    pub fn ends(&self, service: &str) -> bool {
        let dependencies = self.services.values().filter_map(|other| other.depends_on.get(service));
        dependencies.into_iter().any(|on| on.condition == "service_completed_successfully")
    }
}

impl Service {
    /// Returns what a rollback of the image leaves as it then is, each by name, in order.
    pub fn not_put_back(&self) -> BTreeSet<String> {
        let mounts = self.volumes.iter().filter(|mount| !mount.source.is_empty()).map(|mount| match &*mount.r#type {
            "volume" => format!("volume `{}`", mount.source),
            _ => format!("`{}`", mount.source),
        });
        let named = |kind: &'static str, list: &[Source]| -> Vec<String> {
            list.iter().map(|one| format!("{kind} `{}`", one.source)).collect()
        };
        let networks = self.networks.keys().map(|name| format!("network `{name}`"));
        let (configs, secrets) = (named("config", &self.configs), named("secret", &self.secrets));
        mounts.chain(configs).chain(secrets).chain(networks).collect()
    }

    /// Returns the names of the variables that a container has not as the files say now, in order.
    pub fn changed_variables(&self, container: &Container) -> Vec<&str> {
        let has: BTreeMap<&str, &str> =
            container.config.env.iter().flatten().filter_map(|pair| pair.split_once('=')).collect();
        let given = self.environment.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_deref()?)));
        given.filter(|(name, value)| has.get(name) != Some(value)).map(|(name, _)| name).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn project() -> Project {
        serde_json::from_value(json!({ "name": "app", "services": {
            "api": {
                "image": "app:v1",
                "environment": { "PASSWORD": "new", "SAME": "1", "UNSET": null },
                "volumes": [
                    { "type": "volume", "source": "db", "target": "/x", "volume": {} },
                    { "type": "bind", "source": "/srv/data", "target": "/y" },
                    { "type": "tmpfs", "target": "/t" },
                ],
                "configs": [{ "source": "nginx" }],
                "secrets": [{ "source": "token", "target": "/run/secrets/token" }],
                "networks": { "default": null },
                "depends_on": { "migrate": { "condition": "service_completed_successfully", "required": true } },
            },
            "migrate": { "command": null },
        } }))
        .expect("a project")
    }

    #[test]
    fn what_stays_is_named() {
        let left: Vec<_> = project().services["api"].not_put_back().into_iter().collect();
        assert_eq!(left, ["`/srv/data`", "config `nginx`", "network `default`", "secret `token`", "volume `db`"]);
    }

    #[test]
    fn one_that_others_wait_for_to_end_may_end() {
        let project = project();
        assert!(project.ends("migrate"));
        assert!(!project.ends("api"));
    }

    #[test]
    fn variables_that_changed_are_named_without_their_values() {
        let mut container = Container::default();
        container.config.env = Some(vec!["PASSWORD=old=1".to_owned(), "SAME=1".to_owned(), "PATH=/bin".to_owned()]);
        assert_eq!(project().services["api"].changed_variables(&container), ["PASSWORD"]);
    }
}
