//! What differs between SQLite and PostgreSQL.

use std::fmt::Write;
use std::path::Path;

use crate::workflow::journal::JournalError;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    /// The database's own clock, in milliseconds since 1970: the one clock that all holders of
    /// leases share.
    pub fn now(self) -> &'static str {
        match self {
            Dialect::Sqlite => "cast(unixepoch('subsec') * 1000 as integer)",
            Dialect::Postgres => "cast(extract(epoch from clock_timestamp()) * 1000 as bigint)",
        }
    }

    /// The first statements of each connection.
    pub fn session(self) -> &'static [&'static str] {
        match self {
            Dialect::Sqlite => {
                &["pragma busy_timeout = 10000", "pragma journal_mode = wal", "pragma synchronous = full"]
            }
            Dialect::Postgres => &["set lock_timeout = '10s'", "set statement_timeout = '30s'"],
        }
    }

    /// Keeps every other process from changing the schema until the transaction ends.
    pub fn lock_schema(self) -> &'static str {
        match self {
            // The transaction is already an immediate one.
            Dialect::Sqlite => "select 1",
            Dialect::Postgres => "select cast(pg_advisory_xact_lock(4851970) as text)",
        }
    }

    pub fn begin(self) -> &'static str {
        match self {
            Dialect::Sqlite => "begin immediate",
            Dialect::Postgres => "begin",
        }
    }
}

/// Returns the database that `location` names, and the URL to connect to.
pub fn parse(location: &str, directory: &Path) -> Result<(Dialect, String), JournalError> {
    if location.starts_with("postgres://") || location.starts_with("postgresql://") {
        return Ok((Dialect::Postgres, location.to_owned()));
    }
    if location != "sqlite" {
        return Err(JournalError::Store {
            action: "opened",
            reason: "its location is neither `sqlite` nor `postgres://...`".to_owned(),
            hint: Some("set `store` in hotfix.toml, or HOTFIX_STORE".to_owned()),
        });
    }
    // Percent-encoded, because a path may have any character.
    let path = directory.join("journal.db");
    let encoded = path.as_os_str().as_encoded_bytes().iter().fold(String::new(), |mut url, byte| {
        let _ = match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => write!(url, "{}", char::from(*byte)),
            _ => write!(url, "%{byte:02X}"),
        };
        url
    });
    Ok((Dialect::Sqlite, format!("sqlite://{encoded}?mode=rwc")))
}

/// Whether the statement failed because the event already exists.
pub fn is_conflict(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .is_some_and(|error| error.is_unique_violation() || error.message().contains("events are never replaced"))
}

/// What to do about an error, if known.
pub fn hint(reason: &str) -> Option<&'static str> {
    const KNOWN: &[(&str, &str)] = &[
        ("readonly database", "make the repository's git directory writable, or set HOTFIX_STORE"),
        ("unable to open database file", "make the repository's git directory writable, or set HOTFIX_STORE"),
        (
            "disk is full",
            "free some space, then `hotfix status` says how to continue; nothing that was recorded is lost",
        ),
        ("disk I/O error", "check the disk and its space, then `hotfix status` says how to continue"),
        ("database is locked", "another process is writing; try again"),
        (
            "not a database",
            "restore hotfix/journal.db in the git directory from a backup; `hotfix audit verify` checks it",
        ),
        ("malformed", "restore hotfix/journal.db in the git directory from a backup; `hotfix audit verify` checks it"),
        ("Connection refused", "start the database, or set HOTFIX_STORE=sqlite to continue without the team's"),
        ("pool timed out", "start the database, or set HOTFIX_STORE=sqlite to continue without the team's"),
    ];
    KNOWN.iter().find(|(symptom, _)| reason.contains(symptom)).map(|(_, hint)| *hint)
}
