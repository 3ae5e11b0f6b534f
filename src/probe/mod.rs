//! Looks at the service. A new probe is one file here and three lines below.

mod bounds;
mod command;
mod dns;
mod http;
mod logs;
mod memory;
mod metric;
mod nats;
mod prometheus;
mod prometheus_api;
mod sql;
mod tcp;

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;

use crate::domain::reading::{Reading, Series};
use crate::value::Length;

/// A configured probe: what it looks at, and how often.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    pub name: String,
    pub every: Length,
    /// Whether it looks at something that the release depends on: if that fails as well, the release is
    /// not to blame.
    #[serde(default)]
    pub dependency: bool,
    pub by: Config,
}

/// What is watched; empty if unknown.
#[derive(Clone, Debug, Default)]
pub struct Subject {
    pub release: String,
    /// The release before.
    pub previous: String,
}

impl Subject {
    /// The query with the releases put in for `{release}` and `{previous}`, safe inside quotes.
    pub fn fill(&self, query: &str) -> String {
        let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', " ");
        query.replace("{release}", &quoted(&self.release)).replace("{previous}", &quoted(&self.previous))
    }
}

/// Counters as they stood before the deploy, at regular steps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    pub step: Duration,
    pub series: Vec<Series>,
}

/// The probes that can be configured.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Config {
    Http(http::Config),
    Prometheus(prometheus::Config),
    Metric(metric::Config),
    Logs(logs::Config),
    Sql(sql::Config),
    Tcp(tcp::Config),
    Dns(dns::Config),
    Nats(nats::Config),
    Command(command::Config),
    Memory(memory::Config),
}

impl Config {
    /// A request to `url` that expects a status from 200 to 399.
    pub fn at(url: &str) -> Config {
        Config::Http(http::Config::at(url))
    }

    /// Returns the probe; its commands are run in `directory`. Fails with one line if a secret is missing or
    /// the configuration makes no sense.
    pub fn build(&self, directory: &Path, subject: &Subject) -> Result<Box<dyn Look>, String> {
        Ok(match self {
            Config::Http(config) => Box::new(http::Http::new(config)?),
            Config::Prometheus(config) => Box::new(prometheus::Prometheus::new(config, subject)?),
            Config::Metric(config) => Box::new(metric::Metric::new(config, subject)?),
            Config::Logs(config) => Box::new(logs::Logs::new(config, directory)),
            Config::Sql(config) => Box::new(sql::Sql::new(config)?),
            Config::Tcp(config) => Box::new(tcp::Tcp(config.clone())),
            Config::Dns(config) => Box::new(dns::Dns(config.clone())),
            Config::Nats(config) => Box::new(nats::Nats::new(config)?),
            Config::Command(config) => Box::new(command::Command::new(config.clone(), directory.to_owned())),
            Config::Memory(config) => Box::new(memory::Memory::new(config.clone())),
        })
    }
}

/// How long a look may take by default.
fn timeout() -> Length {
    Length(Duration::from_secs(5))
}

/// Something that can be looked at.
#[async_trait]
pub trait Look: Send + Sync {
    async fn look(&self) -> Reading;

    /// How many looks may run at the same time, so that slow answers do not make them rare.
    fn at_once(&self) -> usize {
        1
    }

    /// Whether it also counts what old instances serve at the same time.
    fn has_control(&self) -> bool {
        false
    }

    /// Whether it has counts from before the deploy.
    fn has_history(&self) -> bool {
        false
    }

    /// Counts from before the deploy, which started `since` ago, or one line that says why they are
    /// missing; `None` if the probe knows only the present.
    async fn history(&self, _since: Duration) -> Option<Result<History, String>> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_with_quotes_in_its_name_stays_inside_of_them() {
        let subject = Subject { release: "v1\"} or vector(1) #\\".to_owned(), previous: "v0".to_owned() };
        assert_eq!(subject.fill("a{v=\"{release}\",w=\"{previous}\"}"), "a{v=\"v1\\\"} or vector(1) #\\\\\",w=\"v0\"}");
    }
}
