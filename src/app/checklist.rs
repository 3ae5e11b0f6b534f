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
        let lists = &self.service.config().checklist;
        let is_known = |item: &&String| lists.values().flatten().any(|known| known == *item);
        if let Some(item) = items.iter().find(|item| !is_known(item)) {
            return Err(AppError::NotOnAChecklist { item: item.clone() });
        }
        for item in items {
            self.record(key, Fact::Ticked { item: item.clone() }).await?;
        }
        self.service.incident(key).await
    }
}
