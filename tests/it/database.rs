//! A database of a test's own.

use sqlx::{AnyConnection, Connection};

/// Which database keeps the journal. Tests that need PostgreSQL are marked as ignored, for a plain
/// `cargo test` has none; `./test` has, and runs them.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Sqlite,
    Postgres,
}

/// What `store` in hotfix.toml, or HOTFIX_STORE, says; gone with all that is in it when dropped.
pub struct Database {
    pub location: String,
    /// The server's own database, and the name of the one made in it.
    server: Option<(String, String)>,
}

impl Database {
    /// `name` is not used by any other test.
    pub fn new(kind: Kind, name: &str) -> Database {
        match kind {
            Kind::Sqlite => Database { location: "sqlite".to_owned(), server: None },
            Kind::Postgres => {
                let server = std::env::var("HOTFIX_TEST_POSTGRES")
                    .expect("HOTFIX_TEST_POSTGRES says where PostgreSQL is; ./test starts one");
                execute(&server, &format!("create database \"{name}\""));
                let (place, _) = server.rsplit_once('/').expect("it ends in the name of a database");
                Database { location: format!("{place}/{name}"), server: Some((server, name.to_owned())) }
            }
        }
    }
}

impl Database {
    /// The same database for somebody else; it is gone with `self`.
    pub fn shared(&self) -> Database {
        Database { location: self.location.clone(), server: None }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some((server, name)) = &self.server {
            execute(server, &format!("drop database \"{name}\" with (force)"));
        }
    }
}

/// Runs statements on the database at `url`, and fails the test where one fails.
pub fn execute(url: &str, statements: &str) {
    try_execute(url, statements).unwrap_or_else(|error| panic!("{statements}: {error}"));
}

/// Runs statements on the database at `url`.
pub fn try_execute(url: &str, statements: &str) -> Result<(), sqlx::Error> {
    sqlx::any::install_default_drivers();
    let run = async {
        let mut connection = AnyConnection::connect(url).await?;
        sqlx::raw_sql(sqlx::AssertSqlSafe(statements)).execute(&mut connection).await?;
        connection.close().await
    };
    // A thread of its own, for the caller may be within a runtime.
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(run)
        });
        thread.join().expect("no panic")
    })
}
