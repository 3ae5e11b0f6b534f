//! Looks at the service. A new probe is a file here and three lines below.

mod command;
mod http;
mod memory;

use std::path::Path;

use async_trait::async_trait;
use serde::Deserialize;

use crate::config::value::Length;
use crate::domain::reading::Reading;

/// A probe of the configuration: what is looked at, and how often.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    pub name: String,
    pub every: Length,
    pub by: Config,
}

/// The probes that can be configured.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Config {
    Http(http::Config),
    Command(command::Config),
    Memory(memory::Config),
}

impl Config {
    /// Returns the probe; its commands are run in `directory`. Fails where a secret is missing or
    /// the configuration makes no sense, on one line.
    pub fn build(&self, directory: &Path) -> Result<Box<dyn Look>, String> {
        Ok(match self {
            Config::Http(config) => Box::new(http::Http::new(config)?),
            Config::Command(config) => Box::new(command::Command::new(config.clone(), directory.to_owned())),
            Config::Memory(config) => Box::new(memory::Memory::new(config.clone())),
        })
    }
}

/// Something that can be looked at.
#[async_trait]
pub trait Look: Send + Sync {
    async fn look(&self) -> Reading;
}
