//! A journal that has seen ten years of incidents.

use std::path::Path;
use std::sync::Mutex;

use async_trait::async_trait;
use hotfix::app::error::AppError;
use hotfix::app::service::{Options, Service};
use hotfix::domain::actor::Actor;
use hotfix::domain::event::{Declaration, Event, Fact, Planned};
use hotfix::domain::evidence::Evidence;
use hotfix::domain::incident::Incident;
use hotfix::domain::severity::Severity;
use hotfix::domain::step_name::StepName;
use hotfix::domain::strategy::Strategy;
use hotfix::workflow::journal::{Entry, Journal, JournalError, Lease, record};
use hotfix::workflow::plan::{self, WORKFLOW};
use jiff::{SignedDuration, Timestamp};

/// How many events each incident has.
pub const EVENTS: usize = 30;

/// Writes `incidents` incidents to the journal of the repository in `directory`, all of them over but
/// the last.
pub async fn seed(directory: &Path, incidents: usize) -> Result<(), AppError> {
    let service = Service::open(&Options { directory: directory.to_owned(), profile: None, fresh: false }).await?;
    let journals = journals(incidents).await;
    service.by(Actor::claimed("Ada <ada@example.org>")).import(&journals).await.map(drop)
}

/// The journals of so many incidents, all of them over but the last.
pub async fn journals(incidents: usize) -> Vec<Vec<Event>> {
    let years = SignedDuration::from_hours(24 * 3650);
    let first = Timestamp::now() - years;
    let mut journals = Vec::new();
    for number in 0..incidents {
        let declared = first + years / incidents as i32 * number as i32;
        journals.push(story(number, declared, number + 1 == incidents).await);
    }
    journals
}

/// The events of one incident, a minute apart.
async fn story(number: usize, declared: Timestamp, open: bool) -> Vec<Event> {
    let journal = Kept::default();
    let key = format!("HOTFIX-{}-{:03}", declared.strftime("%Y%m%d"), number % 1000);
    let mut incident = None;
    for (minute, fact) in facts(declared, open).iter().enumerate() {
        let now = declared + SignedDuration::from_mins(minute as i64);
        let entry = Entry { key: &key, actor: &Actor::claimed("Ada <ada@example.org>"), now, fact, lease: None };
        incident = Some(record(&journal, incident, entry).await.expect("each of the facts may follow"));
    }
    journal.0.into_inner().expect("nothing panicked")
}

/// A roll-back, and as many notes as there is room for.
fn facts(declared: Timestamp, open: bool) -> Vec<Fact> {
    let planned = |strategy, steps: &[StepName]| {
        let reasons = vec!["a deploy of the last 2 hours".to_owned()];
        Fact::Planned(Planned { strategy, reasons, steps: steps.to_vec(), back: None })
    };
    let done = |&step: &StepName| {
        let evidence = Evidence::new(format!("{step} is done, and this line says what is worth knowing of it"));
        [Fact::StepStarted { step }, Fact::StepDone { step, evidence }]
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
        policy: None,
        lowered: None,
        broken_by: None,
        embargo: false,
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

    async fn acquire(&self, name: &str, _: &Actor, _: u32) -> Result<Lease, JournalError> {
        Ok(Lease { name: name.to_owned(), token: 1 })
    }

    async fn renew(&self, _: &Lease, _: u32) -> Result<(), JournalError> {
        Ok(())
    }

    async fn release(&self, _: &Lease) -> Result<(), JournalError> {
        Ok(())
    }
}
