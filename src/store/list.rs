//! What lists show, without reading a journal.

use jiff::Timestamp;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::{Store, failure};
use crate::domain::release::ReleaseRecord;
use crate::domain::summary::{INCIDENT, Summary};
use crate::workflow::journal::JournalError;

const COLUMNS: &str = "key, id, title, severity, status, step, detected, declared, updated, ended, kind";

impl Store {
    /// Returns the incidents that are not over, the most urgent first.
    pub async fn open_incidents(&self) -> Result<Vec<Summary>, JournalError> {
        Ok(self.not_over().await?.into_iter().filter(Summary::is_incident).collect())
    }

    /// Returns the orders without an incident that are not over, the oldest first.
    pub async fn open_orders(&self) -> Result<Vec<Summary>, JournalError> {
        Ok(self.not_over().await?.into_iter().filter(|summary| !summary.is_incident()).collect())
    }

    async fn not_over(&self) -> Result<Vec<Summary>, JournalError> {
        // Each status by name: only then is the index used.
        let query = format!(
            "select {COLUMNS} from incident where service = $1 and status in ('open', 'held', 'failed', 'stuck', 'aborting')
             order by severity, declared"
        );
        self.summaries(query, &[]).await
    }

    /// Returns the newest `most` incidents, over or not.
    pub async fn newest_incidents(&self, most: u32) -> Result<Vec<Summary>, JournalError> {
        let query = format!(
            "select {COLUMNS} from incident where service = $1 and kind = $2 order by declared desc, key desc limit {most}"
        );
        self.summaries(query, &[INCIDENT]).await
    }

    /// Returns the newest `most` incidents and orders, over or not.
    pub async fn newest(&self, most: u32) -> Result<Vec<Summary>, JournalError> {
        let query =
            format!("select {COLUMNS} from incident where service = $1 order by declared desc, key desc limit {most}");
        self.summaries(query, &[]).await
    }

    /// Returns the incidents of every service that are not over, the most urgent first, then the newest
    /// `most` that are over, each with its service's name.
    pub async fn incidents_everywhere(&self, most: u32) -> Result<Vec<(String, Summary)>, JournalError> {
        let columns = COLUMNS.split(", ").map(|column| format!("incident.{column}")).collect::<Vec<_>>().join(", ");
        let from = "from incident left join service on service.id = incident.service where incident.kind = $1";
        let mut all = Vec::new();
        for rest in [
            "and incident.ended is null order by incident.severity, incident.declared".to_owned(),
            format!("and incident.ended is not null order by incident.declared desc, incident.key desc limit {most}"),
        ] {
            let query = format!("select {columns}, service.name {from} {rest}");
            let rows = sqlx::query(sqlx::AssertSqlSafe(query)).bind(INCIDENT).fetch_all(&self.pool).await;
            let rows = rows.map_err(|error| failure("read", &error))?;
            all.extend(rows.iter().map(|row| (row.get::<Option<String>, _>(11).unwrap_or_default(), summary(row))));
        }
        Ok(all)
    }

    /// Returns the keys of all incidents that have events, the oldest first.
    pub async fn keys(&self) -> Result<Vec<String>, JournalError> {
        let query = "select distinct incident from event where service = $1 order by incident";
        let rows = sqlx::query(query).bind(self.service).fetch_all(&self.pool).await;
        Ok(rows.map_err(|error| failure("read", &error))?.iter().map(|row| row.get(0)).collect())
    }

    /// Returns the incident with the identifier or key `id`.
    pub async fn find_incident(&self, id: &str) -> Result<Option<Summary>, JournalError> {
        let query = format!("select {COLUMNS} from incident where service = $1 and (id = $2 or key = $2)");
        Ok(self.summaries(query, &[id]).await?.pop())
    }

    /// Returns up to `most` releases of an environment, the newest first.
    pub async fn releases(&self, environment: &str, most: u32) -> Result<Vec<ReleaseRecord>, JournalError> {
        let query = format!(
            "select at, environment, name, commit_id, images, deployer, reason, verdict from release
             where service = $1 and environment = $2 order by at desc, seq desc limit {most}"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(query)).bind(self.service).bind(environment);
        let rows = rows.fetch_all(&self.pool).await;
        let rows = rows.map_err(|error| failure("read", &error))?;
        Ok(rows
            .iter()
            .map(|row| ReleaseRecord {
                at: time(row, 0).unwrap_or_default(),
                environment: row.get(1),
                release: row.get(2),
                commit: row.get(3),
                images: lines(row, 4),
                deployer: row.get(5),
                reason: row.get(6),
                verdict: row.get(7),
            })
            .collect())
    }

    /// Returns the images of a release as it was last deployed, in any environment.
    pub async fn images(&self, release: &str) -> Result<Vec<String>, JournalError> {
        let query = "select images from release where service = $1 and name = $2 and images <> ''
                     order by at desc, seq desc limit 1";
        let row = sqlx::query(query).bind(self.service).bind(release).fetch_optional(&self.pool).await;
        Ok(row.map_err(|error| failure("read", &error))?.map(|row| lines(&row, 0)).unwrap_or_default())
    }

    async fn summaries(&self, query: String, values: &[&str]) -> Result<Vec<Summary>, JournalError> {
        let mut query = sqlx::query(sqlx::AssertSqlSafe(query)).bind(self.service);
        for value in values {
            query = query.bind(*value);
        }
        let rows = query.fetch_all(&self.pool).await.map_err(|error| failure("read", &error))?;
        Ok(rows.iter().map(summary).collect())
    }
}

fn summary(row: &AnyRow) -> Summary {
    Summary {
        key: row.get(0),
        id: row.get(1),
        title: row.get(2),
        severity: row.get(3),
        status: row.get(4),
        step: row.get(5),
        detected: time(row, 6).unwrap_or_default(),
        declared: time(row, 7).unwrap_or_default(),
        updated: time(row, 8).unwrap_or_default(),
        ended: time(row, 9),
        kind: row.get(10),
    }
}

fn lines(row: &AnyRow, column: usize) -> Vec<String> {
    row.get::<String, _>(column).lines().map(str::to_owned).collect()
}

fn time(row: &AnyRow, column: usize) -> Option<Timestamp> {
    row.get::<Option<i64>, _>(column).and_then(|ms| Timestamp::from_millisecond(ms).ok())
}
