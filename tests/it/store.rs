//! The journal's promises, kept by both databases.

use hotfix::domain::actor::{Actor, Identity, Made};
use hotfix::domain::audit;
use hotfix::domain::event::{Declaration, Fact};
use hotfix::domain::incident::Incident;
use hotfix::domain::severity::Severity;
use hotfix::store::{Claim, OpenError, Store};
use hotfix::workflow::journal::{Entry, Journal, JournalError, Lease, fold, record, record_decided};
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

    #[tokio::test]
    async fn a_proof_is_kept_and_chained() {
        super::a_proof_is_kept_and_chained(Place::new(Kind::Sqlite)).await;
    }

    #[tokio::test]
    async fn a_decided_event_is_decided_again_after_a_race() {
        super::a_decided_event_is_decided_again_after_a_race(Place::new(Kind::Sqlite)).await;
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

    #[tokio::test]
    #[ignore = "needs PostgreSQL: ./test"]
    async fn a_proof_is_kept_and_chained() {
        super::a_proof_is_kept_and_chained(Place::new(Kind::Postgres)).await;
    }

    #[tokio::test]
    #[ignore = "needs PostgreSQL: ./test"]
    async fn a_decided_event_is_decided_again_after_a_race() {
        super::a_decided_event_is_decided_again_after_a_race(Place::new(Kind::Postgres)).await;
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
        "insert into event select service, incident, seq, at, 'someone else', proof, fact, previous, digest from event",
    ] {
        assert!(try_execute(&place.url(), statement).is_err(), "{statement}");
    }
    let events = store.events("HOTFIX-1").await.unwrap();
    assert_eq!(events.iter().map(|event| event.actor.to_string()).collect::<Vec<_>>(), ["Ada"]);
}

async fn who_lost_the_lease_writes_no_more(place: Place) {
    let (ada, bob) = (place.open().await, place.open().await);
    let by_ada = self::ada();
    let lease = ada.acquire("incident/HOTFIX-1", &by_ada, 60).await.unwrap();
    let declared = write(&ada, None, &declaration(), Some(&lease)).await.unwrap();
    let refused = bob.acquire("incident/HOTFIX-1", &by_ada, 60).await;
    assert!(matches!(refused, Err(JournalError::Leased { .. })), "{refused:?}");
    ada.renew(&lease, 0).await.unwrap();
    let taken = bob.acquire("incident/HOTFIX-1", &by_ada, 60).await.unwrap();
    assert!(taken.token > lease.token);
    for late in [
        ada.renew(&lease, 60).await.err(),
        write(&ada, Some(declared.clone()), &note("too late"), Some(&lease)).await.err(),
    ] {
        assert!(matches!(late, Some(JournalError::LeaseLost { .. })), "{late:?}");
    }
    write(&bob, Some(declared), &note("Bob goes on"), Some(&taken)).await.unwrap();
}

/// How an actor was proven is part of the chain.
async fn a_proof_is_kept_and_chained(place: Place) {
    let store = place.open().await;
    let made = Made { at: Timestamp::now(), nonce: "00ff".to_owned() };
    let proof = Identity::Signature { key: "SHA256:x".to_owned(), made, signature: "-----".to_owned() };
    let bob = Actor { proof, ..Actor::claimed("Bob <bob@x>") };
    write(&store, None, &declaration(), None).await.unwrap();
    let declared = fold(&store.events("HOTFIX-1").await.unwrap()).unwrap();
    let entry = Entry { key: "HOTFIX-1", actor: &bob, now: Timestamp::now(), fact: &note("seen"), lease: None };
    let after = record(&store, declared, entry).await.unwrap();
    let again = record(&store, Some(after), entry).await.err();
    assert!(matches!(&again, Some(JournalError::Illegal(why)) if why.why.contains("same statement")), "{again:?}");
    let mut events = store.events("HOTFIX-1").await.unwrap();
    assert_eq!(events.iter().map(|event| &event.actor.proof).collect::<Vec<_>>(), [&Identity::Claimed, &bob.proof]);
    assert_eq!(audit::verify(&events, &[]), []);
    events[1].actor.proof = Identity::Claimed;
    assert_eq!(audit::verify(&events, &[]).len(), 1, "a proof that was taken away is found");
}

/// Two writers who both count the action items get two numbers.
async fn a_decided_event_is_decided_again_after_a_race(place: Place) {
    let (ada, bob) = (place.open().await, place.open().await);
    write(&ada, None, &declaration(), None).await.unwrap();
    let next = |incident: &Incident| Fact::ActionAdded {
        action: (incident.actions.len() + 1).to_string(),
        kind: "prevent".to_owned(),
        text: "alert on it".to_owned(),
        owner: "Ada".to_owned(),
        due: Timestamp::now(),
    };
    let by = self::ada();
    let by = (&by, Timestamp::now());
    for _ in 0..10 {
        let (one, other) =
            tokio::join!(record_decided(&ada, "HOTFIX-1", by, &next), record_decided(&bob, "HOTFIX-1", by, &next));
        one.unwrap();
        other.unwrap();
    }
    let incident = fold(&ada.events("HOTFIX-1").await.unwrap()).unwrap().unwrap();
    let numbers: Vec<_> = incident.actions.iter().map(|action| action.id.parse::<usize>().unwrap()).collect();
    assert_eq!(numbers, (1..=20).collect::<Vec<_>>());
    let first = Fact::ActionAdded {
        action: "1".to_owned(),
        kind: "prevent".to_owned(),
        text: "again".to_owned(),
        owner: "Ada".to_owned(),
        due: Timestamp::now(),
    };
    let again = write(&ada, Some(incident), &first, None).await;
    assert!(matches!(again, Err(JournalError::Illegal(_))), "{again:?}");
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
    let opened = Store::open(&place.database.location, place.directory.path(), &claim("shop")).await;
    let error = opened.err().expect("it is refused").to_string();
    assert_eq!(error, "the journal can't be opened: it was written by a newer hotfix (schema 1000, this one knows 8)");
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
        self.open_as(&claim("shop")).await.unwrap()
    }

    async fn open_as(&self, claim: &Claim) -> Result<Store, OpenError> {
        Store::open(&self.database.location, self.directory.path(), claim).await
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
    record(store, incident, Entry { key: "HOTFIX-1", actor: &ada(), now: Timestamp::now(), fact, lease }).await
}

fn ada() -> Actor {
    Actor::claimed("Ada")
}

/// A clone of the repository of this name.
fn claim(repository: &str) -> Claim {
    Claim { name: None, address: format!("git.example/{repository}") }
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
        policy: None,
        lowered: None,
        broken_by: None,
        embargo: false,
        profile: String::new(),
        workflow: WORKFLOW,
    })
}
