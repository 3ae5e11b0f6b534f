use super::Context;
use super::error::CliError;
use super::reply::Reply;
use crate::app::view::document::PostMortemView;
use crate::report::document::Document;

/// The draft of the post-mortem, from the journal
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: hotfix postmortem > post-mortem.md")]
pub struct Args {
    /// The incident [default: the open or the last one]
    id: Option<String>,
}

impl Args {
    pub async fn run(self, context: &Context) -> Result<Reply, CliError> {
        let service = context.service().await?;
        let found = service.find_to_read(self.id.as_deref()).await?;
        let text = service.document(&found.key, Document::PostMortem).await?;
        Ok(Reply::new(text.clone(), PostMortemView { incident: found.id, post_mortem: text }))
    }
}
