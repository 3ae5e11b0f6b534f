use super::Context;
use super::declare::{ReportArgs, told};
use super::error::CliError;
use super::reply::Reply;
use super::{run, show};
use crate::domain::strategy::Strategy;

/// Declare an incident, investigate, decide, and make the branch for the fix
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  hotfix start \"Payment API returns 500\" --severity P0
  hotfix start \"Checkout slow\" --severity P1 --strategy A      roll back at once
  hotfix start \"Login broken\" --dry-run")]
pub struct Args {
    #[command(flatten)]
    report: ReportArgs,
    /// A rollback, B quick fix, C workaround, D emergency maintenance; by the decision matrix if left out
    #[arg(long, value_parser = super::choice::strategy(), ignore_case = true)]
    strategy: Option<Strategy>,
    /// Show severity and steps, and do nothing
    #[arg(long)]
    dry_run: bool,
}

impl Args {
    pub async fn run(self, context: &Context) -> Result<Reply, CliError> {
        let session = context.declaring().await?;
        if self.dry_run {
            return self.report.plan(&session, self.strategy);
        }
        let incident = told(session.declare_to_run(self.report.report()).await?);
        if let Some(strategy) = self.strategy {
            session.choose_first(&incident.key, strategy).await?;
        }
        anstream::eprintln!("{}{}{}  {}", show::STRONG, incident.id, show::PLAIN, show::safe(&incident.title()));
        let progress = context.progress();
        let incident = session.start(&incident.key, &progress).await?;
        drop(progress);
        for error in session.service.template_errors() {
            show::note(&error);
        }
        let reply = run::stands(&session.service, &incident).await?;
        let rolled_back = incident.strategy == Some(Strategy::A);
        let missing = if reply.exit == 0 && !rolled_back { session.service.missing() } else { Vec::new() };
        for (what, setting) in missing {
            show::note(&format!("no {what} is configured yet: {setting}"));
        }
        Ok(reply)
    }
}
