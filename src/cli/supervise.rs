use std::path::PathBuf;

use serde_json::Value;

use super::error::CliError;
use super::reply::Reply;
use crate::process::supervised;

/// Run the command of a deploy to its end; hotfix starts this itself
#[derive(Debug, clap::Args)]
pub struct Args {
    state: PathBuf,
}

impl Args {
    pub fn run(self) -> Result<Reply, CliError> {
        supervised::supervise(&self.state).map_err(|error| CliError::failed(error.to_string()))?;
        Ok(Reply::new("", Value::Null))
    }
}
