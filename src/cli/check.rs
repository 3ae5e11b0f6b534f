use super::Context;
use super::error::CliError;
use super::reply::Reply;
use super::run;
use crate::workflow::engine::Until;

/// Guard and gates on the fix as it stands
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit status 3 where the fix is held; each rule can be waived by name:
  hotfix waive size --reason \"the generated parser is one file\"")]
pub struct Args {
    /// The incident; the only open one where it is left out
    id: Option<String>,
}

impl Args {
    pub async fn run(self, context: &Context) -> Result<Reply, CliError> {
        let app = context.app().await?;
        let found = app.find(self.id.as_deref()).await?;
        run::run(context, &app, &found.key, Until::Step("check")).await
    }
}
