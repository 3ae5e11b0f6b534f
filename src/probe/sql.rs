//! A statement in PostgreSQL or SQLite, and the bounds of its first value.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use serde::Deserialize;
use sqlx::{AnyConnection, Connection, Row};
use tokio::sync::Mutex;

use super::Look;
use super::bounds::Bounds;
use crate::domain::name;
use crate::domain::quote::quote;
use crate::domain::reading::Reading;
use crate::redact::{redact, redact_parts};
use crate::value::{Length, Secret};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// `postgres://...` or `sqlite://...`.
    pub url: Secret,
    /// Without bounds it only has to succeed.
    pub query: String,
    #[serde(default)]
    pub below: Option<f64>,
    #[serde(default)]
    pub above: Option<f64>,
    #[serde(default = "super::timeout")]
    pub timeout: Length,
}

pub struct Sql {
    url: String,
    query: String,
    bounds: Option<Bounds>,
    timeout: Duration,
    /// Kept from one look to the next; `None` before the first and after an error.
    connection: Mutex<Option<AnyConnection>>,
}

/// Why a look failed.
enum Trouble {
    /// The database does not answer, or the value is out of bounds.
    Service(String),
    /// The statement or its value makes no sense.
    Probe(String),
}

impl Sql {
    pub fn new(config: &Config) -> Result<Sql, String> {
        sqlx::any::install_default_drivers();
        Ok(Sql {
            url: config.url.reveal()?,
            query: config.query.clone(),
            bounds: Bounds::new(config.below, config.above),
            timeout: config.timeout.0,
            connection: Mutex::new(None),
        })
    }

    async fn ask(&self) -> Result<(), Trouble> {
        let service =
            |error: sqlx::Error| Trouble::Service(name::line(&redact_parts(&error.to_string(), &self.url), 160));
        let mut kept = self.connection.lock().await;
        // Taken out: a time-out may leave the connection in the middle of an answer.
        let mut connection = match kept.take() {
            Some(connection) => connection,
            None => AnyConnection::connect(&self.url).await.map_err(service)?,
        };
        let row = sqlx::query(sqlx::AssertSqlSafe(self.query.clone())).fetch_optional(&mut connection).await;
        let row = row.map_err(|error| match error {
            // It may repeat a part of the statement, or a value.
            sqlx::Error::Database(error) => Trouble::Probe(quote(&name::line(&redact(error.message()), 160))),
            error => service(error),
        })?;
        *kept = Some(connection);
        let Some(bounds) = self.bounds else { return Ok(()) };
        let row = row.ok_or_else(|| Trouble::Probe("the query returned no row".to_owned()))?;
        let whole = row.try_get::<i64, _>(0).map(|value| value as f64);
        let value = whole.or_else(|_| row.try_get::<f64, _>(0));
        let value = value.map_err(|_| Trouble::Probe("the query's first value is not a number".to_owned()))?;
        bounds.check(value).map_err(Trouble::Service)
    }
}

#[async_trait]
impl Look for Sql {
    async fn look(&self) -> Reading {
        let start = Instant::now();
        let asked = tokio::time::timeout(self.timeout, self.ask()).await;
        let latency = Some(start.elapsed());
        match asked {
            Ok(Ok(())) => Reading::Good { latency },
            Ok(Err(Trouble::Service(why))) => Reading::Error { latency, why },
            Ok(Err(Trouble::Probe(why))) => Reading::None { why },
            Err(_) => Reading::Error { latency, why: "no answer in time".to_owned() },
        }
    }
}
