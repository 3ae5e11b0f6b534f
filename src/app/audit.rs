//! Was the journal tampered with?

use super::error::AppError;
use super::service::Service;
use super::signatures::Signatures;
use super::view::audit::{AuditedJournal, Elsewhere};
use crate::domain::audit::{self, Anchor, Retreat};
use crate::domain::incident::Incident;
use crate::domain::production::Release;
use crate::domain::resolution::Close;
use crate::git::anchor::{self, Anchored};
use crate::git::project::ProjectError;
use crate::workflow::derived::{self, Difference, Log};
use crate::workflow::journal::{Journal, JournalError, fold};

/// What there is outside the database to compare the journals with.
#[derive(Debug, Default)]
pub struct Outside {
    /// Anchors that did not only move forward.
    pub retreats: Vec<Retreat>,
    /// Why the remote could not be asked: what was seen of it last is used.
    pub unreachable: Option<String>,
}

/// What is wrong with the lists, and the journals that are anchored and not here.
#[derive(Debug, Default)]
pub struct Whole {
    pub differences: Vec<Difference>,
    /// Written by this store, and gone.
    pub missing: Vec<String>,
    pub elsewhere: Vec<Elsewhere>,
}

impl Service {
    /// The keys of all journals of the service, the oldest first.
    pub async fn keys(&self) -> Result<Vec<String>, AppError> {
        Ok(self.tools.store.keys().await?)
    }

    /// Asks the remote for its anchors, those whose name begins with `prefix`.
    pub async fn ask_for_anchors(&self, prefix: &str) -> Result<Outside, AppError> {
        let project = &self.tools.project;
        if !project.has_remote().await? {
            return Ok(Outside::default());
        }
        match project.follow_anchors(prefix).await {
            Ok(retreats) => Ok(Outside { retreats, unreachable: None }),
            Err(error @ ProjectError::Unreachable { .. }) => {
                Ok(Outside { retreats: Vec::new(), unreachable: Some(error.to_string()) })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Returns every place where the journal differs from what was written, and the anchors outside the
    /// database that it was compared with.
    pub async fn audit(&self, key: &str) -> Result<AuditedJournal, AppError> {
        let mut audited = AuditedJournal { incident: key.to_owned(), ..AuditedJournal::default() };
        let events = match self.tools.store.events(key).await {
            Ok(events) => events,
            Err(error @ (JournalError::Unreadable { .. } | JournalError::Newer { .. })) => {
                audited.unreadable = Some(error.to_string());
                return Ok(audited);
            }
            Err(error) => return Err(error.into()),
        };
        // A fold fails if the events do not fit together; the chain is checked anyway.
        let incident = fold(&events).ok().flatten();
        audited.anchors = self.anchors_of(key, incident.as_ref()).await?;
        // Another store may have continued a journal that was imported from there.
        let (own, last) = (self.tools.store.identity().await?, events.last().map_or(0, |last| last.seq));
        let counts = |anchor: &&Anchor| anchor.seq <= last || anchor.store.is_empty() || anchor.store == own;
        let anchors: Vec<Anchor> = audited.anchors.iter().filter(counts).cloned().collect();
        audited.breaks = audit::verify(&events, &anchors);
        let Signatures { hold, unproven } = self.signatures(&events).await?;
        (audited.signatures, audited.unproven) = (hold, unproven);
        Ok(audited)
    }

    async fn anchors_of(&self, key: &str, incident: Option<&Incident>) -> Result<Vec<Anchor>, AppError> {
        let project = &self.tools.project;
        let id = incident.map_or(key, |incident| incident.id.as_str());
        let mut anchors = project.anchors(id).await?;
        for release in incident.iter().flat_map(|incident| incident.details::<Release>()) {
            let message = project.git.run(["tag", "--list", "--format=%(contents)", &release.tag]).await;
            let message = message.map_err(ProjectError::from)?;
            anchors.extend(anchor::parse(&message, &format!("tag `{}`", release.tag)));
        }
        let close = incident.and_then(|incident| incident.detail::<Close>());
        if let Some(path) = close.and_then(|close| close.ticket)
            && let Ok(tip) = project.remote_branch(&self.config().git.production).await
        {
            let ticket = project.file(&tip, &path).await?.unwrap_or_default();
            let ticket = String::from_utf8_lossy(&ticket).into_owned();
            // The last anchor in a ticket of several incidents may be another incident's.
            anchors.extend(anchor::parse(&ticket, &format!("`{path}`")).filter(|_| ticket.contains(id)));
        }
        Ok(anchors)
    }

    /// Compares the lists with all journals, and the journals with all anchors that this clone has seen.
    pub async fn audit_whole(&self, keys: &[String]) -> Result<Whole, AppError> {
        let store = &self.tools.store;
        let (mut log, mut incidents, mut unread) = (Log::default(), Vec::new(), Vec::new());
        for key in keys {
            match store.events(key).await {
                Ok(events) => match log.add(&events) {
                    Ok(incident) => incidents.extend(incident),
                    Err(_) => unread.push(key.clone()),
                },
                Err(JournalError::Unreadable { .. } | JournalError::Newer { .. }) => unread.push(key.clone()),
                Err(error) => return Err(error.into()),
            }
        }
        let mut whole = Whole {
            differences: derived::differences(&store.all_incidents().await?, &incidents, &unread),
            ..Whole::default()
        };
        whole.differences.extend(log.differences(&store.all_releases().await?, &unread));
        let own = store.identity().await?;
        for Anchored { id, store } in self.tools.project.anchored().await? {
            let is_here = keys.contains(&id) || incidents.iter().any(|incident| incident.id == id);
            match (is_here, store == own) {
                (true, _) => {}
                (false, true) => whole.missing.push(id),
                (false, false) => whole.elsewhere.push(Elsewhere { id, store }),
            }
        }
        Ok(whole)
    }
}
