//! The commands that change production, as all clones and machines of a service see them.

use std::io;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use sqlx::Row;
use sqlx::any::AnyRow;

use super::{Store, failure};
use crate::process::Ended;
use crate::process::machine::Process;
use crate::process::running::{Record, Records, State, Work};
use crate::workflow::journal::JournalError;

/// How another process of this program finds the same rows.
#[derive(Serialize, Deserialize)]
struct Address {
    location: String,
    directory: std::path::PathBuf,
    service: i64,
}

impl Store {
    /// Opens what [`Records::address`] tells of.
    pub async fn at(address: &str) -> Result<Store, JournalError> {
        let unreadable =
            |error: serde_json::Error| JournalError::Store { action: "opened", reason: error.to_string(), hint: None };
        let Address { location, directory, service } = serde_json::from_str(address).map_err(unreadable)?;
        let mut store = Store::connected(&location, &directory).await?;
        store.service = service;
        Ok(store)
    }

    /// Everything that runs, the oldest first.
    pub async fn running(&self) -> Result<Vec<Record>, JournalError> {
        let query = self.select("state = 'running' order by started_at");
        let rows = sqlx::query(sqlx::AssertSqlSafe(query)).bind(self.service).fetch_all(&self.pool).await;
        let rows = rows.map_err(|error| failure("read", &error))?;
        rows.iter().map(|row| record(row).map_err(|error| unreadable(&error))).collect()
    }

    /// Takes what runs in `place` for ended, as a person says, and returns it; `None` where nothing runs.
    pub async fn declare_ended(&self, place: &str) -> Result<Option<Record>, JournalError> {
        let found = self.running_in(place).await.map_err(|error| unreadable(&error))?;
        if let Some(record) = &found {
            let ended = self.ended(&record.work.name, record.token, None).await;
            ended.map_err(|error| unreadable(&error))?;
        }
        Ok(found)
    }

    fn select(&self, which: &str) -> String {
        let now = self.dialect.now();
        format!(
            "select name, place, incident, step, token, state, words, clone, directory, process, supervisor, ended,
                started_at, {now} - started_at, {now} - seen_at
             from running where service = $1 and {which}"
        )
    }

    async fn one(&self, which: &str, value: &str) -> io::Result<Option<Record>> {
        let query = self.select(&format!("{which} = $2"));
        let row = sqlx::query(sqlx::AssertSqlSafe(query)).bind(self.service).bind(value);
        row.fetch_optional(&self.pool).await.map_err(|error| lost("read", &error))?.as_ref().map(record).transpose()
    }

    /// Changes the attempt `token` where it is in one of the states `from`; returns whether it was.
    async fn turn(&self, name: &str, token: i64, set: &str, values: [&str; 2]) -> io::Result<bool> {
        let query = format!("update running set {set} and service = $1 and name = $2 and token = $3");
        let query = sqlx::query(sqlx::AssertSqlSafe(query)).bind(self.service).bind(name).bind(token);
        let query = query.bind(values[0]).bind(values[1]);
        let done = query.execute(&self.pool).await.map_err(|error| lost("written", &error))?;
        Ok(done.rows_affected() == 1)
    }
}

