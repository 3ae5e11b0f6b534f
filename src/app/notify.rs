//! Where notices go: which are outstanding, and whether a destination can be reached.

use super::error::AppError;
use super::service::Service;
use super::session::Session;
use super::view::notify::{NoticesView, PendingView, TestedView, TriedView};
use crate::domain::name;

/// How many of the newest incidents are looked through.
const LATELY: u32 = 100;

impl Service {
    /// Returns every notice that did not arrive, of the open incidents and of the newest that are over.
    pub async fn outstanding_notices(&self) -> Result<NoticesView, AppError> {
        let mut pending = Vec::new();
        for summary in self.tools.store.newest(LATELY).await? {
            let incident = self.incident(&summary.key).await?;
            let outstanding = self.outbox.outstanding(&incident, self.now());
            pending.extend(outstanding.into_iter().map(|one| PendingView::of(&incident, one)));
        }
        pending.sort_by_key(|one| one.since);
        Ok(NoticesView { pending })
    }
}

impl Session {
    /// Sends a notice about no incident to the destinations called `names`, to all if none is named, and returns
    /// what came back.
    ///
    /// Fails if there is no destination of a name, or none at all.
    pub async fn test_notices(&self, names: &[String]) -> Result<TestedView, AppError> {
        let notify = &self.service.config().notify;
        let known = || notify.iter().map(|destination| destination.name.as_str());
        if let Some(unknown) = names.iter().find(|name| !known().any(|known| known == name.as_str())) {
            let nearest = name::nearest(unknown, known());
            return Err(AppError::NoDestination { name: name::line(unknown, 80), nearest });
        }
        if notify.is_empty() {
            return Err(AppError::NoDestinations);
        }
        let chosen = known().filter(|known| names.is_empty() || names.iter().any(|name| name == known));
        let mut tried = Vec::new();
        for destination in chosen {
            let ended = self.service.outbox.test(destination, &self.actor.name, self.service.now()).await;
            tried.push(TriedView::of(destination, ended));
        }
        Ok(TestedView { tried })
    }
}
