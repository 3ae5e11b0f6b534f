use super::Context;
use super::error::CliError;
use super::reply::Reply;
use super::run;
use crate::app::view::case::CaseView;

/// Record that you have seen the incident and are working on it
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: hotfix ack HOTFIX-20261120-001")]
pub struct Args {
    /// The incident [default: the only open one]
    id: Option<String>,
}

impl Args {
    pub async fn run(self, context: &Context) -> Result<Reply, CliError> {
        let session = context.session().await?;
        let found = session.service.find(self.id.as_deref()).await?;
        let incident = session.acknowledge(&found.key).await?;
        if let Some(reply) = run::sent(&session) {
            return Ok(reply);
        }
        let next = session.service.next(&incident).await?;
        let text = format!("{} is acknowledged by {}\n", incident.id, session.actor);
        Ok(Reply::new(text, CaseView::of(&incident, next)))
    }
}
