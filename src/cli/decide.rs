use super::Context;
use super::error::CliError;
use super::reply::Reply;
use super::run;
use crate::app::decide::Choice;
use crate::app::session::Goal;
use crate::domain::strategy::Strategy;

/// Choose the strategy, or change it later
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  hotfix decide                                          what the matrix recommends, and why
  hotfix decide --strategy A --reason \"deployed 10 min ago\"   roll back; `hotfix ship` does it")]
pub struct Args {
    /// The incident [default: the only open one]
    id: Option<String>,
    /// A rollback, B quick fix, C workaround, D emergency maintenance
    #[arg(long, value_parser = super::choice::strategy(), ignore_case = true)]
    strategy: Option<Strategy>,
    /// Why
    #[arg(long, default_value = "", hide_default_value = true)]
    reason: String,
}

impl Args {
    pub async fn run(self, context: &Context) -> Result<Reply, CliError> {
        let session = context.session().await?;
        let key = session.service.find(self.id.as_deref()).await?.key;
        let Some(strategy) = self.strategy else {
            return run::run(context, &session, &key, Goal::Decide).await;
        };
        let progress = context.progress();
        let choice = session.choose(&key, strategy, &self.reason, &progress).await?;
        drop(progress);
        if let Some(reply) = run::sent(&session) {
            return Ok(reply);
        }
        match choice {
            Choice::TakenUp(incident) => run::stands(&session.service, &incident).await,
            Choice::Planned(incident) => run::whole(&session.service, &incident).await,
        }
    }
}
