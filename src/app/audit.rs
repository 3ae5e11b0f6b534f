//! Was the journal tampered with?

use super::error::AppError;
use super::service::Service;
use crate::domain::audit::{self, Break};
use crate::domain::production::Release;
use crate::domain::resolution::Close;
use crate::git::anchor;
use crate::git::project::ProjectError;
use crate::store::backport_records::PREFIX;
use crate::workflow::journal::fold;

impl Service {
    /// The keys of all journals of the service, the oldest first.
    pub async fn keys(&self) -> Result<Vec<String>, AppError> {
        Ok(self.tools.store.keys().await?)
    }

    /// Returns every place where the incident's journal differs from what was written, and the anchors
    /// outside the database that it was compared with.
    pub async fn audit(&self, key: &str) -> Result<(Vec<Break>, Vec<audit::Anchor>), AppError> {
        let events = self.events(key).await?;
        let project = &self.tools.project;
        let mut anchors = Vec::new();
        // A fold fails if the events do not fit together; the chain is checked anyway.
        let incident = fold(&events).ok().flatten();
        let id = incident.as_ref().map_or(key, |incident| incident.id.as_str()).to_owned();
        let id = id.as_str();
        if project.has_remote().await? {
            anchors.extend(project.anchors(id).await?);
        }
        for release in incident.iter().flat_map(|incident| incident.details::<Release>()) {
            let message = project.git.run(["tag", "--list", "--format=%(contents)", &release.tag]).await;
            let message = message.map_err(ProjectError::from)?;
            anchors.extend(anchor::parse(&message, &format!("tag `{}`", release.tag)));
        }
        if let Some(path) = incident.and_then(|incident| incident.detail::<Close>()).and_then(|close| close.ticket) {
            let tip = project.remote_branch(&self.config().git.production).await?;
            let ticket = project.file(&tip, &path).await?.unwrap_or_default();
            let ticket = String::from_utf8_lossy(&ticket).into_owned();
            // The last anchor in a ticket of several incidents may be another incident's.
            anchors.extend(anchor::parse(&ticket, &format!("`{path}`")).filter(|_| ticket.contains(id)));
        }
        Ok((audit::verify(&events, &anchors), anchors))
    }

    /// Returns the incidents whose head this clone has anchored on the remote and that are missing in the
    /// journal.
    pub async fn lost(&self) -> Result<Vec<String>, AppError> {
        let mut lost = Vec::new();
        for id in self.tools.project.anchored().await? {
            if self.tools.store.find_incident(&id).await?.is_none() && self.events(&id).await?.is_empty() {
                lost.push(id);
            }
        }
        Ok(lost)
    }
}

/// Whether the journal with this key is that of a backport, not of an incident.
pub fn is_backport(key: &str) -> bool {
    key.starts_with(PREFIX)
}
