use super::Context;
use super::error::CliError;
use super::reply::Reply;
use super::show;
use crate::app::view::inbox::{InboxView, RequestView, SentState, SentView, Standing};

/// Show what other clones have sent and nobody has taken in, and what this one has sent
#[derive(Debug, clap::Args)]
#[command(
    after_help = "`approve`, `waive`, `note`, `ack`, `severity`, `decide`, `checklist` and `action` send a request where another \
clone works on the incident; that clone takes it in.

Examples:
  hotfix inbox
  hotfix inbox --again         send again what may not have arrived"
)]
pub struct Args {
    /// The incident [default: all]
    id: Option<String>,
    /// Send again what this clone has sent and was not answered
    #[arg(long)]
    again: bool,
}

impl Args {
    pub async fn run(self, context: &Context) -> Result<Reply, CliError> {
        let service = context.service().await?;
        let key = match &self.id {
            Some(id) => Some(service.find_any(Some(id)).await?.key),
            None => None,
        };
        if self.again {
            service.send_again().await?;
        }
        let view = service.inbox(key.as_deref()).await?;
        let InboxView { requests, sent } = &view;
        let mut text: String = requests.iter().map(line).collect();
        text.push_str(&page(sent));
        if text.is_empty() {
            text.push_str("nothing waits in the inbox\n");
        }
        Ok(Reply::new(text, view))
    }
}

fn line(request: &RequestView) -> String {
    let text = match (&request.problem, &request.from, &request.what) {
        (None, Some(from), Some(what)) => {
            let proof = match request.proof {
                Standing::Signed => "signed",
                Standing::Claimed => "claimed",
            };
            format!("{}  {what}, from {from} ({proof})", request.incident)
        }
        (problem, ..) => {
            let why = problem.as_deref().unwrap_or("it is of another version of hotfix");
            format!("{}  can't be read: {why}", request.incident)
        }
    };
    show::safe(&text) + "\n"
}

/// What this clone has sent and is no event yet, a line each.
pub fn page(sent: &[SentView]) -> String {
    let lines = sent.iter().map(|sent| {
        let (mark, state) = match (sent.state, &sent.why) {
            (SentState::Refused, why) => (show::BAD, format!("refused: {}", why.as_deref().unwrap_or_default())),
            (SentState::Waiting, _) => (show::WARN, "sent, not taken in yet".to_owned()),
        };
        format!("  {mark}sent{}  {}: {}\n", show::PLAIN, show::safe(&sent.what), show::safe(&state))
    });
    lines.collect()
}
