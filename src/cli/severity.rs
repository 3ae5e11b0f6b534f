use super::Context;
use super::error::CliError;
use super::reply::Reply;
use super::run;
use crate::domain::severity::Severity;

/// Change the severity, with a reason
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: hotfix severity P0 --reason \"now all payments fail\"")]
pub struct Args {
    #[arg(value_parser = super::choice::severity(), ignore_case = true)]
    severity: Severity,
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
        let found = session.service.find(self.id.as_deref()).await?;
        let incident = session.change_severity(&found.key, self.severity, self.reason).await?;
        if let Some(reply) = run::sent(&session) {
            return Ok(reply);
        }
        run::whole(&session.service, &incident).await
    }
}
