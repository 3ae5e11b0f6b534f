//! The tables, and which version of them a database has.

use sqlx::Row;

use super::dialect::Dialect;
use super::{Store, failure};
use crate::workflow::journal::JournalError;

/// Each version of the schema: what both databases run, then what each runs besides.
const MIGRATIONS: &[(&str, &str, &str)] = &[
    (
        include_str!("../../migrations/0001.sql"),
        include_str!("../../migrations/0001.sqlite.sql"),
        include_str!("../../migrations/0001.postgres.sql"),
    ),
    (include_str!("../../migrations/0002.sql"), "", ""),
    (include_str!("../../migrations/0003.sql"), "", ""),
    (include_str!("../../migrations/0004.sql"), "", ""),
    (
        include_str!("../../migrations/0005.sql"),
        include_str!("../../migrations/0005.sqlite.sql"),
        include_str!("../../migrations/0005.postgres.sql"),
    ),
    (include_str!("../../migrations/0006.sql"), "", ""),
    (
        include_str!("../../migrations/0007.sql"),
        include_str!("../../migrations/0007.sqlite.sql"),
        include_str!("../../migrations/0007.postgres.sql"),
    ),
    (
        include_str!("../../migrations/0008.sql"),
        include_str!("../../migrations/0008.sqlite.sql"),
        include_str!("../../migrations/0008.postgres.sql"),
    ),
];

impl Store {
    /// Brings the tables to the newest version; refuses a database of a newer hotfix.
    pub(super) async fn migrate(&self) -> Result<(), JournalError> {
        let newest = MIGRATIONS.len() as i64;
        let opened = |error: sqlx::Error| failure("opened", &error);
        if self.version().await.ok() == Some(newest) {
            return Ok(());
        }
        let mut tx = self.pool.begin_with(self.dialect.begin()).await.map_err(opened)?;
        sqlx::query(self.dialect.lock_schema()).execute(&mut *tx).await.map_err(opened)?;
        sqlx::query("create table if not exists schema_version (version bigint not null)")
            .execute(&mut *tx)
            .await
            .map_err(opened)?;
        let row = sqlx::query("select coalesce(max(version), 0) from schema_version").fetch_one(&mut *tx).await;
        let version: i64 = row.map_err(opened)?.get(0);
        if version > newest {
            return Err(JournalError::Store {
                action: "opened",
                reason: format!("it was written by a newer hotfix (schema {version}, this one knows {newest})"),
                hint: Some("update hotfix".to_owned()),
            });
        }
        for (index, (both, sqlite, postgres)) in MIGRATIONS.iter().enumerate().skip(version as usize) {
            let own = match self.dialect {
                Dialect::Sqlite => sqlite,
                Dialect::Postgres => postgres,
            };
            for statements in [both, own].into_iter().filter(|statements| !statements.is_empty()) {
                sqlx::raw_sql(*statements).execute(&mut *tx).await.map_err(opened)?;
            }
            sqlx::query("insert into schema_version (version) values ($1)")
                .bind(index as i64 + 1)
                .execute(&mut *tx)
                .await
                .map_err(opened)?;
        }
        tx.commit().await.map_err(opened)
    }

    /// Returns the store's own name, which no other store has.
    pub async fn identity(&self) -> Result<String, JournalError> {
        let row = sqlx::query("select id from identity").fetch_one(&self.pool).await;
        Ok(row.map_err(|error| failure("read", &error))?.get(0))
    }

    async fn version(&self) -> Result<i64, sqlx::Error> {
        let row = sqlx::query("select max(version) from schema_version").fetch_one(&self.pool).await?;
        row.try_get(0)
    }
}
