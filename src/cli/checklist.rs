use super::Context;
use super::error::CliError;
use super::reply::Reply;
use super::show;
use crate::app::view::checklist::ChecklistView;
use crate::domain::event::Fact;

/// Show the checklists, and tick what is done
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  hotfix checklist
  hotfix checklist --tick \"the way back is known\"")]
pub struct Args {
    /// The incident; the only open one where it is left out
    id: Option<String>,
    /// An item that is done, as it is written
    #[arg(long, value_name = "ITEM")]
    tick: Vec<String>,
}

impl Args {
    pub async fn run(self, context: &Context) -> Result<Reply, CliError> {
        let app = context.app().await?;
        let found = app.find_to_read(self.id.as_deref()).await?;
        let lists = &app.config().checklist;
        for item in self.tick {
            if !lists.values().flatten().any(|known| *known == item) {
                return Err(
                    CliError::usage(format!("no checklist has `{}`", show::safe(&item))).hint("hotfix checklist")
                );
            }
            app.record(&found.key, Fact::Ticked { item }).await?;
        }
        let incident = app.incident(&found.key).await?;
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
