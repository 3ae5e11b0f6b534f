use super::Context;
use super::error::CliError;
use super::reply::Reply;
use super::show::{BAD, GOOD, PLAIN, safe, utc};
use crate::app::view::notify::{NoticesView, PendingView, TestedView, TriedView};

/// Show the notices that did not arrive, or try out where they go
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  hotfix notify list
  hotfix notify test
  hotfix notify test slack pager")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Show what did not arrive yet: since when, why, and when it is tried again
    #[command(after_help = "Example: hotfix notify list --json")]
    List,
    /// Send a notice about no incident to each destination, and say what came back
    #[command(after_help = "Example: hotfix notify test slack
A status page is public: it is only read. An alert of PagerDuty is resolved again at once.
Exit status 1 if a destination failed.")]
    Test {
        /// Only these destinations
        #[arg(value_name = "DESTINATION")]
        names: Vec<String>,
    },
}

impl Args {
    pub async fn run(self, context: &Context) -> Result<Reply, CliError> {
        match self.command {
            Command::List => {
                let found = context.service().await?.outstanding_notices().await?;
                Ok(Reply::new(pending(&found), found))
            }
            Command::Test { names } => {
                let tested = context.session().await?.test_notices(&names).await?;
                let has_failed = tested.tried.iter().any(|one| one.error.is_some());
                let mut reply = Reply::new(tried(&tested), tested);
                reply.exit = u8::from(has_failed);
                Ok(reply)
            }
        }
    }
}

fn pending(found: &NoticesView) -> String {
    if found.pending.is_empty() {
        return "every notice arrived\n".to_owned();
    }
    found.pending.iter().map(line).collect()
}

fn line(pending: &PendingView) -> String {
    let PendingView { destination, subject, since, attempts, error, again, .. } = pending;
    let why = match (error, again) {
        (Some(error), Some(again)) => {
            let times = if *attempts == 1 { "once".to_owned() } else { format!("{attempts} times") };
            format!("tried {times}: {}; again from {}", safe(error), utc(*again))
        }
        _ => "not tried yet".to_owned(),
    };
    format!("{:<14} {}  {}\n{:14} {why}\n", safe(destination), utc(*since), safe(subject), "")
}

fn tried(tested: &TestedView) -> String {
    let line = |one: &TriedView| match (&one.done, &one.error) {
        (_, Some(error)) => format!("{:<14} {BAD}failed{PLAIN}: {}\n", safe(&one.destination), safe(error)),
        (done, None) => {
            format!("{:<14} {GOOD}{}{PLAIN}\n", safe(&one.destination), done.as_deref().unwrap_or_default())
        }
    };
    tested.tried.iter().map(line).collect()
}
