use super::Context;
use super::error::CliError;
use super::reply::Reply;
use crate::app::view::timeline::{EventsView, TimelineView};
use crate::report::timeline::{text, timeline};

/// What happened, when, and by whom
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: hotfix timeline HOTFIX-20261120-001")]
pub struct Args {
    /// The incident [default: the open or the last one]
    id: Option<String>,
    /// Every event, unchanged from the journal
    #[arg(long)]
    events: bool,
}

impl Args {
    pub async fn run(self, context: &Context) -> Result<Reply, CliError> {
        let service = context.service().await?;
        context.take_in(&service).await;
        let found = service.find_any_to_read(self.id.as_deref()).await?;
        let events = service.events(&found.key).await?;
        if self.events {
            let lines =
                events.iter().map(|event| format!("{:>4}  {}  {}  {}\n", event.seq, event.at, event.actor, event.text));
            return Ok(Reply::new(lines.collect::<String>(), EventsView::of(events)));
        }
        let rows = timeline(&events);
        Ok(Reply::new(text(&rows), TimelineView { timeline: rows }))
    }
}
