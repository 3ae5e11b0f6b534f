//! Journals that were written elsewhere, imported unchanged.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{Any, Row, Transaction};

use super::{Store, failure, not_written};
use crate::domain::event::{Event, Fact};
use crate::workflow::journal::{JournalError, apply, fold};

impl Store {
    /// Writes whole journals, each event with its digest, and what lists show of them. Returns the keys of
    /// those that have events that were not here yet.
    ///
    /// Fails, and writes nothing, with [`JournalError::Differs`] if the journal is here with other events,
    /// and if an event may not follow the one before.
    pub async fn import(&self, journals: &[Vec<Event>]) -> Result<Vec<String>, JournalError> {
        let tx = self.pool.begin().await.map_err(|error| failure("written", &error))?;
        self.import_in(journals, tx).await
    }

    /// Writes a whole journal in place of this store's own, as another store has continued it. Returns how many events
    /// of this store are not in it; those are put on the shelf.
    pub async fn continue_from(&self, journal: &[Event]) -> Result<u64, JournalError> {
        let Some(key) = journal.first().map(|event| event.incident.as_str()) else { return Ok(0) };
        let written = |error: sqlx::Error| failure("written", &error);
        let mut tx = self.pool.begin().await.map_err(written)?;
        let shelved = self.shelve(key, journal, &mut tx).await.map_err(written)?;
        if shelved > 0 {
            let known = self.count_in(key, journal, &mut tx).await?;
            let mut before = None;
            for event in &journal[..known] {
                let after = apply(before, event)?;
                self.show_release(event, &after, &mut tx).await.map_err(written)?;
                before = Some(after);
            }
            if let Some(incident) = &before {
                self.show(incident, &mut tx).await.map_err(written)?;
            }
        }
        self.import_in(&[journal.to_vec()], tx).await?;
        Ok(shelved)
    }

    async fn import_in(
        &self,
        journals: &[Vec<Event>],
        mut tx: Transaction<'_, Any>,
    ) -> Result<Vec<String>, JournalError> {
        let (mut incidents, mut events, mut imported) = (BTreeMap::new(), Vec::new(), BTreeSet::new());
        for journal in journals {
            let Some(key) = journal.first().map(|event| event.incident.as_str()) else { continue };
            let known = self.count_in(key, journal, &mut tx).await?;
            if known > 0 && !is_chain_of_its_own(journal) {
                incidents.extend(fold(&journal[..known])?.map(|incident| (key, incident)));
            }
            events.extend(&journal[known..]);
        }
        // A rollback of one incident judges the releases that others deployed before it.
        events.sort_by_key(|event| event.at);
        for event in events {
            let written = |error| not_written(event, &error);
            self.insert(event, None, &mut tx).await.map_err(written)?;
            imported.insert(event.incident.clone());
            if matches!(event.fact, Fact::BackportRecorded { .. }) {
                continue;
            }
            let after = apply(incidents.remove(event.incident.as_str()), event)?;
            self.show_release(event, &after, &mut tx).await.map_err(written)?;
            incidents.insert(&event.incident, after);
        }
        for incident in incidents.values() {
            self.show(incident, &mut tx).await.map_err(|error| failure("written", &error))?;
        }
        tx.commit().await.map_err(|error| failure("written", &error))?;
        Ok(imported.into_iter().collect())
    }

    /// How many of a journal's events are here already, which is all that is here of it or more.
    async fn count_in(
        &self,
        key: &str,
        journal: &[Event],
        tx: &mut Transaction<'_, Any>,
    ) -> Result<usize, JournalError> {
        let query = "select digest from event where service = $1 and incident = $2 order by seq";
        let rows = sqlx::query(query).bind(self.service).bind(key).fetch_all(&mut **tx).await;
        let rows = rows.map_err(|error| failure("read", &error))?;
        let mut here = rows.iter().map(|row| row.get::<String, _>(0)).zip(journal).zip(1..);
        match here.find(|((digest, event), _)| *digest != event.digest) {
            Some((_, seq)) => Err(JournalError::Differs { key: key.to_owned(), seq }),
            None => Ok(rows.len().min(journal.len())),
        }
    }
}

/// A backport's chain has no incident.
fn is_chain_of_its_own(journal: &[Event]) -> bool {
    journal.iter().any(|event| matches!(event.fact, Fact::BackportRecorded { .. }))
}
