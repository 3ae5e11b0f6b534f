//! Leases: who may act. Time is the database's own; a token grows with every holder.

use jiff::Timestamp;
use sqlx::Row;

use super::{Store, failure};
use crate::domain::actor::Actor;
use crate::process::machine::{Life, Process};
use crate::workflow::journal::{JournalError, Lease};

/// For which journal a lease is taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Owner<'a> {
    pub incident: &'a str,
    /// Whether it takes over from an earlier process that had it for the same journal. Only who holds the
    /// lease of that journal may say so: the earlier process has lost that one.
    pub is_heir: bool,
}

/// A lease that somebody holds.
#[derive(Clone, Debug)]
pub struct Held {
    pub name: String,
    pub holder: String,
    /// The key of the journal that it is held for; empty where that is not known.
    pub incident: String,
    pub since: Timestamp,
    pub until: Timestamp,
    /// The holder's process, as it was recorded.
    process: String,
}

impl Held {
    /// Whether its holder is seen to be dead, so that the next one who asks gets it.
    pub fn is_dead(&self) -> bool {
        is_dead(&self.process, &Process::own())
    }

    /// Whether nobody here can see if its holder lives.
    pub fn is_elsewhere(&self) -> bool {
        let process = serde_json::from_str::<Process>(&self.process);
        process.is_ok_and(|process| process.life(&Process::own()) == Life::Unknown)
    }
}

impl Store {
    pub(super) async fn take_lease(
        &self,
        name: &str,
        by: &Actor,
        seconds: u32,
        owner: Owner<'_>,
    ) -> Result<Lease, JournalError> {
        let own = Process::own();
        let holder = format!("{by} on {own}");
        let process = serde_json::to_string(&own).unwrap_or_default();
        let taker = Taker { holder: &holder, process: &process, owner };
        if let Some(lease) = self.try_lease(name, taker, seconds, "").await? {
            return Ok(lease);
        }
        let query = format!(
            "select holder, process, expires - {} from lease where service = $1 and name = $2",
            self.dialect.now()
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(query)).bind(self.service).bind(name);
        let row = row.fetch_optional(&self.pool).await.map_err(|error| failure("read", &error))?;
        let (theirs, process, left): (String, String, i64) =
            row.map_or_else(Default::default, |row| (row.get(0), row.get(1), row.get(2)));
        // A holder that died on this machine will not come back: its lease need not run out.
        if is_dead(&process, &own)
            && let Some(lease) = self.try_lease(name, taker, seconds, &process).await?
        {
            return Ok(lease);
        }
        Err(JournalError::Leased { name: name.to_owned(), holder: theirs, seconds: (left + 999) / 1000 })
    }

    /// A lease for the journal `incident`, whose own lease the caller holds.
    pub async fn acquire_for(
        &self,
        name: &str,
        by: &Actor,
        seconds: u32,
        incident: &str,
    ) -> Result<Lease, JournalError> {
        self.take_lease(name, by, seconds, Owner { incident, is_heir: true }).await
    }

    /// Gives up what earlier processes held for the journal `incident`, whose own lease the caller holds.
    pub async fn release_for(&self, name: &str, incident: &str) -> Result<(), JournalError> {
        let query = "update lease set expires = 0, token = token + 1
                     where service = $1 and name = $2 and incident = $3 and expires > 0";
        let query = sqlx::query(query).bind(self.service).bind(name).bind(incident);
        query.execute(&self.pool).await.map(drop).map_err(|error| failure("written", &error))
    }

    /// The leases that are held, by name.
    pub async fn leases(&self) -> Result<Vec<Held>, JournalError> {
        let query = format!(
            "select name, holder, incident, since, expires, process from lease
             where service = $1 and expires > {} order by name",
            self.dialect.now()
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(query)).bind(self.service).fetch_all(&self.pool).await;
        let time = |milliseconds: i64| Timestamp::from_millisecond(milliseconds).unwrap_or_default();
        let held = |row: &sqlx::any::AnyRow| Held {
            name: row.get(0),
            holder: row.get(1),
            incident: row.get(2),
            since: time(row.get(3)),
            until: time(row.get(4)),
            process: row.get(5),
        };
        Ok(rows.map_err(|error| failure("read", &error))?.iter().map(held).collect())
    }

    /// Takes a lease from whoever holds it, whose work ends at its next renewal.
    pub async fn break_lease(&self, name: &str) -> Result<(), JournalError> {
        let query = "update lease set expires = 0, token = token + 1 where service = $1 and name = $2";
        let query = sqlx::query(query).bind(self.service).bind(name);
        query.execute(&self.pool).await.map(drop).map_err(|error| failure("written", &error))
    }

    async fn try_lease(
        &self,
        name: &str,
        taker: Taker<'_>,
        seconds: u32,
        dead: &str,
    ) -> Result<Option<Lease>, JournalError> {
        let now = self.dialect.now();
        let query = format!(
            "insert into lease (service, name, holder, token, expires, process, incident, since)
             values ($1, $2, $3, 1, {now} + $4, $6, $7, {now})
             on conflict (service, name) do update
             set holder = excluded.holder, token = lease.token + 1, expires = excluded.expires,
                process = excluded.process, incident = excluded.incident, since = excluded.since
             where lease.expires <= {now} or ($5 <> '' and lease.process = $5) or ($8 <> '' and lease.incident = $8)
             returning token"
        );
        let inherited = if taker.owner.is_heir { taker.owner.incident } else { "" };
        let row = sqlx::query(sqlx::AssertSqlSafe(query))
            .bind(self.service)
            .bind(name)
            .bind(taker.holder)
            .bind(i64::from(seconds) * 1000)
            .bind(dead)
            .bind(taker.process)
            .bind(taker.owner.incident)
            .bind(inherited)
            // All rows: a statement that is not run to its end does not say that the disk is full.
            .fetch_all(&self.pool)
            .await
            .map_err(|error| failure("written", &error))?
            .into_iter()
            .next();
        Ok(row.map(|row| Lease { name: name.to_owned(), token: row.get(0) }))
    }

    pub(super) async fn keep_lease(&self, lease: &Lease, seconds: u32) -> Result<(), JournalError> {
        let query = format!(
            "update lease set expires = {} + $4 where service = $1 and name = $2 and token = $3",
            self.dialect.now()
        );
        let kept = sqlx::query(sqlx::AssertSqlSafe(query))
            .bind(self.service)
            .bind(&lease.name)
            .bind(lease.token)
            .bind(i64::from(seconds) * 1000)
            .execute(&self.pool)
            .await
            .map_err(|error| failure("written", &error))?;
        if kept.rows_affected() == 0 { Err(JournalError::LeaseLost { name: lease.name.clone() }) } else { Ok(()) }
    }

    pub(super) async fn give_back_lease(&self, lease: &Lease) -> Result<(), JournalError> {
        sqlx::query("update lease set expires = 0 where service = $1 and name = $2 and token = $3")
            .bind(self.service)
            .bind(&lease.name)
            .bind(lease.token)
            .execute(&self.pool)
            .await
            .map_err(|error| failure("written", &error))?;
        Ok(())
    }
}

#[derive(Clone, Copy)]
struct Taker<'a> {
    holder: &'a str,
    process: &'a str,
    owner: Owner<'a>,
}

/// Whether a holder is a process that would be seen from here, and has ended.
fn is_dead(process: &str, own: &Process) -> bool {
    serde_json::from_str::<Process>(process).is_ok_and(|process| process.life(own) == Life::Dead)
}
