//! The documents of an incident: where they lie, and how they get there.
//!
//! They are committed on production's branch without touching anybody's work tree, so that they are
//! where everyone looks, however the incident went.

use super::{Tools, short};
use crate::domain::incident::Incident;
use crate::git::project::{ProjectError, RefChange};
use crate::workflow::step::StepError;

/// Returns the path of the incident's ticket in the repository: the one that it was declared with,
/// a file of the tracker's that begins with its identifier, or the configured one; `None` where the
/// profile keeps none.
pub async fn ticket_path(tools: &Tools, incident: &Incident, commit: &str) -> Result<Option<String>, StepError> {
    if let Some(path) = &incident.declaration.ticket {
        return Ok(Some(path.clone()));
    }
    if tools.config.ticket.path.is_empty() {
        return Ok(None);
    }
    let path = tools.fill(&tools.config.ticket.path, incident)?;
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let place = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    let there = tools.project.git.run(["ls-tree", "--name-only", commit, &place]).await?;
    let own = format!("{place}{}-", incident.id);
    let found = there.lines().find(|file| file.starts_with(&own) && file.ends_with(".md"));
    Ok(Some(found.map_or(path, str::to_owned)))
}

/// Commits `path` with what `change` makes of its content on production's branch, pushes it, and
/// returns the branch's tip. Where `change` gives `None` there is nothing to commit.
pub async fn publish(
    tools: &Tools,
    message: &str,
    change: impl Fn(Option<Vec<u8>>) -> Option<Vec<u8>>,
    path: &str,
) -> Result<String, StepError> {
    let project = &tools.project;
    let production = &tools.config.git.production;
    for _ in 0..10 {
        project.fetch().await?;
        let tip = project.remote_branch(production).await?;
        let Some(content) = change(project.file(&tip, path).await?) else { return Ok(tip) };
        let commit = project.commit_files(&[&tip], &[(path.to_owned(), content)], message).await?;
        match project.push(&[RefChange::advance(format!("refs/heads/{production}"), &tip, &commit)]).await {
            Ok(()) => return Ok(commit),
            Err(ProjectError::Stale { .. }) => {}
            Err(error @ ProjectError::Refused { .. }) => {
                let hint = format!("let `{production}` be pushed to, then `hotfix resume`");
                return Err(StepError::failed(format!("`{path}`: {error}"), hint));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(StepError::failed("production's branch moved during 10 attempts in a row", "hotfix resume"))
}

/// Returns the content of `path` on production's branch, and the branch's tip.
pub async fn published(tools: &Tools, path: &str) -> Result<Option<(Vec<u8>, String)>, StepError> {
    tools.project.fetch().await?;
    let tip = tools.project.remote_branch(&tools.config.git.production).await?;
    Ok(tools.project.file(&tip, path).await?.map(|content| (content, tip)))
}

pub fn ticket(tools: &Tools, incident: &Incident) -> Result<String, StepError> {
    let _ = tools;
    Ok(format!("# {}\n", incident.id))
}
pub fn resolution(tools: &Tools, incident: &Incident, now: jiff::Timestamp) -> Result<String, StepError> {
    let _ = (tools, now, short(""));
    Ok(format!("## Resolution\n\n{}\n", resolution_marker(incident)))
}
pub fn resolution_marker(incident: &Incident) -> String {
    format!("<!-- hotfix: resolution of {} -->", incident.key)
}
pub fn changelog(existing: &[u8], incident: &Incident, tag: &str) -> Option<Vec<u8>> {
    let text = String::from_utf8_lossy(existing).into_owned();
    let line = format!("- {} {tag}\n", incident.id);
    (!text.contains(&line)).then(|| format!("{text}{line}").into_bytes())
}
pub fn follow_up(tools: &Tools, incident: &Incident) -> Result<String, StepError> {
    let _ = tools;
    Ok(format!("# The full fix of {}\n", incident.id))
}
pub async fn post_mortem(tools: &Tools, incident: &Incident, due: jiff::Timestamp) -> Result<String, StepError> {
    let _ = (tools, due);
    Ok(format!("# Post-mortem of {}\n", incident.id))
}
