//! The journal in a database: SQLite in the repository, or PostgreSQL for a team. One set of
//! statements serves both; [`dialect`] has the differences.

pub mod backport_records;
mod chain;
mod dialect;
mod import;
mod kept_line;
pub mod lease;
mod list;
mod number;
mod running;
mod schema;
mod service;
mod shelf;
pub mod watch_state;

use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::any::{AnyPoolOptions, AnyRow};
use sqlx::{Any, AnyConnection, AnyPool, Connection, Row, Transaction};

use crate::domain::actor::{Actor, Identity};
use crate::domain::event::{Event, Fact, unknown_step};
use crate::domain::evidence::Detail;
use crate::domain::incident::Incident;
use crate::domain::observation::Watch;
use crate::domain::production::{Deploy, RollBack};
use crate::domain::verdict::Verdict;
use crate::private;
use crate::redact::{redact, redact_parts};
use crate::workflow::derived;
use crate::workflow::journal::{Journal, JournalError, Lease};
use dialect::Dialect;
use lease::Owner;

pub use service::{Adopted, Claim, OpenError, is_shared};

/// The journals of one service, in a database that may have those of others too.
pub struct Store {
    pool: AnyPool,
    dialect: Dialect,
    /// Whose rows are read and written: every statement names it.
    service: i64,
    /// Where it was opened: the location, and the directory of a file.
    place: (String, PathBuf),
}

impl Store {
    /// Opens the journals of the service that `claim` tells of at `location`, `postgres://...` or
    /// `sqlite`, which is a file in `directory`; makes them if there are none.
    ///
    /// Fails with [`OpenError::Taken`] if another repository has the name, and with
    /// [`OpenError::Unowned`] if it is unknown whose the older journals are.
    pub async fn open(location: &str, directory: &Path, claim: &Claim) -> Result<Store, OpenError> {
        let mut store = Store::connected(location, directory).await?;
        store.service = store.claim(claim).await?;
        Ok(store)
    }

    async fn connected(location: &str, directory: &Path) -> Result<Store, JournalError> {
        sqlx::any::install_default_drivers();
        let (dialect, url) = dialect::parse(location, directory)?;
        if dialect == Dialect::Sqlite {
            // The database's other files have the permissions of this one.
            let made = private::make_directory(directory).map(|()| private::make_file(&directory.join("journal.db")));
            made.map(drop).map_err(|error| JournalError::Store {
                action: "opened",
                reason: format!("`{}` can't be made: {error}", directory.display()),
                hint: None,
            })?;
        }
        let pool = connect(dialect, &url).await.map_err(|error| match failure("opened", &error) {
            JournalError::Store { action, reason, hint } => {
                JournalError::Store { action, reason: redact_parts(&reason, location), hint }
            }
            other => other,
        })?;
        let place = (location.to_owned(), directory.to_owned());
        let store = Store { pool, dialect, service: service::UNOWNED, place };
        store.migrate().await?;
        Ok(store)
    }

    pub async fn close(&self) {
        self.pool.close().await;
    }

    async fn show(&self, incident: &Incident, tx: &mut Transaction<'_, Any>) -> Result<(), sqlx::Error> {
        let line = derived::summary(incident);
        sqlx::query(
            "insert into incident
                (service, key, id, title, severity, status, step, declared, detected, updated, ended, kind)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
             on conflict (service, key) do update set id = excluded.id, severity = excluded.severity,
                status = excluded.status, step = excluded.step, updated = excluded.updated, ended = excluded.ended",
        )
        .bind(self.service)
        .bind(line.key)
        .bind(line.id)
        .bind(line.title)
        .bind(line.severity)
        .bind(line.status)
        .bind(line.step)
        .bind(line.declared.as_millisecond())
        .bind(line.detected.as_millisecond())
        .bind(line.updated.as_millisecond())
        .bind(line.ended.map(Timestamp::as_millisecond))
        .bind(line.kind)
        .execute(&mut **tx)
        .await?;
        Ok(())
    }

