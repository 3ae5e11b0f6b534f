//! What lists show, without reading any journal.

use jiff::Timestamp;
use serde::Serialize;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::{Store, failure};
use crate::workflow::journal::JournalError;

/// The kind of incidents in the list; what was ordered without one has others.
pub const INCIDENT: &str = "incident";

/// A line of `hotfix list`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    #[serde(skip)]
    pub key: String,
    pub id: String,
    pub title: String,
    pub severity: String,
    pub status: String,
    /// The step that is next or under way; empty where there is none.
    pub step: String,
    pub detected: Timestamp,
    pub declared: Timestamp,
    pub updated: Timestamp,
    pub ended: Option<Timestamp>,
    /// `incident`, `deploy` or `rollback`.
    pub kind: String,
}

impl Summary {
    pub fn is_incident(&self) -> bool {
        self.kind == INCIDENT
    }
}

/// A line of `hotfix log`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReleaseRecord {
    pub at: Timestamp,
    pub environment: String,
    pub release: String,
    pub commit: String,
    /// The images that were built of it, by digest.
    pub images: Vec<String>,
    pub deployer: String,
    pub reason: String,
    /// `None` while nobody has watched it to an end.
    pub verdict: Option<String>,
}

/// Returns the newest release that was verified, and not found otherwise since, none of `not`.
/// `releases` begins with the newest.
pub fn last_verified<'a>(releases: &'a [ReleaseRecord], not: &[&str]) -> Option<&'a ReleaseRecord> {
    let judged = || releases.iter().filter(|record| record.verdict.is_some());
    judged().find(|record| {
        let last = judged().find(|other| other.release == record.release);
        let verified = last.is_some_and(|last| last.verdict.as_deref() == Some("VERIFIED"));
        verified && !not.contains(&record.release.as_str())
    })
}

const COLUMNS: &str = "key, id, title, severity, status, step, detected, declared, updated, ended, kind";

impl Store {
    /// Returns the incidents that are not over, the most urgent first.
    pub async fn open_incidents(&self) -> Result<Vec<Summary>, JournalError> {
        Ok(self.not_over().await?.into_iter().filter(Summary::is_incident).collect())
    }

    /// Returns what was ordered without an incident and is not over, the oldest first.
    pub async fn open_orders(&self) -> Result<Vec<Summary>, JournalError> {
        Ok(self.not_over().await?.into_iter().filter(|summary| !summary.is_incident()).collect())
    }

    async fn not_over(&self) -> Result<Vec<Summary>, JournalError> {
        // Each status by name, so that the index is used however many are over.
        let query = format!(
            "select {COLUMNS} from incident where status in ('open', 'held', 'failed', 'stuck', 'aborting')
             order by severity, declared"
        );
        self.summaries(query, &[]).await
    }

    /// Returns the newest `most` incidents, over or not.
    pub async fn newest_incidents(&self, most: u32) -> Result<Vec<Summary>, JournalError> {
        let query =
            format!("select {COLUMNS} from incident where kind = $1 order by declared desc, key desc limit {most}");
        self.summaries(query, &[INCIDENT]).await
    }

    /// Returns the newest `most` incidents and orders, over or not.
    pub async fn newest(&self, most: u32) -> Result<Vec<Summary>, JournalError> {
        self.summaries(format!("select {COLUMNS} from incident order by declared desc, key desc limit {most}"), &[])
            .await
    }

    /// Returns the keys of all incidents that have events, the oldest first.
    pub async fn keys(&self) -> Result<Vec<String>, JournalError> {
        let rows = sqlx::query("select distinct incident from event order by incident").fetch_all(&self.pool).await;
        Ok(rows.map_err(|error| failure("read", &error))?.iter().map(|row| row.get(0)).collect())
    }

    /// Returns the incident with the identifier or key `id`.
    pub async fn find_incident(&self, id: &str) -> Result<Option<Summary>, JournalError> {
        let query = format!("select {COLUMNS} from incident where id = $1 or key = $1");
        Ok(self.summaries(query, &[id]).await?.pop())
    }

    /// Returns up to `most` releases of an environment, the newest first.
    pub async fn releases(&self, environment: &str, most: u32) -> Result<Vec<ReleaseRecord>, JournalError> {
        let query = format!(
            "select at, environment, name, commit_id, images, deployer, reason, verdict from release
             where environment = $1 order by at desc, seq desc limit {most}"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(query)).bind(environment).fetch_all(&self.pool).await;
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

    /// Returns the images of a release as it was deployed last, wherever that was.
    pub async fn images(&self, release: &str) -> Result<Vec<String>, JournalError> {
        let query = "select images from release where name = $1 and images <> '' order by at desc, seq desc limit 1";
        let row = sqlx::query(query).bind(release).fetch_optional(&self.pool).await;
        Ok(row.map_err(|error| failure("read", &error))?.map(|row| lines(&row, 0)).unwrap_or_default())
    }

    async fn summaries(&self, query: String, values: &[&str]) -> Result<Vec<Summary>, JournalError> {
        let mut query = sqlx::query(sqlx::AssertSqlSafe(query));
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
