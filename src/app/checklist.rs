//! Ticking the items of checklists.

use super::error::AppError;
use super::session::Session;
use crate::domain::event::Fact;
use crate::domain::incident::Incident;

impl Session {
    /// Ticks items of the configured checklists, by their text.
    ///
    /// Fails, and ticks nothing, if no checklist has one of them.
    pub async fn tick(&self, key: &str, items: &[String]) -> Result<Incident, AppError> {
        items.iter().try_for_each(|item| self.may_tick(item))?;
        let mut incident = self.service.incident(key).await?;
        for item in items {
            incident = self.say(&incident, Fact::Ticked { item: item.clone() }).await?;
        }
        Ok(incident)
    }

    /// Fails if no checklist has the item.
    pub(super) fn may_tick(&self, item: &str) -> Result<(), AppError> {
        match self.service.config().checklist.values().flatten().any(|known| known == item) {
            true => Ok(()),
            false => Err(AppError::NotOnAChecklist { item: item.to_owned() }),
        }
    }
}
