use super::Context;
use super::error::CliError;
use super::reply::Reply;
use super::{inbox, show};
use crate::app::view::status::StatusView;
use crate::app::view::take_over::ElsewhereView;

/// The status of the incident, its clocks, and the command to type next
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: hotfix status --json")]
pub struct Args {
    /// The incident [default: all open ones]
    id: Option<String>,
}

impl Args {
    pub async fn run(self, context: &Context) -> Result<Reply, CliError> {
        let service = context.service().await?;
        context.take_in(&service).await;
        let asked = self.id.is_some();
        let found = match self.id {
            Some(id) => vec![service.find_any(Some(&id)).await?],
            None => service.open_cases().await?,
        };
        let (mut text, mut view) = (Vec::new(), StatusView::default());
        let sent = service.sent_requests().await?;
        for summary in &found {
            let incident = service.incident(&summary.key).await?;
            let next = service.next(&incident).await?;
            let about = service.sent_about(&incident, &sent).await?;
            let elsewhere = service.others().await?.find(&summary.key).map(ElsewhereView::of);
            let place = elsewhere.as_ref().map(|view| show::elsewhere(view) + "\n").unwrap_or_default();
            text.push(place + &show::incident(&service, &incident, &next) + &inbox::page(&about));
            view.requests.extend(about);
            view.add(&incident, next, elsewhere, || service.clocks(&incident));
        }
        if found.is_empty() {
            text.push("no incident is open\n".to_owned());
        }
        show::problems(&service).await?;
        // People have a list of their own for these.
        if context.global.json && !asked {
            view.post_mortems = service.post_mortems_due().await?.post_mortems;
        }
        Ok(Reply::new(text.join("\n"), view))
    }
}
