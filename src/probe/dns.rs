//! Whether a name resolves, by this machine's own resolver.

use std::net::IpAddr;
use std::time::Instant;

use async_trait::async_trait;
use serde::Deserialize;

use super::Look;
use crate::domain::name;
use crate::domain::reading::Reading;
use crate::value::Length;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub name: String,
    /// Has to be among the addresses.
    #[serde(default)]
    pub has: Option<IpAddr>,
    #[serde(default = "super::timeout")]
    pub timeout: Length,
}

pub struct Dns(pub Config);

impl Dns {
    async fn resolve(&self) -> Result<(), String> {
        let asked = tokio::time::timeout(self.0.timeout.0, tokio::net::lookup_host((self.0.name.as_str(), 0)));
        let found = asked.await.map_err(|_| "no answer in time".to_owned())?;
        let mut found = found.map_err(|error| name::line(&error.to_string(), 160))?;
        match self.0.has {
            Some(wanted) if !found.any(|address| address.ip() == wanted) => {
                Err(format!("`{}` resolves, but not to {wanted}", self.0.name))
            }
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl Look for Dns {
    async fn look(&self) -> Reading {
        let start = Instant::now();
        let resolved = self.resolve().await;
        let latency = Some(start.elapsed());
        match resolved {
            Ok(()) => Reading::Good { latency },
            Err(why) => Reading::Error { latency, why },
        }
    }
}