#[async_trait]
impl Records for Store {
    async fn begin(&self, work: &Work, words: &str) -> io::Result<Option<i64>> {
        let now = self.dialect.now();
        let query = format!(
            "insert into running (service, name, place, incident, step, token, state, words, clone, directory,
                process, supervisor, ended, started_at, seen_at, ended_at)
             select $1, $2, $3, $4, $5, 1, 'starting', $6, $7, $8, '', '', '', {now}, {now}, 0
             where not exists (select 1 from running where service = $1 and place = $3 and state = 'running')
             on conflict (service, name) do update
             set token = running.token + 1, state = 'starting', place = excluded.place, incident = excluded.incident,
                step = excluded.step, words = excluded.words, clone = excluded.clone, directory = excluded.directory,
                process = '', supervisor = '', ended = '', ended_at = 0,
                started_at = excluded.started_at, seen_at = excluded.seen_at
             where running.state <> 'running'
             returning token"
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(query)).bind(self.service).bind(&work.name).bind(&work.place);
        let query = query.bind(&work.incident).bind(&work.step).bind(words);
        let query = query.bind(work.clone.display().to_string()).bind(work.directory.display().to_string());
        let row = query.fetch_optional(&self.pool).await.map_err(|error| lost("written", &error))?;
        Ok(row.map(|row| row.get(0)))
    }

    async fn started(&self, name: &str, token: i64, process: &Process, supervisor: &Process) -> io::Result<bool> {
        let (process, supervisor) = (serde_json::to_string(process)?, serde_json::to_string(supervisor)?);
        let now = self.dialect.now();
        let set = format!(
            "state = 'running', process = $4, supervisor = $5, started_at = {now}, seen_at = {now}
             where state = 'starting'"
        );
        self.turn(name, token, &set, [&process, &supervisor]).await
    }

    async fn beat(&self, name: &str, token: i64) -> io::Result<()> {
        let set = format!("seen_at = {} where state = 'running' and $4 = $5", self.dialect.now());
        self.turn(name, token, &set, ["", ""]).await.map(drop)
    }

    async fn ended(&self, name: &str, token: i64, ended: Option<&Ended>) -> io::Result<()> {
        let ended = ended.map(serde_json::to_string).transpose()?.unwrap_or_default();
        let now = self.dialect.now();
        let set = format!("state = 'ended', ended = $4, ended_at = {now} where state = 'running' and $5 = ''");
        self.turn(name, token, &set, [&ended, ""]).await.map(drop)
    }

    async fn cancel(&self, name: &str, token: i64) -> io::Result<bool> {
        let now = self.dialect.now();
        let set = format!("state = 'ended', ended_at = {now} where state = 'starting' and $4 = $5");
        self.turn(name, token, &set, ["", ""]).await
    }

    async fn find(&self, name: &str) -> io::Result<Option<Record>> {
        self.one("name", name).await
    }

    async fn running_in(&self, place: &str) -> io::Result<Option<Record>> {
        self.one("state = 'running' and place", place).await
    }

    fn address(&self) -> String {
        let (location, directory) = self.place.clone();
        serde_json::to_string(&Address { location, directory, service: self.service }).unwrap_or_default()
    }
}

fn record(row: &AnyRow) -> io::Result<Record> {
    let number = |index: usize| row.try_get::<i64, _>(index).map_err(|error| lost("read", &error));
    let text = |index: usize| row.try_get::<String, _>(index).map_err(|error| lost("read", &error));
    let process = |text: String| match text.is_empty() {
        true => Ok(Process::default()),
        false => serde_json::from_str(&text),
    };
    let passed = |index: usize| number(index).map(|passed| Duration::from_millis(u64::try_from(passed).unwrap_or(0)));
    let ended = text(11)?;
    Ok(Record {
        work: Work {
            name: text(0)?,
            place: text(1)?,
            incident: text(2)?,
            step: text(3)?,
            clone: text(7)?.into(),
            directory: text(8)?.into(),
        },
        token: number(4)?,
        state: match text(5)?.as_str() {
            "starting" => State::Starting,
            "running" => State::Running,
            _ => State::Ended,
        },
        words: text(6)?,
        process: process(text(9)?)?,
        supervisor: process(text(10)?)?,
        ended: if ended.is_empty() { None } else { Some(serde_json::from_str(&ended)?) },
        started_at: number(12)?,
        age: passed(13)?,
        silence: passed(14)?,
    })
}

fn lost(action: &'static str, error: &sqlx::Error) -> io::Error {
    io::Error::other(failure(action, error).to_string())
}

fn unreadable(error: &io::Error) -> JournalError {
    JournalError::Store { action: "read", reason: error.to_string(), hint: None }
}
