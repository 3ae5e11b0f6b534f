use std::time::Duration;

use clap::ValueEnum;

use super::Context;
use super::error::CliError;
use super::reply::Reply;
use super::run;
use super::show;
use crate::app::action::NewAction;
use crate::app::view::action::ActionsView;
use crate::domain::incident::Incident;

/// Action items: work that prevents a repetition
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  hotfix action list
  hotfix action add prevent \"alert on the pool's size\" --owner \"Ann <ann@example.org>\" --days 14
  hotfix action done 1")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
    /// The incident [default: the open or the last one]
    #[arg(long, value_name = "ID", global = true)]
    id: Option<String>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Show the action items
    #[command(after_help = "Example: hotfix action list")]
    List,
    /// Add one
    #[command(after_help = "Example: hotfix action add prevent 'Alert on 5xx' --owner ada --days 14")]
    Add {
        kind: Kind,
        /// What has to be done
        text: String,
        /// Who does it
        #[arg(long)]
        owner: String,
        /// Due in this many days
        #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3650))]
        days: u32,
    },
    /// Mark one as done
    #[command(after_help = "Example: hotfix action done 1")]
    Done {
        /// Its number
        action: String,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    Prevent,
    Detect,
    Respond,
}

impl Args {
    pub async fn run(self, context: &Context) -> Result<Reply, CliError> {
        let session = context.session().await?;
        let service = &session.service;
        let key = service.find_to_read(self.id.as_deref()).await?.key;
        let incident = match self.command {
            Command::List => service.incident(&key).await?,
            Command::Add { kind, text, owner, days } => {
                let kind = kind.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
                let within = Duration::from_secs(u64::from(days) * 24 * 60 * 60);
                session.add_action(&key, NewAction { kind, text, owner, within }).await?
            }
            Command::Done { action } => session.finish_action(&key, action).await?,
        };
        if let Some(reply) = run::sent(&session) {
            return Ok(reply);
        }
        Ok(Reply::new(page(&incident, service.now()), ActionsView::of(&incident)))
    }
}

fn page(incident: &Incident, now: jiff::Timestamp) -> String {
    let lines = incident.actions.iter().map(|action| {
        let tick = if action.done.is_some() { "x" } else { " " };
        let late = if action.done.is_none() && action.due < now { "  OVERDUE" } else { "" };
        let due = action.due.strftime("%Y-%m-%d");
        format!(
            "[{tick}] {:>3}  {:<8} {}  {}, due {due}{late}\n",
            action.id,
            action.kind,
            show::safe(&action.text),
            show::safe(&action.owner)
        )
    });
    let text: String = lines.collect();
    if text.is_empty() { format!("{} has no action items\n", incident.id) } else { text }
}
