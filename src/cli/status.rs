use super::Context;
use super::error::CliError;
use super::reply::Reply;
use super::show;
use crate::app::view::status::{PostMortemDue, StatusView};

/// The status of the incident, what is due, and the command to type next
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: hotfix status --json")]
pub struct Args {
    /// The incident [default: all open ones]
    id: Option<String>,
}

impl Args {
    pub async fn run(self, context: &Context) -> Result<Reply, CliError> {
        let service = context.service().await?;
        let asked = self.id.is_some();
        let found = match self.id {
            Some(id) => vec![service.find_any(Some(&id)).await?],
            None => service.open_cases().await?,
        };
        let late = if asked { Vec::new() } else { service.post_mortems_due().await? };
        let (mut text, mut view) = (Vec::new(), StatusView::default());
        for summary in &found {
            let incident = service.incident(&summary.key).await?;
            let next = service.next(&incident).await?;
            text.push(show::incident(&service, &incident, &next));
            view.add(&incident, next, || service.clocks(&incident));
        }
        if found.is_empty() {
            text.push("no incident is open\n".to_owned());
        }
        if !late.is_empty() {
            let lines = late.iter().map(|(id, clock)| format!("post-mortem of {id} {}\n", clock.due_in()));
            text.push(lines.collect());
        }
        view.post_mortems = late.iter().map(|(id, clock)| PostMortemDue::of(id, clock)).collect();
        Ok(Reply::new(text.join("\n"), view))
    }
}
