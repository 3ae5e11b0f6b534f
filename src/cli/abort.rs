use super::Context;
use super::confirm::confirm;
use super::error::CliError;
use super::reply::Reply;
use super::run;
use crate::app::view::plan::UndoPlan;

/// Undo what was done, the last step first, and end the incident
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: hotfix abort --reason \"false alarm\" --yes")]
pub struct Args {
    /// The incident [default: the only open one]
    id: Option<String>,
    /// Why
    #[arg(long)]
    reason: String,
    /// Show which steps would be undone, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask for confirmation
    #[arg(long, short)]
    yes: bool,
}

impl Args {
    pub async fn run(self, context: &Context) -> Result<Reply, CliError> {
        let session = context.session().await?;
        let service = &session.service;
        let found = service.find_any(self.id.as_deref()).await?;
        let undo: Vec<String> =
            service.incident(&found.key).await?.to_undo().map(|step| step.name.to_string()).collect();
        if self.dry_run {
            let text = undo.iter().map(|step| format!("undo {step}\n")).collect::<String>() + "abort\n";
            return Ok(Reply::new(text, UndoPlan { undo }));
        }
        confirm(&format!("abort {} and undo {}", found.id, undo.join(", ")), self.yes)?;
        let progress = context.progress();
        let incident = session.abort(&found.key, &self.reason, &progress).await?;
        drop(progress);
        run::stands(service, &incident).await
    }
}
