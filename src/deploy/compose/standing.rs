//! How the services stand after a change, read off their containers. Pure.
//!
//! `compose up --wait` is not asked: it takes a container for up that is about to end for the third
//! time, and one that ended once and recovered for lost (docker/compose issues 11638 and 12424).

use std::collections::{BTreeMap, BTreeSet};

use super::container::Container;
use super::pinned::Wanted;
use super::release_of;
use crate::deploy::image::Image;
use crate::deploy::wait::Standing;
use crate::redact::redact;

/// Restarts of one container that are no longer taken for waiting for something else to come up.
const RESTARTS: i64 = 2;

/// What the services are to be, and how often their containers had restarted before.
pub struct Expected<'a> {
    pub wanted: &'a BTreeMap<String, Wanted>,
    pub patterns: BTreeMap<&'a str, &'a Image>,
    /// Services that do their work and end.
    pub ending: BTreeSet<String>,
    /// The restarts of each container, at the first look and at the last.
    pub restarts: BTreeMap<String, (i64, i64)>,
    /// How each container ended that was seen to: one that runs again has the status 0.
    pub ends: BTreeMap<String, String>,
}

impl Expected<'_> {
    /// Returns how they stand: a failure counts more than waiting, and that more than being complete.
    pub fn judge(&mut self, containers: &[Container]) -> Standing {
        let mut all = Standing::Complete;
        let services: Vec<&String> = self.wanted.keys().collect();
        for service in services {
            let own: Vec<&Container> = containers.iter().filter(|one| one.service() == service).collect();
            if own.is_empty() {
                return Standing::Failed(format!("`{service}` has no container"));
            }
            for container in own {
                match self.stands(service, container) {
                    Standing::Failed(reason) => return Standing::Failed(format!("`{service}` {reason}")),
                    Standing::Waiting(reason) => all = Standing::Waiting(format!("`{service}` {reason}")),
                    Standing::Complete => {}
                }
            }
        }
        all
    }

    fn stands(&mut self, service: &str, container: &Container) -> Standing {
        let release = self.patterns.get(service).map_or("", |pattern| release_of(container, pattern));
        if release != self.wanted[service].release {
            return Standing::Failed(format!("has a container of `{release}`"));
        }
        let now = container.restart_count;
        let (first, last) = self.restarts.get(&container.id).copied().unwrap_or((now, now));
        self.restarts.insert(container.id.clone(), (first, now));
        let state = &container.state;
        if matches!(state.status.as_str(), "exited" | "restarting") {
            self.ends.insert(container.id.clone(), ended(container));
        }
        if now - first > RESTARTS {
            let end = self.ends.get(&container.id).map(|end| format!(", {end}")).unwrap_or_default();
            return Standing::Failed(format!("starts again and again{end}"));
        }
        let health = state.health.as_ref().map_or("", |health| health.status.as_str());
        match (state.status.as_str(), health) {
            ("running", _) if now > last => Standing::Waiting("restarted".to_owned()),
            ("running", "unhealthy") => Standing::Failed("is unhealthy".to_owned()),
            ("running", "starting") => Standing::Waiting("is not healthy yet".to_owned()),
            ("running", _) => Standing::Complete,
            ("exited", _) if state.exit_code == 0 && self.ending.contains(service) => Standing::Complete,
            ("exited", _) if is_restarted(container) => Standing::Waiting(ended(container)),
            ("exited", _) => Standing::Failed(ended(container)),
            ("restarting", _) => Standing::Waiting(ended(container)),
            ("created", _) => Standing::Failed(format!("was not started{}", because(&state.error))),
            (status, _) => Standing::Failed(format!("is {status}")),
        }
    }
}

/// Whether the engine starts a container again that has ended.
fn is_restarted(container: &Container) -> bool {
    match container.host_config.restart_policy.name.as_str() {
        "always" | "unless-stopped" => true,
        "on-failure" => container.state.exit_code != 0,
        _ => false,
    }
}

fn ended(container: &Container) -> String {
    format!("ended with status {}{}", container.state.exit_code, because(&container.state.error))
}

