use serde_json::json;

use super::Context;
use super::error::CliError;
use super::reply::Reply;
use super::show;
use crate::report::clocks::clocks;

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
        let found = match self.id {
            Some(id) => vec![app.find(Some(&id)).await?],
            None => app.tools.store.open_incidents().await?,
        };
        if found.is_empty() {
            return Ok(Reply::new("no incident is open\n", json!({ "incidents": [] })));
        }
        let (mut text, mut all) = (Vec::new(), Vec::new());
        for summary in &found {
            let incident = app.incident(&summary.key).await?;
            text.push(show::incident(&app, &incident));
            let mut one = show::json(&incident);
            let clocks = clocks(&incident, &app.config().allowance(incident.severity), app.now());
            one["clocks"] = serde_json::to_value(clocks).unwrap_or_default();
            one["notices_failed"] = serde_json::to_value(&incident.notices_failed).unwrap_or_default();
            all.push(one);
        }
        Ok(Reply::new(text.join("\n"), json!({ "incidents": all })))
    }
}
