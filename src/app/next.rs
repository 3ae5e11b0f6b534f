//! What comes next for a case, in the words of every face.

use super::error::AppError;
use super::service::Service;
use super::view::next::NextView;
use crate::domain::incident::Incident;
use crate::domain::next::Hint;
use crate::report::next;

impl Service {
    /// What comes next for the incident or order.
    pub async fn next(&self, incident: &Incident) -> Result<NextView, AppError> {
        self.next_view(incident, next::next(incident, &[])).await
    }

    /// Returns `hint` for people; each command names the incident or order where more than one is open.
    pub async fn words(&self, incident: &Incident, hint: &Hint) -> Result<String, AppError> {
        let several = self.open_cases().await?.len() > 1;
        Ok(next::text(incident, hint, several))
    }

    pub(super) async fn next_view(&self, incident: &Incident, hint: Option<Hint>) -> Result<NextView, AppError> {
        let next = match &hint {
            Some(hint) => Some(self.words(incident, hint).await?),
            None => None,
        };
        Ok(NextView { next, next_action: hint })
    }
}
