//! Chains of events without an incident.

use jiff::Timestamp;

use super::{Store, failure, get, not_written};
use crate::domain::actor::Actor;
use crate::domain::event::{Event, Fact, Head};
use crate::workflow::journal::{Journal, JournalError};

impl Store {
    /// Appends `fact` to the chain called `key`; if somebody else was faster, after theirs.
    pub async fn append_to_chain(
        &self,
        key: &str,
        actor: &Actor,
        now: Timestamp,
        fact: &Fact,
    ) -> Result<(), JournalError> {
        for _ in 0..100 {
            let events = self.events(key).await?;
            let head = events.last().map(|last| Head { seq: last.seq, at: last.at, digest: &last.digest });
            let event = Event::after(head, key, actor, now, fact);
            let mut tx = self.pool.begin().await.map_err(|error| failure("written", &error))?;
            let ended = match self.insert(&event, None, &mut tx).await {
                Ok(_) => tx.commit().await,
                Err(error) => Err(error),
            };
            match ended.map_err(|error| not_written(&event, &error)) {
                Err(JournalError::Conflict { .. }) => {}
                ended => return ended,
            }
        }
        Err(JournalError::Conflict { key: key.to_owned(), seq: 0 })
    }

    /// Returns the number and the digest of a chain's last event.
    pub async fn head_of_chain(&self, key: &str) -> Result<Option<(i64, String)>, JournalError> {
        let query = "select seq, digest from event where service = $1 and incident = $2 order by seq desc limit 1";
        let row = sqlx::query(query).bind(self.service).bind(key).fetch_optional(&self.pool).await;
        let row = row.map_err(|error| failure("read", &error))?;
        row.map(|row| Ok((get(&row, 0)?, get(&row, 1)?))).transpose()
    }

    /// Returns the key of the chain with this prefix that was written to last.
    pub async fn newest_chain(&self, prefix: &str) -> Result<Option<String>, JournalError> {
        let row = sqlx::query(
            "select incident from event where service = $1 and incident >= $2 and incident < $3
             order by at desc, seq desc limit 1",
        )
        .bind(self.service)
        .bind(prefix)
        .bind(format!("{prefix}\u{7f}"))
        .fetch_optional(&self.pool)
        .await
        .map_err(|error| failure("read", &error))?;
        row.map(|row| get(&row, 0)).transpose()
    }
}
