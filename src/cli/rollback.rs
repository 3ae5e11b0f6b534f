use super::Context;
use super::error::CliError;
use super::reply::Reply;
use super::{confirm, run};
use crate::domain::event::{Fact, Planned};
use crate::domain::strategy::Strategy;
use crate::workflow::engine::Until;
use crate::workflow::plan;

/// Put the release before back into production, now, and watch it
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The incident stays open: `hotfix ship` closes it, `hotfix decide --strategy B` goes on with a fix."
)]
pub struct Args {
    /// The incident; the only open one where it is left out
    id: Option<String>,
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
        let key = app.find(self.id.as_deref()).await?.key;
        let (from, to) = app.way_back(&key).await?;
        let what = format!("roll back {} from `{from}` to `{to}`", app.config().deploy.environment);
        if self.dry_run {
            return Ok(Reply::new(format!("{what}\n"), serde_json::json!({ "from": from, "to": to })));
        }
        confirm::confirm(&what, self.yes)?;
        let reason = if self.reason.is_empty() { format!("asked for by {}", app.actor) } else { self.reason };
        let steps = plan::steps(Strategy::A).iter().map(|step| step.to_string()).collect();
        let planned = Planned { strategy: Some(Strategy::A), reasons: vec![reason], steps };
        app.record(&key, Fact::Planned(planned)).await?;
        run::run(context, &app, &key, Until::Step("confirm")).await
    }
}
