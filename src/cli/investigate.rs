use super::Context;
use super::error::CliError;
use super::reply::Reply;
use super::{run, show};
use crate::app::session::Goal;
use crate::app::view::investigation::InvestigatedView;
use crate::domain::investigation::Investigation;

/// Look at recent commits, deploys and logs, all at the same time, and show what was found
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: hotfix investigate HOTFIX-20261120-001")]
pub struct Args {
    /// The incident [default: the only open one]
    id: Option<String>,
}

impl Args {
    pub async fn run(self, context: &Context) -> Result<Reply, CliError> {
        let session = context.session().await?;
        let found = session.service.find(self.id.as_deref()).await?;
        let mut reply = run::run(context, &session, &found.key, Goal::Investigate).await?;
        let incident = session.service.incident(&found.key).await?;
        if let Some(investigation) = incident.detail::<Investigation>() {
            let next = session.service.next(&incident).await?;
            let view = InvestigatedView::of(&incident, next, &investigation);
            reply = Reply { exit: reply.exit, ..Reply::new(page(&investigation) + &reply.text, view) };
        }
        Ok(reply)
    }
}

fn page(found: &Investigation) -> String {
    let title = |what: &str, is_empty: bool| if is_empty { format!("no {what}") } else { what.to_owned() };
    let mut lines = vec![title("recent commits", found.commits.is_empty())];
    lines.extend(found.commits.iter().map(|commit| {
        let name = commit.commit.get(..9).unwrap_or(&commit.commit);
        format!("  {}  {name}  {}  {}", show::utc(commit.at), show::safe(&commit.subject), show::safe(&commit.author))
    }));
    lines.push(title("recent deploys", found.deploys.is_empty()));
    lines.extend(found.deploys.iter().map(|deploy| {
        let verdict = deploy.verdict.map_or_else(|| "not watched".to_owned(), |verdict| verdict.to_string());
        format!("  {}  {}  {verdict}", show::utc(deploy.at), show::safe(&deploy.release))
    }));
    if let Some(logs) = &found.logs {
        lines.push(title(&format!("errors in {} log lines", logs.lines), logs.errors.is_empty()));
        lines.extend(
            logs.errors.iter().map(|group| format!("  {:>5} times  {}", group.count, show::safe(&group.example))),
        );
    }
    lines.extend(found.gaps.iter().map(|gap| format!("not seen: {}", show::safe(gap))));
    lines.join("\n") + "\n\n"
}
