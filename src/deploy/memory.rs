//! A deployer that only remembers, for trying things out. What runs is kept in a file if one is
//! named, so that it outlives the process.

use std::path::PathBuf;
use std::sync::Mutex;

use async_trait::async_trait;
use serde::Deserialize;

use super::{Change, DeployError, Deployer, Preparation};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The release that runs at the start.
    #[serde(default)]
    pub current: Option<String>,
    #[serde(default)]
    pub file: Option<PathBuf>,
}

pub struct Memory {
    file: Option<PathBuf>,
    current: Mutex<Option<String>>,
}

impl Memory {
    pub fn new(config: Config) -> Memory {
        let kept = config.file.as_ref().and_then(|file| std::fs::read_to_string(file).ok());
        Memory { file: config.file, current: Mutex::new(kept.or(config.current)) }
    }
}

#[async_trait]
impl Deployer for Memory {
    async fn current(&self) -> Result<Option<String>, DeployError> {
        Ok(self.current.lock().expect("nothing panics while it is locked").clone())
    }

    async fn prepare(&self, _: &Change) -> Result<Preparation, DeployError> {
        Ok(Preparation::default())
    }

    async fn settle(&self, _: &Change) -> Result<(), DeployError> {
        Ok(())
    }

    async fn deploy(&self, change: &Change) -> Result<(), DeployError> {
        if let Some(file) = &self.file {
            std::fs::write(file, &change.release)?;
        }
        *self.current.lock().expect("nothing panics while it is locked") = Some(change.release.clone());
        Ok(())
    }

    async fn roll_back(&self, change: &Change) -> Result<(), DeployError> {
        self.deploy(change).await
    }
}
