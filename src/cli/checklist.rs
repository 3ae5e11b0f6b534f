use super::Context;
use super::error::CliError;
use super::reply::Reply;
use super::run;
use crate::app::view::checklist::ChecklistView;

/// Show the checklists, and tick what is done
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  hotfix checklist
  hotfix checklist --tick \"the way back is known\"")]
pub struct Args {
    /// The incident [default: the only open one]
    id: Option<String>,
    /// The text of an item that is done
    #[arg(long, value_name = "ITEM")]
    tick: Vec<String>,
}

impl Args {
    pub async fn run(self, context: &Context) -> Result<Reply, CliError> {
        let session = context.session().await?;
        let service = &session.service;
        let found = service.find_to_read(self.id.as_deref()).await?;
        let incident = session.tick(&found.key, &self.tick).await?;
        if let Some(reply) = run::sent(&session) {
            return Ok(reply);
        }
        let lists = &service.config().checklist;
        let mut text = String::new();
        for (list, items) in lists {
            text.push_str(&format!("{}\n", list.replace('_', " ")));
            for item in items {
                let tick = if incident.ticked.contains(item) { "x" } else { " " };
                text.push_str(&format!("  [{tick}] {item}\n"));
            }
        }
        Ok(Reply::new(text, ChecklistView::of(lists, &incident)))
    }
}