fn because(error: &str) -> String {
    if error.is_empty() { String::new() } else { format!(": {}", redact(error)) }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn container(id: &str, change: Value) -> Container {
        let mut whole = json!({
            "Id": id, "Image": "sha256:1", "RestartCount": 0, "State": { "Status": "running", "ExitCode": 0 },
            "Config": { "Image": "app:v2", "Labels": { "com.docker.compose.service": "api", "hotfix.release": "v2" } },
            "HostConfig": { "RestartPolicy": { "Name": "always" } },
        });
        merge(&mut whole, change);
        serde_json::from_value(whole).expect("a container")
    }

    fn merge(into: &mut Value, from: Value) {
        match (into, from) {
            (Value::Object(into), Value::Object(from)) => {
                from.into_iter().for_each(|(key, value)| merge(into.entry(key).or_insert(Value::Null), value));
            }
            (into, from) => *into = from,
        }
    }

    /// How the looks one after the other find it, the last in words.
    fn says(looks: &[Value], ending: &[&str]) -> String {
        let wanted = Wanted { release: "v2".to_owned(), image: "app:v2".to_owned(), containers: 1 };
        let wanted = [("api".to_owned(), wanted)].into();
        let pattern = Image::new("app:{release}").expect("a pattern");
        let mut expected = Expected {
            wanted: &wanted,
            patterns: [("api", &pattern)].into(),
            ending: ending.iter().map(|name| (*name).to_owned()).collect(),
            restarts: BTreeMap::new(),
            ends: BTreeMap::new(),
        };
        let mut last = Standing::Complete;
        for look in looks {
            last = expected.judge(&[container("1", look.clone())]);
        }
        match last {
            Standing::Complete => "complete".to_owned(),
            Standing::Waiting(reason) => format!("waiting: {reason}"),
            Standing::Failed(reason) => format!("failed: {reason}"),
        }
    }

    #[test]
    fn one_look() {
        let status = |status: &str, code: i64| json!({ "State": { "Status": status, "ExitCode": code } });
        let health = |health: &str| json!({ "State": { "Health": { "Status": health } } });
        let policy = |name: &str, code: i64| json!({ "State": { "Status": "exited", "ExitCode": code }, "HostConfig": { "RestartPolicy": { "Name": name } } });
        let cases = [
            (json!({}), "complete"),
            (health("healthy"), "complete"),
            (health("starting"), "waiting: `api` is not healthy yet"),
            (health("unhealthy"), "failed: `api` is unhealthy"),
            (status("restarting", 3), "waiting: `api` ended with status 3"),
            (policy("always", 3), "waiting: `api` ended with status 3"),
            (policy("on-failure", 3), "waiting: `api` ended with status 3"),
            (policy("on-failure", 0), "failed: `api` ended with status 0"),
            (policy("no", 3), "failed: `api` ended with status 3"),
            (status("created", 0), "failed: `api` was not started"),
            (status("paused", 0), "failed: `api` is paused"),
            (status("dead", 0), "failed: `api` is dead"),
            (
                json!({ "State": { "Status": "created", "Error": "port 80 is taken" } }),
                "failed: `api` was not started: port 80 is taken",
            ),
            (json!({ "Config": { "Labels": { "hotfix.release": "v1" } } }), "failed: `api` has a container of `v1`"),
        ];
        for (change, expected) in cases {
            assert_eq!(says(std::slice::from_ref(&change), &[]), expected, "{change}");
        }
        assert_eq!(says(&[policy("no", 0)], &["api"]), "complete");
        assert_eq!(says(&[policy("no", 3)], &["api"]), "failed: `api` ended with status 3");
    }

    #[test]
    fn one_that_ended_once_may_recover_and_one_that_goes_on_ending_is_lost() {
        let running = |restarts: i64| json!({ "RestartCount": restarts });
        assert_eq!(says(&[running(0), running(1)], &[]), "waiting: `api` restarted");
        assert_eq!(says(&[running(0), running(1), running(1)], &[]), "complete");
        assert_eq!(says(&[running(0), running(3)], &[]), "failed: `api` starts again and again");
        let seen = json!({ "RestartCount": 2, "State": { "Status": "restarting", "ExitCode": 3 } });
        let says_why = "failed: `api` starts again and again, ended with status 3";
        assert_eq!(says(&[running(0), seen, running(3)], &[]), says_why);
        // What it did long before means nothing.
        assert_eq!(says(&[running(90), running(90)], &[]), "complete");
    }
}
