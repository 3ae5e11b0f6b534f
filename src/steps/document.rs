//! The documents of an incident: their paths, and how they are committed.
//!
//! They are committed on production's branch without touching anybody's work tree, so that everyone
//! finds them, however the incident went.

use jiff::Timestamp;

use super::Tools;
use crate::domain::incident::Incident;
use crate::domain::name;
use crate::domain::next::Next;
use crate::git::anchor;
use crate::git::project::{ProjectError, RefChange};
use crate::report;
use crate::report::changelog::{Entry, Kind};
use crate::report::document::{Account, Document};
use crate::workflow::journal::Journal;
use crate::workflow::step::StepError;

/// Returns the path of the incident's ticket in the repository: the one that it was declared with,
/// a file of the tracker's that begins with its identifier, or the configured one; `None` if the
/// profile keeps none.
pub async fn ticket_path(tools: &Tools, incident: &Incident, commit: &str) -> Result<Option<String>, StepError> {
    if let Some(path) = incident.declaration().and_then(|declaration| declaration.ticket.as_ref()) {
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

type Change = dyn Fn(Option<Vec<u8>>) -> Option<Vec<u8>> + Send + Sync;

/// A file on production's branch, and how it changes.
pub struct Piece {
    pub path: String,
    /// Returns the new content for the one that is there; `None` if it stays.
    change: Box<Change>,
}

impl Piece {
    pub fn new(
        path: impl Into<String>,
        change: impl Fn(Option<Vec<u8>>) -> Option<Vec<u8>> + Send + Sync + 'static,
    ) -> Piece {
        Piece { path: path.into(), change: Box::new(change) }
    }

    /// Adds a file with `text` where there is none.
    pub fn added(path: impl Into<String>, text: String) -> Piece {
        Piece::new(path, move |existing| existing.is_none().then(|| text.clone().into_bytes()))
    }
}

/// Returns the files of production's branch, at `tip`, that change by `pieces`.
pub async fn changed(tools: &Tools, tip: &str, pieces: &[Piece]) -> Result<Vec<(String, Vec<u8>)>, StepError> {
    let mut files = Vec::new();
    for piece in pieces {
        if let Some(content) = (piece.change)(tools.project.file(tip, &piece.path).await?) {
            files.push((piece.path.clone(), content));
        }
    }
    Ok(files)
}

/// Makes one commit of `pieces` on production's branch, pushes it, and returns the branch's tip. If none of them
/// changes anything there is nothing to commit.
pub async fn publish(tools: &Tools, message: &str, pieces: &[Piece]) -> Result<String, StepError> {
    let project = &tools.project;
    let production = &tools.config.git.production;
    for _ in 0..10 {
        tools.fetch().await?;
        let tip = project.remote_branch(production).await?;
        let files = changed(tools, &tip, pieces).await?;
        if files.is_empty() {
            return Ok(tip);
        }
        let commit = project.commit_files(&[&tip], &files, message).await?;
        match project.push(&[RefChange::advance(format!("refs/heads/{production}"), &tip, &commit)]).await {
            Ok(()) => return Ok(commit),
            Err(ProjectError::Stale { .. }) => {}
            Err(error @ ProjectError::Refused { .. }) => {
                let hint = Next::by_hand(format!("let `{production}` be pushed to")).then(Next::Resume);
                let paths: Vec<_> = files.iter().map(|(path, _)| format!("`{path}`")).collect();
                return Err(StepError::failed(format!("{}: {error}", paths.join(", ")), hint));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(StepError::failed("production's branch moved during 10 attempts in a row", Next::Resume))
}

/// Returns the content of `path` on production's branch, and the branch's tip.
pub async fn published(tools: &Tools, path: &str) -> Result<Option<(Vec<u8>, String)>, StepError> {
    tools.fetch().await?;
    let tip = tools.project.remote_branch(&tools.config.git.production).await?;
    Ok(tools.project.file(&tip, path).await?.map(|content| (content, tip)))
}

/// Returns `document` about the incident, from the current journal.
pub async fn write(tools: &Tools, incident: &Incident, document: Document) -> Result<String, StepError> {
    let events = tools.store.events(&incident.key).await?;
    let allowance = tools.config.allowance(incident.severity);
    Ok(document.write(&tools.templates, Account { incident, events: &events, allowance: &allowance })?)
}

/// Whether `text` ends in a resolution of this incident: it names a head of its journal.
pub async fn is_resolved(tools: &Tools, incident: &Incident, text: &str) -> Result<bool, StepError> {
    let Some(anchor) = anchor::parse(text, "") else { return Ok(false) };
    let events = tools.store.events(&incident.key).await?;
    Ok(events.iter().any(|event| event.seq == anchor.seq && event.digest == anchor.digest))
}

/// The entry of the release `tag` in the changelog `path`, which is added once.
pub fn entry(path: impl Into<String>, incident: &Incident, tag: &str, at: Timestamp) -> Piece {
    let line = format!("{} ({})", name::line(&incident.title(), 200), incident.id);
    let date = at.strftime("%Y-%m-%d").to_string();
    let version = tag.strip_prefix('v').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit())).unwrap_or(tag);
    let version = version.to_owned();
    Piece::new(path, move |existing| {
        let existing = existing.map(|text| String::from_utf8_lossy(&text).into_owned()).unwrap_or_default();
        let entry = Entry { version: &version, date: &date, kind: Kind::Fixed, line: &line };
        let text = report::changelog::changelog(&existing, entry);
        (text != existing).then(|| text.into_bytes())
    })
}
