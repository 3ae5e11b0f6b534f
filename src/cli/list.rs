use super::Context;
use super::error::CliError;
use super::reply::Reply;
use super::show;
use crate::app::view::due::{DueView, PostMortemDue};
use crate::app::view::list::ListView;
use crate::domain::severity::Severity;
use crate::domain::summary::Summary;

/// The incidents, the open ones first
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  hotfix list --limit 100 --json
  hotfix list --due                        post-mortems that were not held; `hotfix checklist ID --tick` ends one
  hotfix list --all-services --open        what burns anywhere, in a store that services share")]
pub struct Args {
    /// Only those that are open
    #[arg(long)]
    open: bool,
    /// Those of every service in the store, not only of this one
    #[arg(long)]
    all_services: bool,
    /// The post-mortems that were not held yet, all of them, the first one due first
    #[arg(long, conflicts_with_all = ["open", "all_services", "limit"])]
    due: bool,
    /// At most this many that are over
    #[arg(long, default_value_t = 20, value_name = "COUNT")]
    limit: u32,
}

impl Args {
    pub async fn run(self, context: &Context) -> Result<Reply, CliError> {
        let service = context.service().await?;
        if self.due {
            let due = service.post_mortems_due().await?;
            return Ok(Reply::new(due_text(&due), due));
        }
        let most = if self.open { 0 } else { self.limit };
        if self.all_services {
            let all = service.incidents_everywhere(most).await?;
            let width = all.iter().map(|(service, _)| service.chars().count()).max().unwrap_or_default();
            let lines =
                all.iter().map(|(service, incident)| format!("{:<width$}  {}", show::safe(service), line(incident)));
            return Ok(Reply::new(or_none(lines.collect()), ListView::everywhere(all)));
        }
        let incidents = service.incidents(most).await?;
        let others = service.others().await?;
        let text = incidents.iter().map(|incident| {
            let who = others.find(&incident.key).map(|listed| show::safe(&listed.tip.who));
            match who {
                Some(who) => format!("{}  (in the clone of {who})\n", line(incident).trim_end()),
                None => line(incident),
            }
        });
        show::problems(&service).await?;
        let text = or_none(text.collect());
        Ok(Reply::new(text, ListView::with(incidents, &others)))
    }
}

fn line(incident: &Summary) -> String {
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
}

fn due_text(due: &DueView) -> String {
    let line = |one: &PostMortemDue| {
        let severity = one.severity.map_or("", Severity::as_str);
        format!(
            "{:<22} {severity:<3} post-mortem {}, {}  {}\n",
            one.id,
            one.words,
            show::utc(one.due),
            show::safe(&one.title)
        )
    };
    if due.post_mortems.is_empty() {
        "nothing is due\n".to_owned()
    } else {
        due.post_mortems.iter().map(line).collect()
    }
}

fn or_none(text: String) -> String {
    if text.is_empty() { "no incident was declared yet\n".to_owned() } else { text }
}
