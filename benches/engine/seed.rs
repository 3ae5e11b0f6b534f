//! A journal that has seen ten years of incidents.

use std::sync::Mutex;

use async_trait::async_trait;
use hotfix::domain::event::{Declaration, Event, Fact, Planned};
use hotfix::domain::evidence::Evidence;
use hotfix::domain::incident::Incident;
use hotfix::domain::severity::Severity;
use hotfix::domain::strategy::Strategy;
use hotfix::workflow::journal::{Entry, Journal, JournalError, Lease, record};
use hotfix::workflow::plan::{self, WORKFLOW};
use jiff::{SignedDuration, Timestamp};
use sqlx::{AnyConnection, Connection};

/// How many events each incident has.
pub const EVENTS: usize = 30;

/// Writes `incidents` incidents to the tables at `url`, all of them over but the last.
pub async fn seed(url: &str, incidents: usize) -> Result<(), sqlx::Error> {
    sqlx::any::install_default_drivers();
    let mut connection = AnyConnection::connect(url).await?;
    let mut tx = connection.begin().await?;
    let first = Timestamp::now() - SignedDuration::from_hours(24 * 3650);
    for number in 0..incidents {
        let declared = first + SignedDuration::from_hours(24 * 3650) / incidents as i32 * number as i32;
        let (events, incident) = story(number, declared, number + 1 == incidents).await;
        let values: Vec<String> = (0..EVENTS)
            .map(|row| (1..=7).map(|column| format!("${}", row * 7 + column)).collect::<Vec<_>>().join(", "))
            .collect();
        let statement = format!("insert into event values ({})", values.join("), ("));
        let mut query = sqlx::query(sqlx::AssertSqlSafe(statement));
        for event in &events {
            query = query.bind(&event.incident).bind(event.seq).bind(event.at.as_millisecond()).bind(&event.actor);
            query = query.bind(&event.text).bind(&event.previous).bind(&event.digest);
        }
        query.execute(&mut *tx).await?;
        sqlx::query("insert into incident values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)")
            .bind(&incident.key)
            .bind(&incident.id)
            .bind(&incident.declaration.title)
            .bind(incident.severity.as_str())
            .bind(incident.status.as_str())
            .bind("")
            .bind(incident.declared.as_millisecond())
            .bind(incident.declaration.detected.as_millisecond())
            .bind(incident.updated.as_millisecond())
            .bind(incident.ended.map(Timestamp::as_millisecond))
            .execute(&mut *tx)
            .await?;
    }
    tx.commit().await?;
    connection.close().await
}

/// The events of one incident, a minute apart, and what they add up to.
async fn story(number: usize, declared: Timestamp, open: bool) -> (Vec<Event>, Incident) {
    let journal = Kept::default();
    let key = format!("HOTFIX-{}-{:03}", declared.strftime("%Y%m%d"), number % 1000);
    let mut incident = None;
    for (minute, fact) in facts(declared, open).iter().enumerate() {
        let now = declared + SignedDuration::from_mins(minute as i64);
        let entry = Entry { key: &key, actor: "Ada <ada@example.org>", now, fact, lease: None };
        incident = Some(record(&journal, incident, entry).await.expect("each of the facts may follow"));
    }
    (journal.0.into_inner().expect("nothing panicked"), incident.expect("there are facts"))
}

/// A roll-back, and as many notes as there is room for.
fn facts(declared: Timestamp, open: bool) -> Vec<Fact> {
    let planned = |strategy, steps: &[&str]| {
        let reasons = vec!["a deploy of the last 2 hours".to_owned()];
        Fact::Planned(Planned { strategy, reasons, steps: plan::names(steps), back: None })
    };
    let done = |step: &&str| {
        let evidence = Evidence::new(format!("{step} is done, and this line says what is worth knowing of it"));
        [Fact::StepStarted { step: step.to_string() }, Fact::StepDone { step: step.to_string(), evidence }]
    };
    let mut facts = vec![declaration(declared), planned(None, plan::OPENING)];
    facts.extend(plan::OPENING.iter().flat_map(done));
    facts.push(planned(Some(Strategy::A), plan::steps(Strategy::A)));
    facts.extend(plan::steps(Strategy::A).iter().flat_map(done));
    while facts.len() + usize::from(!open) < EVENTS {
        facts.push(Fact::Noted { text: "customers report that it works again".to_owned(), update: true });
    }
    if !open {
        facts.push(Fact::Closed {});
    }
    facts
}

fn declaration(declared: Timestamp) -> Fact {
    Fact::Declared(Declaration {
        title: "Payment API returns 500".to_owned(),
        severity: Severity::P0,
        chosen_by: "revenue is blocked".to_owned(),
        detected: declared,
        impact: "no payment goes through".to_owned(),
        symptoms: vec!["status 500 on every request".to_owned()],
        services: vec!["payment-api".to_owned()],
        environment: "production".to_owned(),
        region: "all".to_owned(),
        users: "all".to_owned(),
        assessment: String::new(),
        ticket: None,
        cause: None,
        profile: String::new(),
        workflow: WORKFLOW,
    })
}

/// A journal in memory.
#[derive(Default)]
struct Kept(Mutex<Vec<Event>>);

#[async_trait]
impl Journal for Kept {
    async fn events(&self, _: &str) -> Result<Vec<Event>, JournalError> {
        Ok(self.0.lock().expect("nothing panicked").clone())
    }

    async fn append(&self, event: &Event, _: &Incident, _: Option<&Lease>) -> Result<(), JournalError> {
        self.0.lock().expect("nothing panicked").push(event.clone());
        Ok(())
    }

    async fn acquire(&self, name: &str, _: u32) -> Result<Lease, JournalError> {
        Ok(Lease { name: name.to_owned(), token: 1 })
    }

    async fn renew(&self, _: &Lease, _: u32) -> Result<(), JournalError> {
        Ok(())
    }

    async fn release(&self, _: &Lease) -> Result<(), JournalError> {
        Ok(())
    }
}
