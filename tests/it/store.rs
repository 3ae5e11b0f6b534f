//! The journal's promises, kept by both databases.

use hotfix::domain::event::{Declaration, Fact};
use hotfix::domain::incident::Incident;
use hotfix::domain::severity::Severity;
use hotfix::store::Store;
use hotfix::workflow::journal::{Entry, Journal, JournalError, Lease, fold, record};
use hotfix::workflow::plan::WORKFLOW;
use jiff::Timestamp;
use tempfile::TempDir;

use crate::database::{Database, Kind, try_execute};

mod sqlite {
    use super::*;

    #[tokio::test]
    async fn two_writers_never_write_the_same_event() {
        super::two_writers_never_write_the_same_event(Place::new(Kind::Sqlite)).await;
    }

    #[tokio::test]
    async fn events_are_never_changed() {
        super::events_are_never_changed(Place::new(Kind::Sqlite)).await;
    }

    #[tokio::test]
    async fn who_lost_the_lease_writes_no_more() {
        super::who_lost_the_lease_writes_no_more(Place::new(Kind::Sqlite)).await;
    }

    #[tokio::test]
    async fn a_number_is_given_once() {
        super::a_number_is_given_once(Place::new(Kind::Sqlite)).await;
    }

    #[tokio::test]
    async fn a_newer_schema_is_left_alone() {
        super::a_newer_schema_is_left_alone(Place::new(Kind::Sqlite)).await;
    }
}

mod postgres {
    use super::*;

    #[tokio::test]
    #[ignore = "needs PostgreSQL: ./test"]
    async fn two_writers_never_write_the_same_event() {
        super::two_writers_never_write_the_same_event(Place::new(Kind::Postgres)).await;
    }

    #[tokio::test]
    #[ignore = "needs PostgreSQL: ./test"]
    async fn events_are_never_changed() {
        super::events_are_never_changed(Place::new(Kind::Postgres)).await;
    }

    #[tokio::test]
    #[ignore = "needs PostgreSQL: ./test"]
    async fn who_lost_the_lease_writes_no_more() {
        super::who_lost_the_lease_writes_no_more(Place::new(Kind::Postgres)).await;
    }

    #[tokio::test]
    #[ignore = "needs PostgreSQL: ./test"]
    async fn a_number_is_given_once() {
        super::a_number_is_given_once(Place::new(Kind::Postgres)).await;
    }

    #[tokio::test]
    #[ignore = "needs PostgreSQL: ./test"]
    async fn a_newer_schema_is_left_alone() {
        super::a_newer_schema_is_left_alone(Place::new(Kind::Postgres)).await;
    }
}

