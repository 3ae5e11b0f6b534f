use super::Context;
use super::error::CliError;
use super::reply::Reply;
use super::show;
use crate::app::audit::is_backport;
use crate::app::view::audit::{AuditView, AuditedJournal};

/// Check whether the journal was tampered with
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: hotfix audit verify")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Check the chain of each incident, and compare it with the heads on the remote and in the tags
    #[command(after_help = "Example: hotfix audit verify HOTFIX-20261120-001")]
    Verify {
        /// Only this incident
        id: Option<String>,
    },
}

impl Args {
    pub async fn run(self, context: &Context) -> Result<Reply, CliError> {
        let service = context.service().await?;
        let Command::Verify { id } = self.command;
        let (keys, missing) = match id {
            Some(id) => (vec![service.find_any(Some(&id)).await?.key], Vec::new()),
            None => (service.keys().await?, service.lost().await?),
        };
        let (mut text, mut broken, mut all, mut checked) = (String::new(), !missing.is_empty(), Vec::new(), 0);
        for id in &missing {
            text.push_str(&format!("{}{id}: all of its events were removed{}\n", show::BAD, show::PLAIN));
        }
        for key in &keys {
            let (breaks, anchors) = service.audit(key).await?;
            checked += 1;
            broken |= !breaks.is_empty();
            for found in &breaks {
                text.push_str(&format!(
                    "{}{key}: event {} was {}{}\n",
                    show::BAD,
                    found.seq,
                    found.what.as_str(),
                    show::PLAIN
                ));
            }
            if breaks.is_empty() && anchors.is_empty() && !is_backport(key) {
                text.push_str(&format!("{key}: the chain holds, but no head of it is recorded outside the database\n"));
            }
            all.push(AuditedJournal { incident: key.clone(), breaks, anchors });
        }
        text.push_str(&match broken {
            true => "the journal was tampered with\n".to_owned(),
            false if checked == 1 => "1 journal holds\n".to_owned(),
            false => format!("{checked} journals hold\n"),
        });
        let mut reply = Reply::new(text, AuditView::of(all, missing));
        reply.exit = u8::from(broken);
        Ok(reply)
    }
}
