//! Numbers of incidents: each is given once.

use sqlx::Row;

use super::{Store, failure};
use crate::workflow::journal::JournalError;

impl Store {
    /// Returns the next number of a day, at least `floor`. Nobody else gets it.
    pub async fn next_number(&self, day: &str, floor: i64) -> Result<i64, JournalError> {
        let row = sqlx::query(
            "insert into counter (service, day, number) values ($1, $2, $3)
             on conflict (service, day) do update
             set number = case when counter.number >= $3 then counter.number + 1 else $3 end
             returning number",
        )
        .bind(self.service)
        .bind(day)
        .bind(floor)
        // All rows: a statement that is not run to its end does not say that the disk is full.
        .fetch_all(&self.pool)
        .await
        .map_err(|error| failure("written", &error))?;
        let number = row.first().map(|row| row.try_get(0)).transpose();
        Ok(number.map_err(|error| failure("read", &error))?.unwrap_or(floor))
    }
}
