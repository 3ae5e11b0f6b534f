use super::Context;
use super::error::CliError;
use super::reply::Reply;
use super::show;
use crate::app::init::{self, Guesses};
use crate::app::view::init::{AdoptedView, InitView};
use crate::config::FILE;

/// Read the repository, write hotfix.toml, and show what was guessed
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: hotfix init --profile kubernetes
Profiles: compose, kubernetes, incident, pull-request, service (docs/profiles.md).")]
pub struct Args {
    /// Print what would be written, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Overwrite an existing hotfix.toml
    #[arg(long)]
    force: bool,
    /// Take over journals of a shared store that have no service: `all`, `none`, or identifiers
    ///
    /// Older stores did not record whose a journal is. From then on the store knows this repository, also
    /// under an address that is not the one from before.
    #[arg(long, value_name = "ID,...", value_delimiter = ',', conflicts_with_all = ["dry_run", "force"])]
    adopt: Option<Vec<String>>,
}

impl Args {
    pub async fn run(self, context: &Context) -> Result<Reply, CliError> {
        if let Some(which) = &self.adopt {
            return adopt(context, which).await;
        }
        let guesses = init::guess(&context.global.directory, context.global.profile.as_deref()).await?;
        let view = InitView::of(&guesses);
        let Guesses { path, text, remarks } = guesses;
        if self.dry_run {
            return Ok(Reply::new(text, view));
        }
        if path.exists() && !self.force {
            return Err(CliError::failed(format!("`{}` already exists", path.display()))
                .hint("hotfix init --dry-run, or hotfix init --force to overwrite it"));
        }
        std::fs::write(&path, text)
            .map_err(|error| CliError::failed(format!("`{}` can't be written: {error}", path.display())))?;
        let mut shown = format!("wrote {FILE}\n");
        for remark in &remarks {
            shown.push_str(&format!("  {remark}\n"));
        }
        shown.push_str("next: look through it, commit it, and `hotfix issue \"...\"` to see where a report would go\n");
        Ok(Reply::new(shown, view))
    }
}

async fn adopt(context: &Context, which: &[String]) -> Result<Reply, CliError> {
    let ids = match which {
        [all] if all == "all" => None,
        [none] if none == "none" => Some(&[][..]),
        ids => Some(ids),
    };
    let adopted = init::adopt(&context.options(), ids).await?;
    let count = |number: i64| if number == 1 { "1 journal".to_owned() } else { format!("{number} journals") };
    let took = count(i64::try_from(adopted.journals).unwrap_or(i64::MAX));
    let mut text = format!("{} has taken over {took}\n", show::safe(&adopted.service));
    if adopted.left > 0 {
        text.push_str(&format!("{} left without a service\n", count(adopted.left)));
    }
    Ok(Reply::new(text, AdoptedView::of(&adopted)))
}
