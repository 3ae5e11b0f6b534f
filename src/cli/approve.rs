use super::Context;
use super::error::CliError;
use super::reply::Reply;
use super::run;
use crate::app::approve::{Approved, Request};
use crate::app::view::case::CaseView;

/// Approve the checked fix: bound to its commit, void when that changes
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  hotfix approve --role tech-lead
  hotfix approve --role on-call --commit 9f31c2e
  hotfix approve --break-glass \"nobody else is awake\"      where the profile allows it")]
pub struct Args {
    /// The incident [default: the only open one]
    id: Option<String>,
    /// The role in which you approve
    #[arg(long, default_value = "reviewer")]
    role: String,
    /// The commit that you reviewed; refused if it is not the checked one
    #[arg(long)]
    commit: Option<String>,
    /// Approve it alone, for this reason; the review follows
    #[arg(long, value_name = "REASON")]
    break_glass: Option<String>,
}

impl Args {
    pub async fn run(self, context: &Context) -> Result<Reply, CliError> {
        let session = context.session().await?;
        let found = session.service.find(self.id.as_deref()).await?;
        let request = Request { role: self.role.clone(), commit: self.commit, break_glass: self.break_glass };
        let Approved { incident, commit, missing, proof, next } = session.approve(&found.key, request).await?;
        if let Some(reply) = run::sent(&session) {
            return Ok(reply);
        }
        let words = next.next.as_deref().unwrap_or_default();
        // Nobody counts for two roles.
        let else_by = if missing.is_empty() { "" } else { ", by somebody else" };
        let text = format!("{} approved {} as {}, {proof}\nnext: {words}{else_by}\n", session.actor, commit, self.role);
        Ok(Reply::new(text, CaseView::of(&incident, next)))
    }
}
