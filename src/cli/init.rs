use super::Context;
use super::error::CliError;
use super::reply::Reply;
use crate::app::init::{self, Guesses};
use crate::app::view::init::InitView;
use crate::config::FILE;

/// Read the repository, write hotfix.toml, and say what was guessed
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: hotfix init --profile kubernetes
Profiles: compose, kubernetes, incident, pull-request, service (docs/profiles.md).")]
pub struct Args {
    /// Print what would be written, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Write over a hotfix.toml that is there
    #[arg(long)]
    force: bool,
}

impl Args {
    pub async fn run(self, context: &Context) -> Result<Reply, CliError> {
        let guesses = init::guess(&context.global.directory, context.global.profile.as_deref()).await?;
        let view = InitView::of(&guesses);
        let Guesses { path, text, remarks } = guesses;
        if self.dry_run {
            return Ok(Reply::new(text, view));
        }
        if path.exists() && !self.force {
            return Err(CliError::failed(format!("`{}` is there already", path.display()))
                .hint("hotfix init --dry-run, or hotfix init --force to write over it"));
        }
        std::fs::write(&path, text)
            .map_err(|error| CliError::failed(format!("`{}` can't be written: {error}", path.display())))?;
        let mut shown = format!("wrote {FILE}\n");
        for remark in &remarks {
            shown.push_str(&format!("  {remark}\n"));
        }
        shown.push_str(
            "next: look through it, commit it, and `hotfix issue \"...\"` to see how a report would be taken\n",
        );
        Ok(Reply::new(shown, view))
    }
}
