use super::Context;
use super::error::CliError;
use super::reply::Reply;

/// Bring journals from another store into this one
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: HOTFIX_STORE=sqlite hotfix store import postgres://db/hotfix")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Copy journals from another store, event by event, with their digests; nothing is written if a chain does not hold
    #[command(after_help = "Example: hotfix store import ../other/.git/hotfix/journal.db 001")]
    Import {
        /// `sqlite` (this clone's file), a PostgreSQL address, or another clone's journal.db
        #[arg(env = "HOTFIX_IMPORT_FROM", hide_env_values = true)]
        from: String,
        /// Only these incidents
        ids: Vec<String>,
    },
}

impl Args {
    pub async fn run(self, context: &Context) -> Result<Reply, CliError> {
        let Command::Import { from, ids } = self.command;
        let view = context.session().await?.import_from(&from, &ids).await?;
        let plural = |count: usize| if count == 1 { "1 journal".to_owned() } else { format!("{count} journals") };
        let mut text = format!("imported {}\n", plural(view.imported.len()));
        if view.unchanged > 0 {
            text.push_str(&format!("{} unchanged\n", plural(view.unchanged)));
        }
        Ok(Reply::new(text, view))
    }
}
