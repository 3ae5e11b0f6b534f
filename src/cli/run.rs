//! What the commands that work an incident off have in common.

use serde_json::{Value, json};

use super::Context;
use super::error::CliError;
use super::reply::Reply;
use super::show;
use crate::app::App;
use crate::workflow::engine::Until;

/// Runs the incident on and tells where it stands then.
pub async fn run(context: &Context, app: &App, key: &str, until: Until<'_>) -> Result<Reply, CliError> {
    let progress = context.progress();
    let incident = app.run(key, until, &progress).await?;
    drop(progress);
    Ok(Reply::new(show::standing(app, &incident), show::json(&incident)).with(incident.status))
}

/// Tells what a run would do, and does nothing.
pub async fn plan(app: &App, key: &str) -> Result<Reply, CliError> {
    let steps = app.actions(key).await?;
    let mut text = String::new();
    let mut planned: Vec<Value> = Vec::new();
    for (step, actions) in steps {
        match actions {
            Ok(actions) => {
                let words = actions.iter().map(|action| format!("{} {}", action.verb, action.object));
                let words = words.collect::<Vec<_>>().join("\n              ");
                text.push_str(&format!("{step:<14}{}\n", show_or_nothing(&words)));
                planned.push(json!({ "step": step, "actions": actions }));
            }
            Err(error) => {
                text.push_str(&format!("{step:<14}can't be told yet: {}\n", error.message));
                planned.push(json!({ "step": step, "actions": null, "error": error.message }));
            }
        }
    }
    if text.is_empty() {
        text.push_str("nothing is left to be done\n");
    }
    Ok(Reply::new(text, json!({ "plan": planned })))
}

fn show_or_nothing(words: &str) -> String {
    if words.is_empty() { "nothing".to_owned() } else { words.lines().map(show::safe).collect::<Vec<_>>().join("\n") }
}
