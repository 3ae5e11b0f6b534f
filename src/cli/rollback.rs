use super::Context;
use super::confirm::confirm;
use super::error::CliError;
use super::reply::Reply;
use super::{run, show};
use crate::app::order::Proposal;
use crate::app::{App, AppError};
use crate::domain::event::Fact;
use crate::domain::rung::Rung;
use crate::domain::step_name::StepName;
use crate::workflow::engine::Until;

/// Put an earlier release back into production, now, and watch it
///
/// The one before this incident's deploy; without an incident, the last one that was VERIFIED.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "An incident stays open: `hotfix ship` closes it, `hotfix decide --strategy B` goes on with a fix.
Examples:
  hotfix rollback --reason \"prices are wrong\"
  hotfix rollback --to v2.3.0 --dry-run
  hotfix rollback --rung restart                every instance away and back again"
)]
pub struct Args {
    /// The incident, or what was ordered; the only open one where it is left out
    id: Option<String>,
    /// This release, of those that have a tag or are in the log
    #[arg(long, value_name = "RELEASE")]
    to: Option<String>,
    /// How, where a plain rollback did not help
    #[arg(long, value_parser = super::choice::rung())]
    rung: Option<Rung>,
    /// Why
    #[arg(long, default_value = "", hide_default_value = true)]
    reason: String,
    /// Tell what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

impl Args {
    pub async fn run(self, context: &Context) -> Result<Reply, CliError> {
        let app = context.app().await?;
        if let Some(rung) = self.rung {
            show::warn(&app.warnings_of_rung(rung).await?);
        }
        match app.find_any(self.id.as_deref()).await {
            Ok(found) => self.within(context, &app, &found.key).await,
            Err(AppError::NoneOpen) => self.alone(context, &app).await,
            Err(error) => Err(error.into()),
        }
    }

    async fn within(self, context: &Context, app: &App, key: &str) -> Result<Reply, CliError> {
        let incident = app.incident(key).await?;
        if let Some(to) = &self.to {
            show::warn(&app.warnings_of(to).await?);
        }
        let reason = if self.reason.is_empty() { format!("asked for by {}", app.actor) } else { self.reason };
        let planned = app.roll_back_plan(&incident, self.to.as_deref(), self.rung, reason).await?;
        if let Some(back) = &planned.back {
            let environment = &app.config().deploy.environment;
            let what = show::safe(&match back.rung {
                Rung::Undo | Rung::Release => {
                    format!("roll back {environment} from `{}` to `{}`", back.from, back.to)
                }
                rung => format!("{rung} {environment} on `{}`", back.to),
            });
            if self.dry_run {
                return Ok(Reply::new(format!("{what}\n"), back));
            }
            confirm(&what, self.yes)?;
        }
        app.record(key, Fact::Planned(planned)).await?;
        // An incident is not closed by the way.
        let until = if incident.order().is_some() { Until::Closed } else { Until::Step(StepName::Confirm) };
        run::run_back(context, app, key, until).await
    }

    async fn alone(self, context: &Context, app: &App) -> Result<Reply, CliError> {
        let (order, warnings) = match app.propose_rollback(self.to.as_deref(), self.rung, &self.reason).await? {
            Proposal::Nothing(reason) => return Ok(run::nothing_to_do(&reason)),
            Proposal::Order { order, warnings } => (order, warnings),
        };
        show::warn(&warnings);
        if self.dry_run {
            return Ok(run::planned(app.order_actions(&order).await?));
        }
        confirm(&run::question(&order), self.yes)?;
        run::order(context, app, order).await
    }
}
