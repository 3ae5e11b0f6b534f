use super::Context;
use super::error::CliError;
use super::reply::Reply;
use super::run;
use crate::app::view::case::CaseView;
use crate::domain::next::Next;

/// Add a note to the timeline, or send a status update to those who wait
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  hotfix note \"the pool has 500 connections, all in use\"
  hotfix note --update \"cause found, the fix is in review\"     sends it, and restarts the update clock")]
pub struct Args {
    /// The text
    text: String,
    /// The incident [default: the only open one]
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// Send it as the status update that is due
    #[arg(long)]
    update: bool,
}

impl Args {
    pub async fn run(self, context: &Context) -> Result<Reply, CliError> {
        let session = context.session().await?;
        let found = session.service.find_any(self.id.as_deref()).await?;
        let incident = session.note(&found.key, self.text, self.update).await?;
        if let Some(reply) = run::sent(&session) {
            return Ok(reply);
        }
        let done = match self.update {
            true if session.service.config().notify.is_empty() => {
                "noted; nobody was notified, because hotfix.toml has no [[notify]]"
            }
            true => "status update sent",
            false => "noted",
        };
        let failed = if incident.notices_failed.is_empty() {
            String::new()
        } else {
            let status = session.service.words(&incident, &Next::Status.into()).await?;
            format!("; not everybody was notified, see `{status}`")
        };
        let next = session.service.next(&incident).await?;
        Ok(Reply::new(format!("{done}{failed}\n"), CaseView::of(&incident, next)))
    }
}
