use super::Context;
use super::error::CliError;
use super::reply::Reply;
use super::run;
use super::show;
use crate::app::view::case::CaseView;

/// Waive a rule, a gate or an unresolved backport, by name and with a reason
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  hotfix waive size --reason \"the table is one statement\"
  hotfix waive gate/lint --reason \"the linter is down\"
  hotfix waive feature/currency --reason \"its owner rebases today\"
  hotfix waive 'feature/*' --reason \"none of them is released\"
  hotfix waive watch --reason \"no probe reaches this service\"
It is in the report and in the post-mortem, with your name.")]
pub struct Args {
    /// The rule (size, marker, regression-test, gate/NAME, way-back, bad-release, watch, maintenance, autoscaler) or the branch; a pattern waives every
    /// branch that lacks the fix and fits it
    check: String,
    /// Why
    #[arg(long)]
    reason: String,
    /// The incident [default: the only open one]
    #[arg(long, value_name = "ID")]
    id: Option<String>,
}

impl Args {
    pub async fn run(self, context: &Context) -> Result<Reply, CliError> {
        let session = context.session().await?;
        let found = session.service.find_any(self.id.as_deref()).await?;
        let (incident, waived) = session.waive(&found.key, &self.check, &self.reason).await?;
        if let Some(reply) = run::sent(&session) {
            return Ok(reply);
        }
        let next = session.service.next(&incident).await?;
        let line = next.next.as_ref().map(|next| format!("next: {next}\n")).unwrap_or_default();
        let waived = waived.iter().map(|name| format!("{} is waived by {}\n", show::safe(name), session.actor));
        let text = waived.collect::<String>() + &line;
        Ok(Reply::new(text, CaseView::of(&incident, next)))
    }
}
