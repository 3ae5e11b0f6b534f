//! What the commands that run an incident have in common.

use super::Context;
use super::error::CliError;
use super::reply::Reply;
use super::show;
use crate::app::service::Service;
use crate::app::session::{Goal, Session};
use crate::app::view::case::CaseView;
use crate::app::view::inbox::SentsView;
use crate::app::view::plan::{NothingToDo, PlanView, PlannedStep};
use crate::domain::incident::Incident;
use crate::domain::next::Next;
use crate::domain::order::Order;

/// Runs the incident and returns its status then. A deploy that ended with the previous release has
/// failed.
pub async fn run(context: &Context, session: &Session, key: &str, goal: Goal) -> Result<Reply, CliError> {
    let progress = context.progress();
    let incident = session.run(key, goal, &progress).await?;
    drop(progress);
    let mut reply = stands(&session.service, &incident).await?;
    if reply.exit == 0 && incident.went_back() {
        reply.exit = 1;
    }
    Ok(reply)
}

/// The same, and waits meanwhile for what somebody else has to say.
pub async fn run_and_wait(context: &Context, session: &Session, key: &str) -> Result<Reply, CliError> {
    let progress = context.progress();
    let incident = session.run_and_wait(key, Goal::Close, &progress).await?;
    drop(progress);
    stands(&session.service, &incident).await
}

/// What was sent to the working clone instead of being done here; `None` if nothing was.
pub fn sent(session: &Session) -> Option<Reply> {
    let sent = session.sent();
    let id = &sent.first()?.incident;
    let mut text: String = sent.iter().map(|sent| format!("sent: {}\n", show::safe(&sent.what))).collect();
    text.push_str(&format!("the working clone of {id} takes it in; `hotfix status {id}` shows the answer\n"));
    Some(Reply::new(text, SentsView::of(&sent)))
}

/// The status of an incident whose steps were shown while they ran.
pub async fn stands(service: &Service, incident: &Incident) -> Result<Reply, CliError> {
    let next = service.next(incident).await?;
    let reply = Reply::new(show::standing(service, incident, &next), CaseView::of(incident, next));
    heard(service, incident, reply.with(incident.status)).await
}

/// The status of an incident with all its steps.
pub async fn whole(service: &Service, incident: &Incident) -> Result<Reply, CliError> {
    let next = service.next(incident).await?;
    Ok(Reply::new(show::incident(service, incident, &next), CaseView::of(incident, next)))
}

/// Exit status 3 instead of 0 where nobody could be told of the incident: a person has to do it.
pub async fn heard(service: &Service, incident: &Incident, mut reply: Reply) -> Result<Reply, CliError> {
    if service.is_unheard(incident) {
        let again = service.words(incident, &Next::Resume.into()).await?;
        anstream::eprintln!(
            "{}nobody was notified{}: tell them by another way; `{again}` tries again",
            show::BAD,
            show::PLAIN
        );
        if reply.exit == 0 {
            reply.exit = 3;
        }
    }
    Ok(reply)
}

/// Orders a deploy or rollback without an incident, and runs it.
pub async fn order(context: &Context, session: &Session, order: Order) -> Result<Reply, CliError> {
    let mut remarks = Vec::new();
    let ordered = session.order(order, &mut remarks).await?;
    show::warn(&remarks);
    run(context, session, &ordered.key, Goal::Close).await
}

/// The question to the person.
pub fn question(order: &Order) -> String {
    let runs = if order.previous.is_empty() { "nothing".to_owned() } else { format!("`{}`", order.previous) };
    show::safe(&format!("{}, where {runs} runs", order.title()))
}

pub fn nothing_to_do(reason: &str) -> Reply {
    Reply::new(format!("{}; nothing to do\n", show::safe(reason)), NothingToDo { nothing_to_do: reason.to_owned() })
}

/// Shows what each step would do; exit status 3 if one would be held.
pub fn planned(plan: PlanView) -> Reply {
    let mut text = String::new();
    for PlannedStep { step, actions, error } in &plan.plan {
        match (actions, error) {
            (Some(actions), _) => {
                let lines = actions.iter().map(|action| format!("{} {}", action.verb, action.object));
                let lines = lines.collect::<Vec<_>>().join("\n              ");
                text.push_str(&format!("{step:<14}{}\n", show_or_nothing(&lines)));
            }
            (None, error) => {
                let error = error.as_deref().unwrap_or_default();
                text.push_str(&format!("{step:<14}not known yet: {error}\n"));
            }
        }
    }
    if text.is_empty() {
        text.push_str("nothing is left to do\n");
    }
    let exit = if plan.is_held() { 3 } else { 0 };
    Reply { exit, ..Reply::new(text, plan) }
}

fn show_or_nothing(lines: &str) -> String {
    if lines.is_empty() { "nothing".to_owned() } else { lines.lines().map(show::safe).collect::<Vec<_>>().join("\n") }
}
