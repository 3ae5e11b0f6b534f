use super::Context;
use super::error::CliError;
use super::reply::Reply;
use super::show;
use crate::app::view::list::ListView;

/// The incidents, the open ones first
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: hotfix list --limit 100 --json")]
pub struct Args {
    /// Only those that are open
    #[arg(long)]
    open: bool,
    /// At most this many that are over
    #[arg(long, default_value_t = 20, value_name = "COUNT")]
    limit: u32,
}

impl Args {
    pub async fn run(self, context: &Context) -> Result<Reply, CliError> {
        let app = context.app().await?;
        let mut incidents = app.tools.store.open_incidents().await?;
        if !self.open {
            let newest = app.tools.store.newest_incidents(self.limit).await?;
            let over = newest.into_iter().filter(|incident| incident.ended.is_some());
            incidents.extend(over);
        }
        let text = incidents.iter().map(|incident| {
            let step = if incident.ended.is_some() { "" } else { &incident.step };
            format!(
                "{:<22} {:<3} {:<8} {:<14} {}  {}\n",
                incident.id,
                incident.severity,
                incident.status,
                step,
                show::utc(incident.declared),
                show::safe(&incident.title)
            )
        });
        let text: String = text.collect();
        let text = if text.is_empty() { "no incident was declared yet\n".to_owned() } else { text };
        Ok(Reply::new(text, ListView::of(incidents)))
    }
}
