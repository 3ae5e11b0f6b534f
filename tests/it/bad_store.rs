//! A journal that can't be read or written gets a clear error, and nothing is lost.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use insta::assert_snapshot;
use sqlx::{AnyConnection, Connection};

use crate::database::execute;
use crate::env::TestEnv;

fn start(env: &TestEnv) {
    let started = env.hotfix(&["start", "Payment API returns 500", "--severity", "P0", "--issue-id", "001"]);
    assert_eq!(started.status, Some(0), "{started}");
}

#[test]
fn a_journal_that_can_not_be_written() {
    let env = TestEnv::new();
    start(&env);
    let directory = env.path("work/.git/hotfix");
    for path in fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()).chain([directory.clone()]) {
        let mode = if path.is_dir() { 0o555 } else { 0o444 };
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
    let noted = env.run(&mut env.hotfix_held_to_permissions(&["note", "customers call"]));
    fs::set_permissions(directory, fs::Permissions::from_mode(0o755)).unwrap();
    // Whether opening or writing is refused depends on what the last process left of the log.
    assert_eq!(noted.status, Some(1), "{noted}");
    let said = ["attempt to write a readonly database", "hint: make the repository's git directory writable"];
    assert!(said.iter().all(|said| noted.stderr.contains(said)), "{noted}");
}

#[test]
fn a_full_disk_loses_nothing() {
    let env = TestEnv::new();
    start(&env);
    let before = env.hotfix(&["timeline"]).stdout;
    let full = env.run(&mut env.hotfix_on_a_full_disk(40, &["note", &"customers call; ".repeat(5_000)]));
    assert_snapshot!(full, @"
    exit status: 1
    --- stderr
    error: the journal can't be written: error returned from database: (code: 778) disk I/O error
    hint: check the disk and its space, then `hotfix status` says how to continue
    ");
    assert_eq!(env.hotfix(&["timeline"]).stdout, before);
    assert_eq!(env.hotfix(&["note", "there is space again"]).status, Some(0));
}

#[tokio::test]
async fn a_locked_journal_is_waited_for_and_named() {
    let env = TestEnv::new();
    start(&env);
    sqlx::any::install_default_drivers();
    let mut other = AnyConnection::connect(&env.journal()).await.unwrap();
    sqlx::query("begin immediate").execute(&mut other).await.unwrap();
    assert_snapshot!(env.hotfix(&["note", "customers call"]), @"
    exit status: 1
    --- stderr
    error: the journal can't be written: error returned from database: (code: 5) database is locked
    hint: another process is writing; try again
    ");
}

#[test]
fn a_corrupt_journal_is_not_written_to() {
    let env = TestEnv::new();
    start(&env);
    let path = env.path("work/.git/hotfix/journal.db");
    fs::remove_file(path.with_extension("db-wal")).ok();
    fs::write(&path, "this is no database, this is a text\n".repeat(1000)).unwrap();
    assert_snapshot!(env.hotfix(&["status"]), @"
    exit status: 1
    --- stderr
    error: the journal can't be opened: error returned from database: (code: 26) file is not a database
    hint: restore hotfix/journal.db in the git directory from a backup; `hotfix audit verify` checks it
    ");
    assert!(fs::read_to_string(&path).unwrap().starts_with("this is no database"));
}

#[test]
fn a_journal_of_a_newer_version_is_left_alone() {
    let env = TestEnv::new();
    start(&env);
    execute(&env.journal(), "insert into schema_version (version) values (1000)");
    assert_snapshot!(env.hotfix(&["status"]), @"
    exit status: 1
    --- stderr
    error: the journal can't be opened: it was written by a newer hotfix (schema 1000, this one knows 8)
    hint: update hotfix
    ");
}

#[test]
fn a_step_of_a_newer_hotfix_stops_its_own_incident_only() {
    let env = TestEnv::new();
    start(&env);
    let other = env.hotfix(&["declare", "Checkout is slow", "--severity", "P1", "--issue-id", "002"]);
    assert_eq!(other.status, Some(0), "{other}");
    let fact = r#"{"event":"step-started","step":"paint"}"#;
    execute(
        &env.journal(),
        &format!(
            "insert into event (service, incident, seq, at, actor, proof, fact, previous, digest)
             select service, incident, seq + 1, at, actor, proof, '{fact}', digest, 'd' from event
             where incident = '001' order by seq desc limit 1"
        ),
    );
    assert_snapshot!(env.hotfix(&["status", "001"]), @"
    exit status: 1
    --- stderr
    error: event 10 of `001` was written by a newer hotfix: there is no step `paint`
    hint: update hotfix
    ");
    assert_eq!(env.hotfix(&["status", "002"]).status, Some(0));
    assert!(env.hotfix(&["list"]).stdout.contains("Payment API returns 500"));
}

#[test]
fn a_database_server_that_is_down() {
    let env = TestEnv::new();
    let mut list = env.hotfix_command(&["list"]);
    list.env("HOTFIX_STORE", "postgres://ada:secret@127.0.0.1:1/hotfix");
    assert_snapshot!(env.run(&mut list), @"
    exit status: 1
    --- stderr
    error: the journal can't be opened: error communicating with database: Connection refused
    hint: start the database, or set HOTFIX_STORE=sqlite to continue without the team's
    ");
}