    /// Updates the list of releases with what the event says about them.
    async fn show_release(
        &self,
        event: &Event,
        incident: &Incident,
        tx: &mut Transaction<'_, Any>,
    ) -> Result<(), sqlx::Error> {
        let (Fact::StepDone { step, evidence } | Fact::StepWentBad { step, evidence }) = &event.fact else {
            if matches!(&event.fact, Fact::Undone { step, .. } if *step == Deploy::STEP) {
                sqlx::query(
                    "update release set verdict = null where service = $1 and incident = $2 and deployer <> ''",
                )
                .bind(self.service)
                .bind(&event.incident)
                .execute(&mut **tx)
                .await?;
            }
            return Ok(());
        };
        if let Some(found) = derived::found_running(*step, evidence) {
            let ran = (found.environment, found.release, found.commit, String::new());
            return self.insert_release(event, ran, (String::new(), derived::reason_of_found(incident)), tx).await;
        }
        let detail = evidence.detail.clone();
        let ran = match *step {
            Deploy::STEP => serde_json::from_value::<Deploy>(detail)
                .ok()
                .map(|deploy| (deploy.environment, deploy.release, deploy.commit, deploy.images.join("\n"))),
            RollBack::STEP => match serde_json::from_value::<RollBack>(detail) {
                // Started again, and the same release as before.
                Ok(back) if back.from == back.to => None,
                Ok(back) => {
                    // Verified once, but no longer a release to go back to.
                    sqlx::query(
                        "update release set verdict = $2 where service = $1
                         and environment = $3 and (name = $4 or incident = $5 and verdict is null and deployer <> '')",
                    )
                    .bind(self.service)
                    .bind(Verdict::Bad.to_string())
                    .bind(&back.environment)
                    .bind(&back.from)
                    .bind(&event.incident)
                    .execute(&mut **tx)
                    .await?;
                    let before =
                        "select commit_id, images from release where service = $1 and name = $2 and deployer <> ''
                                  order by at desc, seq desc limit 1";
                    let before = sqlx::query(before).bind(self.service).bind(&back.to).fetch_optional(&mut **tx);
                    let before = before.await?;
                    let before = before.map(|row| Ok::<_, sqlx::Error>((row.try_get(0)?, row.try_get(1)?)));
                    let (commit, images) = before.transpose()?.unwrap_or_default();
                    Some((back.environment, back.to, commit, images))
                }
                Err(_) => None,
            },
            _ => {
                if let Ok(watch) = serde_json::from_value::<Watch>(detail) {
                    let judge = "update release set verdict = $2
                                 where service = $1 and incident = $3 and name = $4 and deployer <> ''";
                    sqlx::query(judge)
                        .bind(self.service)
                        .bind(watch.verdict.to_string())
                        .bind(&event.incident)
                        .bind(&watch.release)
                        .execute(&mut **tx)
                        .await?;
                }
                None
            }
        };
        let Some(ran) = ran else { return Ok(()) };
        self.insert_release(event, ran, (event.actor.to_string(), derived::reason(incident)), tx).await
    }

    async fn insert_release(
        &self,
        event: &Event,
        (environment, name, commit, images): (String, String, String, String),
        (deployer, reason): (String, String),
        tx: &mut Transaction<'_, Any>,
    ) -> Result<(), sqlx::Error> {
        sqlx::query(
            "insert into release (service, incident, seq, environment, name, commit_id, images, at, deployer, reason)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(self.service)
        .bind(&event.incident)
        .bind(event.seq)
        .bind(environment)
        .bind(name)
        .bind(commit)
        .bind(images)
        .bind(event.at.as_millisecond())
        .bind(deployer)
        .bind(reason)
        .execute(&mut **tx)
        .await?;
        Ok(())
    }

    /// Appends an event, unless `lease` has passed to someone else; returns whether it was appended.
    async fn insert(
        &self,
        event: &Event,
        lease: Option<&Lease>,
        tx: &mut Transaction<'_, Any>,
    ) -> Result<bool, sqlx::Error> {
        let inserted = sqlx::query(
            "insert into event (service, incident, seq, at, actor, proof, fact, previous, digest)
             select $1, $2, $3, $4, $5, $6, $7, $8, $9
             where $10 = '' or exists (select 1 from lease where service = $1 and name = $10 and token = $11)",
        )
        .bind(self.service)
        .bind(&event.incident)
        .bind(event.seq)
        .bind(event.at.as_millisecond())
        .bind(event.actor.to_string())
        .bind(event.actor.proof.written())
        .bind(&event.text)
        .bind(&event.previous)
        .bind(&event.digest)
        .bind(lease.map_or("", |lease| lease.name.as_str()))
        .bind(lease.map_or(0, |lease| lease.token))
        .execute(&mut **tx)
        .await?;
        self.keep_lines(&event.lines, tx).await?;
        Ok(inserted.rows_affected() == 1)
    }
}

#[async_trait]
impl Journal for Store {
    async fn events(&self, key: &str) -> Result<Vec<Event>, JournalError> {
        let query = "select seq, at, actor, fact, previous, digest, proof from event
                     where service = $1 and incident = $2 order by seq";
        let rows = sqlx::query(query).bind(self.service).bind(key).fetch_all(&self.pool).await;
        let rows = rows.map_err(|error| failure("read", &error))?;
        let kept = self.kept_lines(&rows, 3).await?;
        rows.into_iter()
            .map(|row| {
                let (seq, text): (i64, String) = (get(&row, 0)?, get(&row, 3)?);
                let (whole, lines) = kept_line::put_back(&text, &kept);
                let proof = Identity::from_written(get(&row, 6)?);
                let unreadable = |reason: String| JournalError::Unreadable { key: key.to_owned(), seq, reason };
                let no_fact = |error: serde_json::Error| match unknown_step(&text) {
                    Some(unknown) => JournalError::Newer { key: key.to_owned(), seq, unknown },
                    None => unreadable(error.to_string()),
                };
                Ok(Event {
                    incident: key.to_owned(),
                    seq,
                    at: Timestamp::from_millisecond(get(&row, 1)?).map_err(|error| unreadable(error.to_string()))?,
                    actor: Actor::read(get(&row, 2)?, proof.map_err(|error| unreadable(error.to_string()))?),
                    fact: serde_json::from_str(whole.as_deref().unwrap_or(&text)).map_err(no_fact)?,
                    text,
                    lines,
                    previous: get(&row, 4)?,
                    digest: get(&row, 5)?,
                })
            })
            .collect()
    }

