use super::Context;
use super::confirm::confirm;
use super::error::CliError;
use super::reply::Reply;
use super::show;
use crate::app::view::case::CaseView;
use crate::app::view::plan::UndoPlan;
use crate::domain::incident::StepState;

/// Take back what was done, the last step first, and end the incident
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: hotfix abort --reason \"false alarm\" --yes")]
pub struct Args {
    /// The incident; the only open one where it is left out
    id: Option<String>,
    /// Why
    #[arg(long)]
    reason: String,
    /// Tell which steps would be taken back, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

impl Args {
    pub async fn run(self, context: &Context) -> Result<Reply, CliError> {
        let app = context.app().await?;
        let found = app.find_any(self.id.as_deref()).await?;
        let incident = app.incident(&found.key).await?;
        let begun: Vec<&str> = incident
            .steps()
            .rev()
            .filter(|step| {
                !matches!(step.state, StepState::Waiting | StepState::Skipped { .. } | StepState::Undone { .. })
            })
            .map(|step| step.name.as_str())
            .collect();
        if self.dry_run {
            let text = begun.iter().map(|step| format!("undo {step}\n")).collect::<String>() + "abort\n";
            return Ok(Reply::new(text, UndoPlan { undo: begun.iter().map(ToString::to_string).collect() }));
        }
        confirm(&format!("abort {} and undo {}", found.id, begun.join(", ")), self.yes)?;
        let progress = context.progress();
        let incident = app.abort(&found.key, &self.reason, &progress).await?;
        drop(progress);
        Ok(Reply::new(show::standing(&app, &incident), CaseView::of(&incident)).with(incident.status))
    }
}
