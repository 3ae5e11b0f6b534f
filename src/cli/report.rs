use serde_json::json;

use super::Context;
use super::error::CliError;
use super::reply::Reply;
use crate::report::document::Document;

/// The report on an incident: issue, fix, timeline, deployment, git, verification, next steps
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  hotfix report > report.md
  hotfix report --form ticket")]
pub struct Args {
    /// The incident; the open or the last one where it is left out
    id: Option<String>,
    /// Which document
    #[arg(long, default_value = "report")]
    form: Form,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Form {
    Report,
    Brief,
    Ticket,
}

impl Args {
    pub async fn run(self, context: &Context) -> Result<Reply, CliError> {
        let app = context.app().await?;
        let found = app.find_to_read(self.id.as_deref()).await?;
        let document = match self.form {
            Form::Report => Document::Report,
            Form::Brief => Document::BriefReport,
            Form::Ticket => Document::Ticket,
        };
        let text = app.document(&found.key, document).await?;
        Ok(Reply::new(text.clone(), json!({ "incident": found.id, "report": text })))
    }
}
