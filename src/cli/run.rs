//! What the commands that work an incident off have in common.

use super::Context;
use super::error::CliError;
use super::reply::Reply;
use super::show;
use crate::app::service::Service;
use crate::app::session::{Goal, Session};
use crate::app::view::case::CaseView;
use crate::app::view::plan::{NothingToDo, PlanView, PlannedStep};
use crate::domain::incident::Incident;
use crate::domain::order::Order;

/// Runs the incident on and tells where it stands then. A deploy that ended with the release before
/// it has failed.
pub async fn run(context: &Context, session: &Session, key: &str, goal: Goal) -> Result<Reply, CliError> {
    let progress = context.progress();
    let incident = session.run(key, goal, &progress).await?;
    drop(progress);
    let mut reply = stands(&session.service, &incident);
    if reply.exit == 0 && incident.went_back() {
        reply.exit = 1;
    }
    Ok(reply)
}

/// Where an incident stands after its steps were shown as they went.
pub fn stands(service: &Service, incident: &Incident) -> Reply {
    Reply::new(show::standing(service, incident), CaseView::of(incident)).with(incident.status)
}

/// Orders a deploy or rollback without an incident, and works it off.
pub async fn order(context: &Context, session: &Session, order: Order) -> Result<Reply, CliError> {
    let mut remarks = Vec::new();
    let ordered = session.order(order, &mut remarks).await?;
    show::warn(&remarks);
    run(context, session, &ordered.key, Goal::Close).await
}

/// What a person is asked to agree to.
pub fn question(order: &Order) -> String {
    let runs = if order.previous.is_empty() { "nothing".to_owned() } else { format!("`{}`", order.previous) };
    show::safe(&format!("{}, where {runs} runs", order.title()))
}

pub fn nothing_to_do(reason: &str) -> Reply {
    Reply::new(format!("{}; nothing to do\n", show::safe(reason)), NothingToDo { nothing_to_do: reason.to_owned() })
}

/// Tells of each step what it would do.
pub fn planned(plan: PlanView) -> Reply {
    let mut text = String::new();
    for PlannedStep { step, actions, error } in &plan.plan {
        match (actions, error) {
            (Some(actions), _) => {
                let words = actions.iter().map(|action| format!("{} {}", action.verb, action.object));
                let words = words.collect::<Vec<_>>().join("\n              ");
                text.push_str(&format!("{step:<14}{}\n", show_or_nothing(&words)));
            }
            (None, error) => {
                let error = error.as_deref().unwrap_or_default();
                text.push_str(&format!("{step:<14}can't be told yet: {error}\n"));
            }
        }
    }
    if text.is_empty() {
        text.push_str("nothing is left to be done\n");
    }
    Reply::new(text, plan)
}

fn show_or_nothing(words: &str) -> String {
    if words.is_empty() { "nothing".to_owned() } else { words.lines().map(show::safe).collect::<Vec<_>>().join("\n") }
}
