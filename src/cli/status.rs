use super::Context;
use super::error::CliError;
use super::reply::Reply;
use super::show;
use crate::app::view::status::{PostMortemDue, StatusView};
use crate::app::{App, AppError};
use crate::report::clocks::{Clock, clocks};

/// Where the incident stands, what is due, and the command to type next
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: hotfix status --json")]
pub struct Args {
    /// The incident; the open ones where it is left out
    id: Option<String>,
}

impl Args {
    pub async fn run(self, context: &Context) -> Result<Reply, CliError> {
        let app = context.app().await?;
        let asked = self.id.is_some();
        let found = match self.id {
            Some(id) => vec![app.find_any(Some(&id)).await?],
            None => {
                let store = &app.tools.store;
                [store.open_incidents().await?, store.open_orders().await?].concat()
            }
        };
        let late = if asked { Vec::new() } else { post_mortems(&app).await? };
        let (mut text, mut view) = (Vec::new(), StatusView::default());
        for summary in &found {
            let incident = app.incident(&summary.key).await?;
            text.push(show::incident(&app, &incident));
            view.add(&incident, || clocks(&incident, &app.config().allowance(incident.severity), app.now()));
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

/// The post-mortems that were not held yet, of the newest incidents that are over.
async fn post_mortems(app: &App) -> Result<Vec<(String, Clock)>, CliError> {
    let newest = app.tools.store.newest_incidents(5).await.map_err(AppError::from)?;
    let mut due = Vec::new();
    for summary in newest.into_iter().filter(|summary| summary.ended.is_some()) {
        let incident = app.incident(&summary.key).await?;
        let clock = clocks(&incident, &app.config().allowance(incident.severity), app.now()).post_mortem;
        due.extend(clock.map(|clock| (incident.id, clock)));
    }
    Ok(due)
}
