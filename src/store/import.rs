//! Journals that were written elsewhere, imported unchanged.

use super::{Store, failure, not_written};
use crate::domain::event::{Event, Fact};
use crate::workflow::journal::{JournalError, apply};

impl Store {
    /// Writes whole journals, each event with its digest, and what lists show of them.
    ///
    /// Fails, and writes nothing, if an event already exists or may not follow the one before.
    pub async fn import(&self, journals: &[Vec<Event>]) -> Result<(), JournalError> {
        let mut tx = self.pool.begin().await.map_err(|error| failure("written", &error))?;
        for journal in journals {
            let mut incident = None;
            for event in journal {
                let written = |error| not_written(event, &error);
                self.insert(event, None, &mut tx).await.map_err(written)?;
                // A backport's chain has no incident.
                if matches!(event.fact, Fact::BackportRecorded { .. }) {
                    continue;
                }
                let after = apply(incident, event)?;
                self.show_release(event, &after, &mut tx).await.map_err(written)?;
                incident = Some(after);
            }
            if let Some(incident) = &incident {
                self.show(incident, &mut tx).await.map_err(|error| failure("written", &error))?;
            }
        }
        tx.commit().await.map_err(|error| failure("written", &error))
    }
}
