//! The state of watches, saved beside the journal; only the newest.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::Row;

use super::{Store, failure};
use crate::domain::actor::Actor;
use crate::watch::keep::Keep;
use crate::workflow::journal::{Journal, JournalError, Lease};

/// Saved watches that nobody resumed for this long are forgotten, in milliseconds.
const FORGOTTEN: i64 = 7 * 24 * 60 * 60 * 1000;

/// How long a lease on a watch outlives its process, in seconds.
const LEASE: u32 = 30;

/// The place of one watch's state, by its name.
pub struct WatchState {
    pub store: Arc<Store>,
    pub name: String,
    /// Keeps others from the same place, if no other lease does.
    pub lease: Option<Lease>,
}

impl WatchState {
    /// The place called `name`, for this process alone; fails if another process has it.
    pub async fn alone(store: &Arc<Store>, name: &str, by: &Actor) -> Result<WatchState, JournalError> {
        let lease = store.acquire(&format!("watch/{name}"), by, LEASE).await?;
        Ok(WatchState { store: Arc::clone(store), name: name.to_owned(), lease: Some(lease) })
    }

    /// Releases it for others.
    pub async fn leave(self) -> Result<(), JournalError> {
        match &self.lease {
            Some(lease) => self.store.release(lease).await,
            None => Ok(()),
        }
    }
}

impl WatchState {
    async fn read(&self) -> Result<Option<(String, Duration)>, sqlx::Error> {
        let now = self.store.dialect.now();
        let forget = format!("delete from watch where at < {now} - $1");
        sqlx::query(sqlx::AssertSqlSafe(forget)).bind(FORGOTTEN).execute(&self.store.pool).await?;
        let query = format!("select state, {now} - at from watch where service = $1 and name = $2");
        let row = sqlx::query(sqlx::AssertSqlSafe(query)).bind(self.store.service).bind(&self.name);
        let row = row.fetch_optional(&self.store.pool).await?;
        Ok(row.map(|row| {
            let ago: i64 = row.get(1);
            (row.get(0), Duration::from_millis(u64::try_from(ago).unwrap_or(0)))
        }))
    }

    async fn write(&self, text: &str) -> Result<(), sqlx::Error> {
        let query = format!(
            "insert into watch (service, name, state, at) values ($1, $2, $3, {})
             on conflict (service, name) do update set state = excluded.state, at = excluded.at",
            self.store.dialect.now()
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(query)).bind(self.store.service).bind(&self.name).bind(text);
        query.execute(&self.store.pool).await?;
        Ok(())
    }
}

#[async_trait]
impl Keep for WatchState {
    async fn load(&self) -> Result<Option<(String, Duration)>, String> {
        self.read().await.map_err(|error| failure("read", &error).to_string())
    }

    async fn save(&self, text: &str) -> Result<(), String> {
        if let Some(lease) = &self.lease {
            self.store.renew(lease, LEASE).await.map_err(|error| error.to_string())?;
        }
        self.write(text).await.map_err(|error| failure("written", &error).to_string())
    }
}
