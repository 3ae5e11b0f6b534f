//! What comes next for a case, in the words of every face.

use super::error::AppError;
use super::service::Service;
use super::view::lease::LeaseView;
use super::view::next::NextView;
use crate::domain::incident::Incident;
use crate::domain::next::{Hint, Next};
use crate::report::next;

impl Service {
    /// What comes next for the incident or order, and who works on it.
    pub async fn next(&self, incident: &Incident) -> Result<NextView, AppError> {
        let roles = self.config().roles(incident.severity);
        let hint = next::next(incident, roles);
        let mut view = self.next_view(incident, hint, next::approvals_wanted(incident, roles)).await?;
        if let Some(working) = self.working(incident).await? {
            if next::is_under_way(incident) {
                let since = working.since.strftime("%Y-%m-%d %H:%M UTC");
                let wait = Next::wait_for(format!("{}, at work since {since}", working.holder));
                view.next = Some(self.words(incident, &wait.clone().into()).await?);
                view.next_action = Some(wait.into());
            }
            view.working = Some(working);
        }
        Ok(view)
    }

    /// Returns `hint` for people; each command names the incident or order where more than one is open.
    pub async fn words(&self, incident: &Incident, hint: &Hint) -> Result<String, AppError> {
        let several = self.open_cases().await?.len() > 1;
        Ok(next::text(incident, hint, several))
    }

    /// The same as [`Service::next`] with a known `hint`, of a case that nobody works on.
    pub(super) async fn next_view(
        &self,
        incident: &Incident,
        hint: Option<Hint>,
        approvals_wanted: Option<Vec<String>>,
    ) -> Result<NextView, AppError> {
        let next = match &hint {
            Some(hint) => Some(self.words(incident, hint).await?),
            None => None,
        };
        Ok(NextView { next, next_action: hint, working: None, approvals_wanted })
    }

    /// The process that holds the incident's lease; `None` if it is seen to be dead.
    async fn working(&self, incident: &Incident) -> Result<Option<LeaseView>, AppError> {
        let name = format!("incident/{}", incident.key);
        let held = self.tools.store.leases().await?.into_iter().find(|held| held.name == name);
        Ok(held.filter(|held| !held.is_dead()).map(LeaseView::from))
    }
}
