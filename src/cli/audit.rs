use super::Context;
use super::error::CliError;
use super::reply::Reply;
use super::show;
use crate::app::audit::{Outside, Whole};
use crate::app::error::AppError;
use crate::app::service::Service;
use crate::app::view::audit::{AuditView, AuditedJournal, Elsewhere, Unproven};
use crate::domain::audit::{Retreat, Retreated};
use crate::workflow::derived::Difference;

/// Check whether the journal was tampered with
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: hotfix audit verify")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Check the chain and the signatures of each incident, and compare it with the heads on the remote and in the tags, and the lists with the journals
    #[command(
        after_help = "Exit status: 0 everything holds; 1 the journal was tampered with, or a signature does not hold; 3 nothing was, but another store has journals.
Example: hotfix audit verify HOTFIX-20261120-001"
    )]
    Verify {
        /// Only this incident
        id: Option<String>,
    },
}

impl Args {
    pub async fn run(self, context: &Context) -> Result<Reply, CliError> {
        let service = context.service().await?;
        let Command::Verify { id } = self.command;
        let (found, view) = match id {
            Some(id) => one(&service, &id).await?,
            None => all(&service).await?,
        };
        let view = view.judged();
        let mut reply = Reply::new(text(&view, found, &service.config().git.remote), &view);
        reply.exit = view.exit();
        Ok(reply)
    }
}

/// Audits the journal called `id`, which another store may have.
async fn one(service: &Service, id: &str) -> Result<(usize, AuditView), CliError> {
    let outside = service.ask_for_anchors(id).await?;
    let here = service.keys().await?;
    let keys = match service.find_any(Some(id)).await {
        Ok(found) if here.contains(&found.key) => vec![found.key],
        Err(AppError::Unknown { .. }) if here.iter().any(|key| key == id) => vec![id.to_owned()],
        Ok(_) | Err(AppError::Unknown { .. }) => {
            let Whole { mut missing, mut elsewhere, .. } = service.audit_whole(&[]).await?;
            missing.retain(|missing| missing == id);
            elsewhere.retain(|elsewhere| elsewhere.id == id);
            if missing.is_empty() && elsewhere.is_empty() {
                return Err(AppError::Unknown { id: id.to_owned(), open: Vec::new() }.into());
            }
            let Outside { retreats, unreachable } = outside;
            return Ok((0, AuditView { missing, elsewhere, retreats, unreachable, ..AuditView::default() }));
        }
        Err(error) => return Err(error.into()),
    };
    view(service, &keys, outside, Whole::default()).await
}

async fn all(service: &Service) -> Result<(usize, AuditView), CliError> {
    let outside = service.ask_for_anchors("").await?;
    let keys = service.keys().await?;
    let whole = service.audit_whole(&keys).await?;
    view(service, &keys, outside, whole).await
}

async fn view(
    service: &Service,
    keys: &[String],
    outside: Outside,
    whole: Whole,
) -> Result<(usize, AuditView), CliError> {
    let mut incidents = Vec::with_capacity(keys.len());
    for key in keys {
        incidents.push(service.audit(key).await?);
    }
    let Outside { retreats, unreachable } = outside;
    let Whole { differences: lists, missing, elsewhere } = whole;
    let view = AuditView { intact: true, incidents, missing, elsewhere, lists, retreats, unreachable };
    Ok((keys.len(), view))
}

fn text(view: &AuditView, checked: usize, remote: &str) -> String {
    let (mut bad, mut notes) = (Vec::new(), Vec::new());
    bad.extend(view.missing.iter().map(|id| format!("{id}: all of its events were removed")));
    for AuditedJournal { incident: key, breaks, anchors, unproven, unreadable, .. } in &view.incidents {
        bad.extend(unreadable.iter().map(|why| format!("{key}: {why}")));
        bad.extend(breaks.iter().map(|found| format!("{key}: event {} was {}", found.seq, found.what.as_str())));
        bad.extend(unproven.iter().map(|Unproven { seq, by, why }| {
            format!("{key}: the signature of event {seq}, by {by}, does not hold: {why}")
        }));
        if breaks.is_empty() && anchors.is_empty() && unreadable.is_none() {
            notes.push(format!("{key}: the chain holds, but no head of it is recorded outside the database"));
        }
    }
    bad.extend(view.lists.iter().map(|found| {
        let Difference { incident, list, row, what } = found;
        let of = if list == &"release" { format!(" of {incident}") } else { String::new() };
        format!("`{row}`{of} in the list of {list}s was {}", what.as_str())
    }));
    bad.extend(view.retreats.iter().map(|Retreat { id, how }| {
        // What was moved back moves forward again; only another history is in the way.
        let force = if *how == Retreated::Replaced { "--force " } else { "" };
        let put_back = format!("`git push {force}{remote} refs/hotfix/remote/{id}:refs/hotfix/{id}` puts it back");
        format!("{id}: its head on the remote was {}; {put_back}", how.as_str())
    }));
    notes.extend(view.elsewhere.iter().map(|Elsewhere { id, store }| match store.as_str() {
        "" => format!("{id}: kept elsewhere, by a store without a name"),
        store => format!("{id}: kept elsewhere, by store {}", store.get(..12).unwrap_or(store)),
    }));
    notes.extend(view.unreachable.iter().map(|why| format!("{why}: compared with what was seen of it last")));
    let signed: usize = view.incidents.iter().map(|journal| journal.signatures).sum();
    let forged: usize = view.incidents.iter().map(|journal| journal.unproven.len()).sum();
    let unread = view.incidents.iter().filter(|journal| journal.unreadable.is_some()).count();
    let mut text: String =
        bad.iter().map(|line| format!("{}{}{}\n", show::BAD, show::safe(line), show::PLAIN)).collect();
    text.extend(notes.iter().map(|line| format!("{}\n", show::safe(line))));
    text.push_str(&match (view.intact, view.elsewhere.is_empty(), checked) {
        (false, ..) if bad.len() == forged => "not every signature holds\n".to_owned(),
        (false, ..) if bad.len() == unread => "not every journal can be read\n".to_owned(),
        (false, ..) => "the journal was tampered with\n".to_owned(),
        (true, false, 0) => "no journal is here\n".to_owned(),
        (true, _, 1) => "1 journal holds\n".to_owned(),
        (true, _, checked) => format!("{checked} journals hold\n"),
    });
    match signed {
        0 => {}
        1 => text.push_str("1 signature holds\n"),
        _ => text.push_str(&format!("{signed} signatures hold\n")),
    }
    text
}
