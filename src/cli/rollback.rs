use super::Context;
use super::confirm::confirm;
use super::error::CliError;
use super::reply::Reply;
use super::{run, show};
use crate::app::error::AppError;
use crate::app::order::Proposal;
use crate::app::session::Session;
use crate::domain::rung::Rung;

/// Put an earlier release back into production, now, and watch it
///
/// The one before this incident's deploy; without an incident, the last one that was VERIFIED.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "An incident stays open: `hotfix ship` closes it, `hotfix decide --strategy B` continues with a fix.
Examples:
  hotfix rollback --reason \"prices are wrong\"
  hotfix rollback --to v2.3.0 --dry-run
  hotfix rollback --rung restart                every instance away and back again"
)]
pub struct Args {
    /// The incident or the order [default: the only open one]
    id: Option<String>,
    /// The release: one with a tag, or one in the log
    #[arg(long, value_name = "RELEASE")]
    to: Option<String>,
    /// How, if a plain rollback did not help
    #[arg(long, value_parser = super::choice::rung())]
    rung: Option<Rung>,
    /// Why
    #[arg(long, default_value = "", hide_default_value = true)]
    reason: String,
    /// Show what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask for confirmation
    #[arg(long, short)]
    yes: bool,
}

impl Args {
    pub async fn run(self, context: &Context) -> Result<Reply, CliError> {
        let session = context.session().await?;
        if let Some(rung) = self.rung {
            show::warn(&session.service.warnings_of_rung(rung).await?);
        }
        match session.service.find_any(self.id.as_deref()).await {
            Ok(found) => self.within(context, &session, &found.key).await,
            Err(AppError::NoneOpen) => self.alone(context, &session).await,
            Err(error) => Err(error.into()),
        }
    }

    async fn within(self, context: &Context, session: &Session, key: &str) -> Result<Reply, CliError> {
        let service = &session.service;
        let incident = service.incident(key).await?;
        if let Some(to) = &self.to {
            show::warn(&service.warnings_of(to).await?);
        }
        let back = service.way_back(&incident, self.to.as_deref(), self.rung).await?;
        let environment = &service.config().deploy.environment;
        let what = show::safe(&match back.rung {
            Rung::Undo | Rung::Release => format!("roll back {environment} from `{}` to `{}`", back.from, back.to),
            rung => format!("{rung} {environment} on `{}`", back.to),
        });
        if self.dry_run {
            return Ok(Reply::new(format!("{what}\n"), back));
        }
        confirm(&what, self.yes)?;
        let progress = context.progress();
        let incident = session.roll_back(key, back, &self.reason, &progress).await?;
        drop(progress);
        run::stands(service, &incident).await
    }

    async fn alone(self, context: &Context, session: &Session) -> Result<Reply, CliError> {
        let (order, warnings) =
            match session.service.propose_rollback(self.to.as_deref(), self.rung, &self.reason).await? {
                Proposal::Nothing(reason) => return Ok(run::nothing_to_do(&reason)),
                Proposal::Order { order, warnings } => (order, warnings),
            };
        show::warn(&warnings);
        if self.dry_run {
            return Ok(run::planned(session.plan_of_order(&order).await?));
        }
        confirm(&run::question(&order), self.yes)?;
        run::order(context, session, order).await
    }
}
