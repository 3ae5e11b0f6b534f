use std::path::PathBuf;

use serde_json::Value;

use super::error::CliError;
use super::reply::Reply;
use crate::app::supervise::supervise;
use crate::process::{contained, supervised};

/// Run a command to its end; hotfix starts this itself
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The directory with the state of one that changes production; others come over standard input
    state: Option<PathBuf>,
    /// Be that command, once it is recorded
    #[arg(long)]
    gate: bool,
}

impl Args {
    pub async fn run(self) -> Result<Reply, CliError> {
        let ended = match self.state {
            Some(state) if self.gate => supervised::gate(&state),
            Some(state) => supervise(&state).await,
            None => contained::contain(),
        };
        ended.map_err(|error| CliError::failed(error.to_string()))?;
        Ok(Reply::new("", Value::Null))
    }
}
