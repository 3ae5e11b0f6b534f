use super::Context;
use super::error::CliError;
use super::reply::Reply;
use super::run;
use crate::workflow::engine::Until;

/// Go on up to the deploy, and stop before the watch
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: hotfix deploy && hotfix ship")]
pub struct Args {
    /// The incident; the only open one where it is left out
    id: Option<String>,
    /// Tell what would be done, in order, and do nothing
    #[arg(long)]
    dry_run: bool,
}

impl Args {
    pub async fn run(self, context: &Context) -> Result<Reply, CliError> {
        let app = context.app().await?;
        let found = app.find(self.id.as_deref()).await?;
        if self.dry_run {
            return run::plan(&app, &found.key).await;
        }
        run::run(context, &app, &found.key, Until::Step("deploy")).await
    }
}
