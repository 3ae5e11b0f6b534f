//! Looks runs up by a command: any forge, and a hook that runs jobs by itself.

use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;

use super::runs::{Pushed, Run, Runs};
use crate::process::{self, Spec};
use crate::value::CommandLine;

/// How long one look may take.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Prints the newest run for HOTFIX_REF and HOTFIX_COMMIT as JSON, `{"state": "running", "url": "..."}`,
    /// on its last line; `null` or nothing where there is none yet.
    pub find: CommandLine,
}

pub struct Command {
    config: Config,
    directory: PathBuf,
}

impl Command {
    pub fn new(config: Config, directory: &Path) -> Command {
        Command { config, directory: directory.to_owned() }
    }
}

#[async_trait]
impl Runs for Command {
    async fn find(&self, pushed: &Pushed) -> Result<Option<Run>, String> {
        let environment = [("HOTFIX_REF", &pushed.refname), ("HOTFIX_COMMIT", &pushed.commit)];
        let spec = Spec {
            arguments: self.config.find.arguments(),
            directory: self.directory.clone(),
            environment: environment.map(|(name, value)| (name.to_owned(), value.clone())).into(),
            limit: PATIENCE,
            confinement: None,
        };
        let ended = process::run(spec).await;
        let line = ended.last_lines(1);
        if !ended.succeeded() {
            return Err(format!("`{}`: {}\n{line}", self.config.find, ended.words()).trim_end().to_owned());
        }
        if line.is_empty() {
            return Ok(None);
        }
        serde_json::from_str(&line).map_err(|error| format!("`{}` printed no run: {error}: {line}", self.config.find))
    }
}

#[cfg(test)]
mod tests {
    use super::super::runs::State;
    use super::*;

    async fn found(line: &str) -> Result<Option<Run>, String> {
        let config = Config { find: CommandLine::Line(line.to_owned()) };
        let pushed = Pushed { commit: "c".to_owned(), refname: "refs/tags/t".to_owned() };
        Command::new(config, Path::new("/")).find(&pushed).await
    }

    #[tokio::test]
    async fn a_run_is_what_the_last_line_says() {
        let run = |state| Ok(Some(Run { state, url: None }));
        assert_eq!(found("echo null").await, Ok(None));
        assert_eq!(found("true").await, Ok(None));
        assert_eq!(found(r#"echo noise; echo '{"state": "in_progress", "id": 7}'"#).await, run(State::Running));
        assert_eq!(found(r#"echo '{"state": "canceled"}'"#).await, run(State::Cancelled));
        let unknown = found(r#"echo '{"state": "odd"}'"#).await.expect_err("no such state");
        assert!(unknown.contains("unknown variant `odd`"), "{unknown}");
        let failed = found("echo down; exit 3").await.expect_err("it failed");
        assert_eq!(failed, "`echo down; exit 3`: exit status 3\ndown");
    }

    #[tokio::test]
    async fn a_run_is_looked_up_by_ref_and_commit() {
        let run = found(r#"printf '{"state": "success", "url": "%s@%s"}' "$HOTFIX_REF" "$HOTFIX_COMMIT""#).await;
        let url = run.expect("an answer").and_then(|run| run.url);
        assert_eq!(url.as_deref(), Some("refs/tags/t@c"));
    }
}
