//! Leases: who may act. Time is the database's own; a token grows with every holder.

use sqlx::Row;

use super::{Store, failure};
use crate::domain::actor::Actor;
use crate::workflow::journal::{JournalError, Lease};

impl Store {
    pub(super) async fn take_lease(&self, name: &str, by: &Actor, seconds: u32) -> Result<Lease, JournalError> {
        let holder = format!("{by} on {}, process {}", host(), std::process::id());
        if let Some(lease) = self.try_lease(name, &holder, seconds, "").await? {
            return Ok(lease);
        }
        let query =
            format!("select holder, expires - {} from lease where service = $1 and name = $2", self.dialect.now());
        let row = sqlx::query(sqlx::AssertSqlSafe(query))
            .bind(self.service)
            .bind(name)
            .fetch_optional(&self.pool)
            .await
            .map_err(|error| failure("read", &error))?;
        let (theirs, left): (String, i64) = row.map_or((String::new(), 0), |row| (row.get(0), row.get(1)));
        // A holder that died on this machine will not come back: its lease need not run out.
        if is_dead(&theirs)
            && let Some(lease) = self.try_lease(name, &holder, seconds, &theirs).await?
        {
            return Ok(lease);
        }
        Err(JournalError::Leased { name: name.to_owned(), holder: theirs, seconds: (left + 999) / 1000 })
    }

    async fn try_lease(
        &self,
        name: &str,
        holder: &str,
        seconds: u32,
        dead: &str,
    ) -> Result<Option<Lease>, JournalError> {
        let now = self.dialect.now();
        let query = format!(
            "insert into lease (service, name, holder, token, expires) values ($1, $2, $3, 1, {now} + $4)
             on conflict (service, name) do update
             set holder = excluded.holder, token = lease.token + 1, expires = excluded.expires
             where lease.expires <= {now} or lease.holder = $5
             returning token"
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(query))
            .bind(self.service)
            .bind(name)
            .bind(holder)
            .bind(i64::from(seconds) * 1000)
            .bind(dead)
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

/// The name of this machine.
fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Whether `holder` is a process of this machine that has ended.
fn is_dead(holder: &str) -> bool {
    let Some((rest, process)) = holder.rsplit_once(", process ") else { return false };
    let here = rest.ends_with(&format!(" on {}", host()));
    let process = process.parse().ok().and_then(rustix::process::Pid::from_raw);
    let alive = |process| !matches!(rustix::process::test_kill_process(process), Err(rustix::io::Errno::SRCH));
    here && process.is_some_and(|process| !alive(process))
}
