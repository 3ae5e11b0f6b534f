use std::time::Duration;

use super::Context;
use super::error::CliError;
use super::reply::Reply;
use super::run;
use crate::app::error::AppError;
use crate::app::session::Goal;
use crate::app::view::plan::NothingOpen;

/// How long it waits for those who are notified late.
const PATIENCE: Duration = Duration::from_secs(10);

/// Continue after a crash, a conflict or a decision: what already happened is not done again
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: hotfix resume HOTFIX-20261120-001")]
pub struct Args {
    /// The incident [default: the only open one]
    id: Option<String>,
    /// Show what would be done, in order, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Where it is held for an approval, a decision or a waiver: wait for it, and go on
    #[arg(long, conflicts_with = "dry_run")]
    wait: bool,
}

impl Args {
    pub async fn run(self, context: &Context) -> Result<Reply, CliError> {
        let session = context.session().await?;
        let arrived = session.catch_up(PATIENCE).await?;
        let found = match session.service.find_any(self.id.as_deref()).await {
            Err(AppError::NoneOpen) => {
                let late = if arrived > 0 { format!("; {arrived} late notices arrived") } else { String::new() };
                let view = NothingOpen { incident: None, late_notices: arrived };
                return Ok(Reply::new(format!("no incident is open, nothing to resume{late}\n"), view));
            }
            found => found?,
        };
        if self.dry_run {
            return Ok(run::planned(session.plan(&found.key).await?));
        }
        if self.wait {
            return run::run_and_wait(context, &session, &found.key).await;
        }
        run::run(context, &session, &found.key, Goal::Close).await
    }
}
