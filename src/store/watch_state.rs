//! The state of watches, saved beside the journal; only the newest.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::Row;
use tokio::sync::Mutex;

use super::{Store, failure};
use crate::domain::actor::Actor;
use crate::watch::keep::Keep;
use crate::workflow::journal::{Journal, JournalError, Lease};

/// Saved watches that nobody resumed for this long are forgotten, in milliseconds.
const FORGOTTEN: i64 = 7 * 24 * 60 * 60 * 1000;

/// A watch that lives saves its state about once a second.
const QUIET: Duration = Duration::from_secs(4);

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
    /// The place called `name` of a process on another machine that is not heard of for [`QUIET`]; `None` if the
    /// process can be seen from here, or is heard of.
    pub async fn heir(store: &Arc<Store>, name: &str, by: &Actor) -> Result<Option<Heir>, JournalError> {
        let lease = format!("watch/{name}");
        if !store.leases().await?.iter().any(|held| held.name == lease && held.is_elsewhere()) {
            return Ok(None);
        }
        let place = WatchState { store: Arc::clone(store), name: name.to_owned(), lease: None };
        let saved = async || place.read().await.map_err(|error| failure("read", &error));
        let before = saved().await?;
        // By the database's clock it is known already how long nothing was saved.
        let ago = before.as_ref().map_or(Duration::ZERO, |(_, ago)| *ago);
        tokio::time::sleep(QUIET.saturating_sub(ago)).await;
        let text = |saved: Option<(String, Duration)>| saved.map(|(text, _)| text);
        if text(saved().await?) != text(before) {
            return Ok(None);
        }
        Ok(Some(Heir { place, by: by.clone(), lease: Mutex::new(None) }))
    }

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

/// The place of a watch whose process is on another machine, and most likely dead. It is read at once; it is written
/// from when the lease of that process has ended, which nobody can shorten.
pub struct Heir {
    place: WatchState,
    by: Actor,
    lease: Mutex<Option<Lease>>,
}

impl Heir {
    /// Releases it for others.
    pub async fn leave(self) -> Result<(), JournalError> {
        match self.lease.into_inner() {
            Some(lease) => self.place.store.release(&lease).await,
            None => Ok(()),
        }
    }
}

#[async_trait]
impl Keep for Heir {
    async fn load(&self) -> Result<Option<(String, Duration)>, String> {
        self.place.load().await
    }

    async fn save(&self, text: &str) -> Result<(), String> {
        let Heir { place, by, lease } = self;
        let mut lease = lease.lock().await;
        let kept = match &*lease {
            Some(lease) => place.store.renew(lease, LEASE).await,
            None => match place.store.acquire(&format!("watch/{}", place.name), by, LEASE).await {
                Ok(taken) => {
                    *lease = Some(taken);
                    Ok(())
                }
                // It has not ended yet.
                Err(JournalError::Leased { .. }) => return Ok(()),
                Err(error) => Err(error),
            },
        };
        kept.map_err(|error| error.to_string())?;
        place.save(text).await
    }
}