    async fn append(&self, event: &Event, incident: &Incident, lease: Option<&Lease>) -> Result<(), JournalError> {
        let written = |error| not_written(event, &error);
        let mut tx = self.pool.begin().await.map_err(|error| failure("written", &error))?;
        if !self.insert(event, lease, &mut tx).await.map_err(written)? {
            let name = lease.map_or_else(String::new, |lease| lease.name.clone());
            return Err(JournalError::LeaseLost { name });
        }
        self.show(incident, &mut tx).await.map_err(written)?;
        self.show_release(event, incident, &mut tx).await.map_err(written)?;
        tx.commit().await.map_err(written)
    }

    async fn acquire(&self, name: &str, by: &Actor, seconds: u32) -> Result<Lease, JournalError> {
        let incident = name.strip_prefix("incident/").unwrap_or_default();
        self.take_lease(name, by, seconds, Owner { incident, is_heir: false }).await
    }

    async fn renew(&self, lease: &Lease, seconds: u32) -> Result<(), JournalError> {
        self.keep_lease(lease, seconds).await
    }

    async fn release(&self, lease: &Lease) -> Result<(), JournalError> {
        self.give_back_lease(lease).await
    }
}

/// Returns a column's value; fails if a corrupt database has another type in it.
fn get<'r, T: sqlx::Decode<'r, Any> + sqlx::Type<Any>>(row: &'r AnyRow, column: usize) -> Result<T, JournalError> {
    row.try_get(column).map_err(|error| failure("read", &error))
}

fn not_written(event: &Event, error: &sqlx::Error) -> JournalError {
    match dialect::is_conflict(error) {
        true => JournalError::Conflict { key: event.incident.clone(), seq: event.seq },
        false => failure("written", error),
    }
}

async fn connect(dialect: Dialect, url: &str) -> Result<AnyPool, sqlx::Error> {
    // Longer than a statement of SQLite waits for a lock.
    let (connections, seconds) = match dialect {
        Dialect::Sqlite => (1, 15),
        Dialect::Postgres => (4, 5),
    };
    let options = AnyPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(Duration::from_secs(seconds))
        .after_connect(move |connection, _| {
            Box::pin(async move {
                for statement in dialect.session() {
                    // An error here would make the pool try again until its time is up. The next
                    // statement fails at once, with the same reason.
                    let _ = sqlx::query(*statement).execute(&mut *connection).await;
                }
                Ok(())
            })
        });
    match options.connect(url).await {
        // The pool does not say what it was waiting for.
        Err(sqlx::Error::PoolTimedOut) => match AnyConnection::connect(url).await {
            Ok(_) => Err(sqlx::Error::PoolTimedOut),
            Err(reason) => Err(reason),
        },
        connected => connected,
    }
}

/// A database error, with what can be done about it.
fn failure(action: &'static str, error: &sqlx::Error) -> JournalError {
    let reason = redact(&error.to_string()).into_owned();
    let hint = dialect::hint(&reason).map(str::to_owned);
    JournalError::Store { action, reason, hint }
}
