use anstyle::Style;

use super::Context;
use super::error::CliError;
use super::reply::Reply;
use super::show;
use crate::app::view::diff::DiffView;

/// The diff of the fix, as it is to be approved, and what its check found
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  hotfix diff
  hotfix diff HOTFIX-20261129-001 | less -R
  hotfix diff && hotfix approve --role on-call")]
pub struct Args {
    /// The incident [default: the open or the last one]
    id: Option<String>,
}

impl Args {
    pub async fn run(self, context: &Context) -> Result<Reply, CliError> {
        let service = context.service().await?;
        let found = service.find_to_read(self.id.as_deref()).await?;
        let view = service.diff(&found.key).await?;
        Ok(Reply::new(text(&view), view))
    }
}

/// A line on what it is, and the diff; colours only repeat what the first characters say.
fn text(view: &DiffView) -> String {
    let mut text = format!("{}  {}\n", show::safe(&view.incident), view.commit);
    if let Some(check) = &view.check {
        text.push_str(&format!("check: {}\n", show::safe(check)));
    }
    text.push('\n');
    for line in view.diff.lines() {
        let style = match line.as_bytes() {
            [b'+', b'+', b'+', ..] | [b'-', b'-', b'-', ..] | [b'd', b'i', b'f', b'f', ..] => show::STRONG,
            [b'+', ..] => show::GOOD,
            [b'-', ..] => show::BAD,
            [b'@', ..] => show::FAINT,
            _ => Style::new(),
        };
        let line = line.split('\t').map(show::safe).collect::<Vec<_>>().join("\t");
        text.push_str(&format!("{style}{line}{}\n", show::PLAIN));
    }
    text
}