async fn two_writers_never_write_the_same_event(place: Place) {
    let (ada, bob) = (place.open().await, place.open().await);
    let declared = write(&ada, None, &declaration(), None).await.unwrap();
    let noted = write(&ada, Some(declared.clone()), &note("Ada was first"), None).await.unwrap();
    // Bob knows only the declaration: his event goes after Ada's all the same.
    let last = write(&bob, Some(declared), &note("Bob was second"), None).await.unwrap();
    let events = bob.events("HOTFIX-1").await.unwrap();
    assert_eq!(events.iter().map(|event| event.seq).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(fold(&events).unwrap().unwrap(), last);
    let again = ada.append(&events[1], &noted, None).await;
    assert!(matches!(again, Err(JournalError::Conflict { seq: 2, .. })), "{again:?}");
}

async fn events_are_never_changed(place: Place) {
    let store = place.open().await;
    write(&store, None, &declaration(), None).await.unwrap();
    for statement in [
        "update event set actor = 'someone else'",
        "delete from event",
        "insert into event select incident, seq, at, 'someone else', fact, previous, digest from event",
    ] {
        assert!(try_execute(&place.url(), statement).is_err(), "{statement}");
    }
    let events = store.events("HOTFIX-1").await.unwrap();
    assert_eq!(events.iter().map(|event| event.actor.as_str()).collect::<Vec<_>>(), ["Ada"]);
}

async fn who_lost_the_lease_writes_no_more(place: Place) {
    let (ada, bob) = (place.open().await, place.open().await);
    let lease = ada.acquire("incident/HOTFIX-1", 60).await.unwrap();
    let declared = write(&ada, None, &declaration(), Some(&lease)).await.unwrap();
    let refused = bob.acquire("incident/HOTFIX-1", 60).await;
    assert!(matches!(refused, Err(JournalError::Leased { .. })), "{refused:?}");
    ada.renew(&lease, 0).await.unwrap();
    let taken = bob.acquire("incident/HOTFIX-1", 60).await.unwrap();
    assert!(taken.token > lease.token);
    for late in [
        ada.renew(&lease, 60).await.err(),
        write(&ada, Some(declared.clone()), &note("too late"), Some(&lease)).await.err(),
    ] {
        assert!(matches!(late, Some(JournalError::LeaseLost { .. })), "{late:?}");
    }
    write(&bob, Some(declared), &note("Bob goes on"), Some(&taken)).await.unwrap();
}

async fn a_number_is_given_once(place: Place) {
    let (ada, bob) = (place.open().await, place.open().await);
    let mut numbers = Vec::new();
    for _ in 0..20 {
        let (one, other) = tokio::join!(ada.next_number("20261120", 1), bob.next_number("20261120", 1));
        numbers.extend([one.unwrap(), other.unwrap()]);
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=40).collect::<Vec<_>>());
    assert_eq!(ada.next_number("20261120", 100).await.unwrap(), 100);
    assert_eq!(ada.next_number("20261121", 1).await.unwrap(), 1);
}

async fn a_newer_schema_is_left_alone(place: Place) {
    place.open().await.close().await;
    try_execute(&place.url(), "insert into schema_version (version) values (1000)").unwrap();
    let opened = Store::open(&place.database.location, place.directory.path(), "Ada").await;
    let error = opened.err().expect("it is refused").to_string();
    assert_eq!(error, "the journal can't be opened: it was written by a newer hotfix (schema 1000, this one knows 4)");
}

/// Where the journal of a test is kept.
struct Place {
    directory: TempDir,
    database: Database,
}

impl Place {
    fn new(kind: Kind) -> Place {
        let directory = tempfile::Builder::new().prefix("hotfix-").tempdir().unwrap();
        let name = directory.path().file_name().unwrap().to_str().unwrap();
        Place { database: Database::new(kind, name), directory }
    }

    async fn open(&self) -> Store {
        Store::open(&self.database.location, self.directory.path(), "Ada").await.unwrap()
    }

    /// The database behind the store's back.
    fn url(&self) -> String {
        match self.database.location.as_str() {
            "sqlite" => format!("sqlite://{}/journal.db", self.directory.path().display()),
            postgres => postgres.to_owned(),
        }
    }
}

async fn write(
    store: &Store,
    incident: Option<Incident>,
    fact: &Fact,
    lease: Option<&Lease>,
) -> Result<Incident, JournalError> {
    record(store, incident, Entry { key: "HOTFIX-1", actor: "Ada", now: Timestamp::now(), fact, lease }).await
}

fn note(text: &str) -> Fact {
    Fact::Noted { text: text.to_owned(), update: false }
}

pub fn declaration() -> Fact {
    Fact::Declared(Declaration {
        title: "Payment API returns 500".to_owned(),
        severity: Severity::P0,
        chosen_by: "Ada".to_owned(),
        detected: Timestamp::now(),
        impact: String::new(),
        symptoms: Vec::new(),
        services: Vec::new(),
        environment: "production".to_owned(),
        region: String::new(),
        users: String::new(),
        assessment: String::new(),
        ticket: None,
        cause: None,
        profile: String::new(),
        workflow: WORKFLOW,
    })
}
