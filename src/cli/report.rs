use super::Context;
use super::error::CliError;
use super::reply::Reply;
use crate::app::view::document::ReportView;
use crate::config::ReportForm;
use crate::report::document::Document;

/// The report on an incident: issue, fix, timeline, deployment, git, verification, next steps
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  hotfix report > report.md
  hotfix report --form ticket")]
pub struct Args {
    /// The incident [default: the open or the last one]
    id: Option<String>,
    /// Which document [default: the report in the profile's form]
    #[arg(long)]
    form: Option<Form>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Form {
    Full,
    Brief,
    Ticket,
}

impl Args {
    pub async fn run(self, context: &Context) -> Result<Reply, CliError> {
        let service = context.service().await?;
        let found = service.find_to_read(self.id.as_deref()).await?;
        let document = match (self.form, service.config().close.report) {
            (Some(Form::Full), _) | (None, ReportForm::Full) => Document::Report,
            (Some(Form::Brief), _) | (None, ReportForm::Brief) => Document::BriefReport,
            (Some(Form::Ticket), _) => Document::Ticket,
        };
        let text = service.document(&found.key, document).await?;
        Ok(Reply::new(text.clone(), ReportView { incident: found.id, report: text }))
    }
}
