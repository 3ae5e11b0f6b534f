//! What the commands that work an incident off have in common.

use super::Context;
use super::error::CliError;
use super::reply::Reply;
use super::show;
use crate::app::App;
use crate::app::view::case::CaseView;
use crate::app::view::plan::{NothingToDo, PlanView};
use crate::domain::incident::Incident;
use crate::domain::order::Order;
use crate::domain::step_name::StepName;
use crate::workflow::engine::Until;
use crate::workflow::step::{Action, StepError};

/// Runs the incident on and tells where it stands then. A deploy that ended with the release before
/// it has failed.
pub async fn run(context: &Context, app: &App, key: &str, until: Until) -> Result<Reply, CliError> {
    let (incident, mut reply) = work(context, app, key, until).await?;
    if reply.exit == 0 && incident.went_back() {
        reply.exit = 1;
    }
    Ok(reply)
}

/// The same where the release before is what was asked for.
pub async fn run_back(context: &Context, app: &App, key: &str, until: Until) -> Result<Reply, CliError> {
    Ok(work(context, app, key, until).await?.1)
}

async fn work(context: &Context, app: &App, key: &str, until: Until) -> Result<(Incident, Reply), CliError> {
    let progress = context.progress();
    let incident = app.run(key, until, &progress).await?;
    drop(progress);
    let reply = Reply::new(show::standing(app, &incident), CaseView::of(&incident)).with(incident.status);
    Ok((incident, reply))
}

/// Orders a deploy or rollback without an incident, and works it off.
pub async fn order(context: &Context, app: &App, order: Order) -> Result<Reply, CliError> {
    let mut remarks = Vec::new();
    let ordered = app.order(order, &mut remarks).await?;
    show::warn(&remarks);
    run(context, app, &ordered.key, Until::Closed).await
}

/// What a person is asked to agree to.
pub fn question(order: &Order) -> String {
    let runs = if order.previous.is_empty() { "nothing".to_owned() } else { format!("`{}`", order.previous) };
    show::safe(&format!("{}, where {runs} runs", order.title()))
}

pub fn nothing_to_do(reason: &str) -> Reply {
    Reply::new(format!("{}; nothing to do\n", show::safe(reason)), NothingToDo { nothing_to_do: reason.to_owned() })
}

/// Tells what a run would do, and does nothing.
pub async fn plan(app: &App, key: &str) -> Result<Reply, CliError> {
    Ok(planned(app.actions(key).await?))
}

/// Tells of each step what it would do.
pub fn planned(steps: Vec<(StepName, Result<Vec<Action>, StepError>)>) -> Reply {
    let mut text = String::new();
    for (step, actions) in &steps {
        match actions {
            Ok(actions) => {
                let words = actions.iter().map(|action| format!("{} {}", action.verb, action.object));
                let words = words.collect::<Vec<_>>().join("\n              ");
                text.push_str(&format!("{step:<14}{}\n", show_or_nothing(&words)));
            }
            Err(error) => text.push_str(&format!("{step:<14}can't be told yet: {}\n", error.message)),
        }
    }
    if text.is_empty() {
        text.push_str("nothing is left to be done\n");
    }
    Reply::new(text, PlanView::of(&steps))
}

fn show_or_nothing(words: &str) -> String {
    if words.is_empty() { "nothing".to_owned() } else { words.lines().map(show::safe).collect::<Vec<_>>().join("\n") }
}
