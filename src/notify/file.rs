//! Notices as lines of a file, for trying things out.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

use async_trait::async_trait;
use serde::Deserialize;

use super::Notifier;
use crate::workflow::courier::{Notice, Undelivered};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// A line is added for each notice; `file` is its name from before.
    #[serde(alias = "file")]
    pub path: PathBuf,
}

pub struct File {
    path: PathBuf,
}

impl File {
    pub fn new(config: Config) -> File {
        File { path: config.path }
    }
}

#[async_trait]
impl Notifier for File {
    async fn send(&self, notice: &Notice) -> Result<(), Undelivered> {
        let text = std::fs::read_to_string(&self.path).unwrap_or_default();
        let start = format!("{} {} ", notice.incident, notice.id);
        if text.lines().any(|line| line.starts_with(&start)) {
            return Ok(());
        }
        let line = format!("{start}{}\n", notice.subject);
        let file = OpenOptions::new().create(true).append(true).open(&self.path);
        let written = file.and_then(|mut file| file.write_all(line.as_bytes()));
        written.map_err(|error| error.to_string().into())
    }
}
