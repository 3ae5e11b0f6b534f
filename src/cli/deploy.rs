use super::Context;
use super::confirm::confirm;
use super::error::CliError;
use super::reply::Reply;
use super::{run, show};
use crate::app::error::AppError;
use crate::app::order::Proposal;
use crate::app::service::Service;
use crate::app::session::{Goal, Session};

/// Deploy a release and watch it; in an incident, continue up to the deploy
///
/// Without an incident: prepare the way back, deploy, watch, and roll back by itself if the release
/// is BAD.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit status without an incident: 0 deployed and VERIFIED, or nothing to do; 1 failed, or BAD and
rolled back; 3 held; 4 stuck.
Examples:
  hotfix deploy v2.4.0 --reason \"new prices\"
  hotfix deploy --dry-run                       the newest release: what would be done, how long the way back takes
  hotfix deploy && hotfix ship                  in an incident"
)]
pub struct Args {
    /// The release, or the incident; without an incident, the newest release if left out
    #[arg(value_name = "RELEASE|ID")]
    what: Option<String>,
    /// Why, for the log; not needed in an incident
    #[arg(long, default_value = "", hide_default_value = true)]
    reason: String,
    /// Show what would be done, in order, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask for confirmation
    #[arg(long, short)]
    yes: bool,
}

impl Args {
    pub async fn run(self, context: &Context) -> Result<Reply, CliError> {
        let session = context.session().await?;
        let Some(key) = subject(&session.service, self.what.as_deref()).await? else {
            return self.alone(context, &session).await;
        };
        if self.dry_run {
            return Ok(run::planned(session.plan(&key).await?));
        }
        run::run(context, &session, &key, Goal::Deploy).await
    }

    async fn alone(self, context: &Context, session: &Session) -> Result<Reply, CliError> {
        let (order, warnings) = match session.service.propose_deploy(self.what.as_deref(), &self.reason).await? {
            Proposal::Nothing(reason) => return Ok(run::nothing_to_do(&reason)),
            Proposal::Order { order, warnings } => (order, warnings),
        };
        show::warn(&warnings);
        if self.dry_run {
            return Ok(run::planned(session.plan_of_order(&order).await?));
        }
        // A named release without warnings needs no question.
        if self.what.is_none() || !warnings.is_empty() {
            confirm(&run::question(&order), self.yes)?;
        }
        run::order(context, session, order).await
    }
}

/// The incident or order of a deploy; `None` for a new order.
async fn subject(service: &Service, what: Option<&str>) -> Result<Option<String>, CliError> {
    let open = service.find_any(None).await;
    match (what, open) {
        (None, Ok(found)) if found.is_incident() => Ok(Some(found.key)),
        // An open order is continued by `resume`, not by ordering something else.
        (None, Ok(_) | Err(AppError::NoneOpen)) => Ok(None),
        (None, Err(error)) => Err(error.into()),
        (Some(what), open) => match service.find_any(Some(what)).await {
            Ok(found) if found.ended.is_none() => Ok(Some(found.key)),
            Ok(found) if !service.is_release(what).await? => Ok(Some(found.key)),
            Ok(_) | Err(AppError::Unknown { .. }) => match open {
                Ok(found) if found.is_incident() => Err(AppError::IncidentOpen { id: found.id }.into()),
                _ => Ok(None),
            },
            Err(error) => Err(error.into()),
        },
    }
}
