use super::Context;
use super::error::CliError;
use super::reply::Reply;
use crate::app::view::case::CaseView;

/// Add a note to the timeline, or tell those who wait how it stands
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  hotfix note \"the pool has 500 connections, all in use\"
  hotfix note --update \"cause found, the fix is in review\"     sends it, and restarts the update clock")]
pub struct Args {
    /// What there is to say
    text: String,
    /// The incident; the only open one where it is left out
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// It is the status update that is due
    #[arg(long)]
    update: bool,
}

impl Args {
    pub async fn run(self, context: &Context) -> Result<Reply, CliError> {
        let session = context.session().await?;
        let found = session.service.find_any(self.id.as_deref()).await?;
        let incident = session.note(&found.key, self.text, self.update).await?;
        let done = match self.update {
            true if session.service.config().notify.is_empty() => {
                "noted; nobody was told, for hotfix.toml has no [[notify]]"
            }
            true => "status update sent",
            false => "noted",
        };
        let failed =
            if incident.notices_failed.is_empty() { "" } else { "; not everybody was told, see `hotfix status`" };
        Ok(Reply::new(format!("{done}{failed}\n"), CaseView::of(&incident)))
    }
}
