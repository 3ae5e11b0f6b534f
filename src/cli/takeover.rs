use super::Context;
use super::confirm::confirm;
use super::error::CliError;
use super::reply::Reply;
use super::{run, show};
use crate::app::take_over::Reasons;
use crate::app::view::take_over::TakeOverView;

/// Continue here an incident that another clone works on
///
/// Its journal is copied from the remote, and this clone becomes the one that works on it. The other one is refused at
/// its next event. A command that still runs there can't be stopped from here.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  hotfix takeover HOTFIX-20261129-001 --reason \"Ada's machine does not answer\"
  hotfix takeover --reason \"her shift has ended\" --dry-run
  hotfix takeover --reason \"the machine is off\" --confirm-stopped --yes     a deploy was under way there
In a PostgreSQL that the team shares nothing has to be taken over: `hotfix lease --break` frees what a machine that is
gone held.")]
pub struct Args {
    /// The incident or order [default: the only open one]
    id: Option<String>,
    /// Why
    #[arg(long)]
    reason: String,
    /// The deploy or rollback that was not finished there has stopped: nothing changes production any more
    #[arg(long)]
    confirm_stopped: bool,
    /// Show what would be taken over, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask for confirmation
    #[arg(long, short)]
    yes: bool,
}

impl Args {
    pub async fn run(self, context: &Context) -> Result<Reply, CliError> {
        let session = context.session().await?;
        let plan = session.service.plan_of_take_over(self.id.as_deref()).await?;
        if self.dry_run {
            return Ok(Reply::new(text(&plan), plan));
        }
        if let Some(step) = plan.may_still_run.filter(|_| self.confirm_stopped) {
            show::warn(&[format!("`{step}` was not finished there; you say that it has stopped")]);
        }
        confirm(&format!("take over {} from {}", plan.incident, show::safe(&plan.elsewhere.who)), self.yes)?;
        let reasons = Reasons { reason: self.reason, has_stopped: self.confirm_stopped };
        let incident = session.take_over(&plan.incident, &reasons).await?;
        run::stands(&session.service, &incident).await
    }
}

fn text(plan: &TakeOverView) -> String {
    let TakeOverView { incident, elsewhere, events, may_still_run } = plan;
    let mut text = format!("take over     {incident}, {events} events\n{}\n", show::elsewhere(elsewhere));
    if let Some(step) = may_still_run {
        text.push_str(&format!(
            "may still run `{step}`, which was not finished there: add --confirm-stopped if it has stopped\n"
        ));
    }
    text
}
