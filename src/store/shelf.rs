//! Events that this store wrote, and that are not in the journal as another store continued it. They are kept, and
//! no longer part of the journal.

use sqlx::{Any, Row, Transaction};

use super::{Store, failure};
use crate::domain::event::Event;
use crate::workflow::journal::JournalError;

impl Store {
    /// How many of this store's events of a journal are not in `events`, the journal as another store has it.
    pub async fn differing(&self, key: &str, events: &[Event]) -> Result<i64, JournalError> {
        let query = "select seq, digest from event where service = $1 and incident = $2 order by seq";
        let rows = sqlx::query(query).bind(self.service).bind(key).fetch_all(&self.pool).await;
        let rows = rows.map_err(|error| failure("read", &error))?;
        let same = |(row, event): &(&sqlx::any::AnyRow, &Event)| row.get::<String, _>(1) == event.digest;
        let common = rows.iter().zip(events).take_while(same).count();
        Ok((rows.len() - common) as i64)
    }

    /// Whether this store has exactly this event.
    pub async fn has_event(&self, key: &str, seq: i64, digest: &str) -> Result<bool, JournalError> {
        let query = "select 1 from event where service = $1 and incident = $2 and seq = $3 and digest = $4";
        let found = sqlx::query(query).bind(self.service).bind(key).bind(seq).bind(digest);
        let found = found.fetch_optional(&self.pool).await.map_err(|error| failure("read", &error))?;
        Ok(found.is_some())
    }

    /// Puts this store's events of a journal that are not in `events` on the shelf, and takes them out of the
    /// journal. Returns how many there were.
    pub(super) async fn shelve(
        &self,
        key: &str,
        events: &[Event],
        tx: &mut Transaction<'_, Any>,
    ) -> Result<u64, sqlx::Error> {
        let query = "select seq, digest from event where service = $1 and incident = $2 order by seq";
        let rows = sqlx::query(query).bind(self.service).bind(key).fetch_all(&mut **tx).await?;
        let same = |(row, event): &(&sqlx::any::AnyRow, &Event)| row.get::<String, _>(1) == event.digest;
        let common = rows.iter().zip(events).take_while(same).count();
        let Some(first) = rows.get(common).map(|row| row.get::<i64, _>(0)) else { return Ok(0) };
        sqlx::query(
            "insert into shelved (service, incident, seq, at, actor, proof, fact, previous, digest)
             select service, incident, seq, at, actor, proof, fact, previous, digest from event
             where service = $1 and incident = $2 and seq >= $3 on conflict do nothing",
        )
        .bind(self.service)
        .bind(key)
        .bind(first)
        .execute(&mut **tx)
        .await?;
        let removed = sqlx::query("delete from event where service = $1 and incident = $2 and seq >= $3")
            .bind(self.service)
            .bind(key)
            .bind(first)
            .execute(&mut **tx)
            .await?;
        // They are derived from the events, and written again with those that are imported.
        sqlx::query("delete from release where service = $1 and incident = $2")
            .bind(self.service)
            .bind(key)
            .execute(&mut **tx)
            .await?;
        Ok(removed.rows_affected())
    }
}
