use super::Context;
use super::declare::ReportArgs;
use super::error::CliError;
use super::reply::Reply;
use super::{run, show};
use crate::domain::event::Fact;
use crate::domain::step_name::StepName;
use crate::domain::strategy::Strategy;
use crate::workflow::engine::Until;

/// Declare an incident, investigate, decide, and make the branch for the fix
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  hotfix start \"Payment API returns 500\" --severity P0
  hotfix start \"Checkout slow\" --severity P1 --strategy A      roll back at once
  hotfix start \"Login broken\" --dry-run")]
pub struct Args {
    #[command(flatten)]
    report: ReportArgs,
    /// A rollback, B quick fix, C workaround, D emergency maintenance; by the decision matrix where left out
    #[arg(long, value_parser = super::choice::strategy(), ignore_case = true)]
    strategy: Option<Strategy>,
    /// Tell severity and steps, and do nothing
    #[arg(long)]
    dry_run: bool,
}

impl Args {
    pub async fn run(self, context: &Context) -> Result<Reply, CliError> {
        let app = context.app().await?;
        if self.dry_run {
            return self.report.plan(&app, self.strategy);
        }
        let incident = self.report.declare(&app).await?;
        if let Some(strategy) = self.strategy {
            let reason = format!("chosen at the declaration by {}", app.actor);
            app.record(&incident.key, Fact::Chosen { strategy, reason }).await?;
        }
        anstream::eprintln!("{}{}{}  {}", show::STRONG, incident.id, show::PLAIN, show::safe(&incident.title()));
        let reply = run::run(context, &app, &incident.key, Until::Step(StepName::Branch)).await?;
        // A rollback waits for nobody's fix.
        if app.incident(&incident.key).await?.strategy == Some(Strategy::A) {
            return run::run(context, &app, &incident.key, Until::Closed).await;
        }
        let missing = if reply.exit == 0 { app.missing() } else { Vec::new() };
        for (what, setting) in missing {
            anstream::eprintln!("{}note:{} no {what} is configured yet: {setting}", show::WARN, show::PLAIN);
        }
        Ok(reply)
    }
}
