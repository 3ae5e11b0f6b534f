//! A probe with given readings, for trying things out.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;

use super::Look;
use crate::domain::reading::Reading;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// `good`, `error` or `none`, one for each look, repeated; all good if empty.
    #[serde(default)]
    pub readings: Vec<Kind>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    Good,
    Error,
    None,
}

pub struct Memory {
    config: Config,
    looks: AtomicUsize,
}

impl Memory {
    pub fn new(config: Config) -> Memory {
        Memory { config, looks: AtomicUsize::new(0) }
    }
}

#[async_trait]
impl Look for Memory {
    async fn look(&self) -> Reading {
        let look = self.looks.fetch_add(1, Ordering::Relaxed);
        let latency = Some(Duration::from_millis(1));
        let kind = self.config.readings.get(look % self.config.readings.len().max(1));
        match kind.unwrap_or(&Kind::Good) {
            Kind::Good => Reading::Good { latency },
            Kind::Error => Reading::Error { latency, why: "an error, as told".to_owned() },
            Kind::None => Reading::None { why: "nothing, as told".to_owned() },
        }
    }
}
