//! What lists show, without reading a journal.

use std::collections::BTreeSet;

use jiff::Timestamp;
use sqlx::any::AnyRow;

use super::{Store, failure, get};
use crate::domain::release::ReleaseRecord;
use crate::domain::summary::{INCIDENT, Summary};
use crate::workflow::derived::{Listed, Log};
use crate::workflow::journal::{Journal, JournalError};

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

    /// Returns every incident that is over, the oldest first.
    pub async fn incidents_over(&self) -> Result<Vec<Summary>, JournalError> {
        let query = format!(
            "select {COLUMNS} from incident where service = $1 and kind = $2 and ended is not null order by ended, key"
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
            for row in &rows {
                all.push((get::<Option<String>>(row, 11)?.unwrap_or_default(), summary(row)?));
            }
        }
        Ok(all)
    }

    /// Returns the keys of all incidents that have events, the oldest first.
    pub async fn keys(&self) -> Result<Vec<String>, JournalError> {
        let query = "select distinct incident from event where service = $1 order by incident";
        let rows = sqlx::query(query).bind(self.service).fetch_all(&self.pool).await;
        rows.map_err(|error| failure("read", &error))?.iter().map(|row| get(row, 0)).collect()
    }

    /// Returns the incident with the identifier or key `id`.
    pub async fn find_incident(&self, id: &str) -> Result<Option<Summary>, JournalError> {
        let query = format!("select {COLUMNS} from incident where service = $1 and (id = $2 or key = $2)");
        Ok(self.summaries(query, &[id]).await?.pop())
    }

    /// Returns every line of the list of incidents and orders.
    pub async fn all_incidents(&self) -> Result<Vec<Summary>, JournalError> {
        self.summaries(format!("select {COLUMNS} from incident where service = $1 order by key"), &[]).await
    }

    /// Returns every line of the list of releases.
    pub async fn all_releases(&self) -> Result<Vec<Listed>, JournalError> {
        self.listed("order by incident, seq", &[]).await
    }

    /// Returns up to `most` releases of an environment, the newest first, as their journals have them. A
    /// line that no journal has is left out, with a warning.
    pub async fn releases(&self, environment: &str, most: u32) -> Result<Vec<ReleaseRecord>, JournalError> {
        let rest = format!("and environment = $2 order by at desc, seq desc limit {most}");
        let lines = self.listed(&rest, &[environment]).await?;
        let log = self.log(&lines).await?;
        let mut releases = Vec::with_capacity(lines.len());
        for line in &lines {
            match log.confirmed(line) {
                Some(confirmed) => releases.push(confirmed.record),
                None => tracing::warn!(
                    "the list of releases has `{}`, which no journal has; it is left out: hotfix audit verify",
                    line.record.release
                ),
            }
        }
        Ok(releases)
    }

    /// Returns the images of a release as it was last deployed, in any environment, by the journals.
    pub async fn images(&self, release: &str) -> Result<Vec<String>, JournalError> {
        let lines = self.listed("and name = $2 order by at desc, seq desc limit 20", &[release]).await?;
        Ok(self.log(&lines).await?.images(release))
    }

    /// What the journals of these lines say. A journal that can't be read confirms nothing.
    async fn log(&self, lines: &[Listed]) -> Result<Log, JournalError> {
        let mut log = Log::default();
        for key in lines.iter().map(|line| &line.incident).collect::<BTreeSet<_>>() {
            match self.events(key).await {
                Ok(events) => drop(log.add(&events)),
                Err(JournalError::Unreadable { .. } | JournalError::Newer { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(log)
    }

    async fn listed(&self, rest: &str, values: &[&str]) -> Result<Vec<Listed>, JournalError> {
        let query = format!(
            "select at, environment, name, commit_id, images, deployer, reason, verdict, incident, seq from release
             where service = $1 {rest}"
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(query)).bind(self.service);
        for value in values {
            query = query.bind(*value);
        }
        let rows = query.fetch_all(&self.pool).await.map_err(|error| failure("read", &error))?;
        rows.iter().map(listed).collect()
    }

    async fn summaries(&self, query: String, values: &[&str]) -> Result<Vec<Summary>, JournalError> {
        let mut query = sqlx::query(sqlx::AssertSqlSafe(query)).bind(self.service);
        for value in values {
            query = query.bind(*value);
        }
        let rows = query.fetch_all(&self.pool).await.map_err(|error| failure("read", &error))?;
        rows.iter().map(summary).collect()
    }
}

fn summary(row: &AnyRow) -> Result<Summary, JournalError> {
    Ok(Summary {
        key: get(row, 0)?,
        id: get(row, 1)?,
        title: get(row, 2)?,
        severity: get(row, 3)?,
        status: get(row, 4)?,
        step: get(row, 5)?,
        detected: time(row, 6)?.unwrap_or_default(),
        declared: time(row, 7)?.unwrap_or_default(),
        updated: time(row, 8)?.unwrap_or_default(),
        ended: time(row, 9)?,
        kind: get(row, 10)?,
    })
}

fn listed(row: &AnyRow) -> Result<Listed, JournalError> {
    let record = ReleaseRecord {
        at: time(row, 0)?.unwrap_or_default(),
        environment: get(row, 1)?,
        release: get(row, 2)?,
        commit: get(row, 3)?,
        images: get::<String>(row, 4)?.lines().map(str::to_owned).collect(),
        deployer: get(row, 5)?,
        reason: get(row, 6)?,
        verdict: get(row, 7)?,
    };
    Ok(Listed { incident: get(row, 8)?, seq: get(row, 9)?, record })
}

fn time(row: &AnyRow, column: usize) -> Result<Option<Timestamp>, JournalError> {
    Ok(get::<Option<i64>>(row, column)?.and_then(|ms| Timestamp::from_millisecond(ms).ok()))
}
