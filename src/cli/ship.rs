use super::Context;
use super::error::CliError;
use super::reply::Reply;
use super::run;
use crate::app::session::Goal;

/// Do everything that is left: check, review, release, deploy, watch, merge, backport, close
#[derive(Debug, clap::Args)]
#[command(after_help = "It stops where a person is needed and says which command comes next; run it again then.

Examples:
  hotfix ship                  as far as it may go
  hotfix ship --wait           the same, and waits for approvals, from other clones too
  hotfix ship --dry-run        what it would do, in order")]
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
        let found = session.service.find(self.id.as_deref()).await?;
        if self.dry_run {
            return Ok(run::planned(session.plan(&found.key).await?));
        }
        if self.wait {
            return run::run_and_wait(context, &session, &found.key).await;
        }
        run::run(context, &session, &found.key, Goal::Close).await
    }
}
