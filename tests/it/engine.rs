//! The engine, with steps that only count: whatever dies, fails or is repeated, each effect happens
//! once, and the journal tells all of it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use hotfix::domain::actor::Actor;
use hotfix::domain::audit::verify;
use hotfix::domain::decision::Recommendation;
use hotfix::domain::event::Event;
use hotfix::domain::evidence::Evidence;
use hotfix::domain::incident::{Incident, Status};
use hotfix::domain::next::Next;
use hotfix::domain::step_name::StepName;
use hotfix::domain::strategy::Strategy;
use hotfix::store::{Claim, Store};
use hotfix::workflow::courier::{Courier, Notice, Undelivered};
use hotfix::workflow::engine::{Engine, EngineError, Until};
use hotfix::workflow::journal::{Entry, Journal, JournalError, Lease, record};
use hotfix::workflow::plan;
use hotfix::workflow::progress::Progress;
use hotfix::workflow::step::{Action, Clock, Moment, Outcome, Step, StepError, Undo};
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

use crate::store::declaration;

const KEY: &str = "HOTFIX-1";

#[tokio::test]
async fn every_step_is_done_once_in_order() {
    let world = World::default();
    let incident = Bench::new().await.run(&world, None).await.unwrap();
    assert_eq!(incident.status, Status::Closed);
    let plan: Vec<StepName> = plan::OPENING.iter().chain(plan::steps(Strategy::B)).copied().collect();
    assert_eq!(world.effects(), plan);
}

#[tokio::test]
async fn a_death_before_or_after_any_event_changes_nothing_in_the_end() {
    let world = World::default();
    let whole = Bench::new().await.run(&world, None).await.unwrap();
    for seq in 2..=whole.seq {
        for death in [Death::Before(seq), Death::After(seq)] {
            let (bench, again) = (Bench::new().await, World::default());
            bench.run(&again, Some(death)).await.expect_err("it dies");
            // Every other time by somebody else, who has opened the store again.
            let elsewhere = if seq % 2 == 0 { bench } else { bench.elsewhere().await };
            let resumed = elsewhere.run(&again, None).await.unwrap();
            assert_eq!(resumed.status, Status::Closed, "{death:?}");
            assert_eq!(again.effects(), world.effects(), "{death:?}");
        }
    }
}

#[tokio::test]
async fn a_step_that_fails_is_tried_again_when_somebody_asks() {
    for name in plan::steps(Strategy::B) {
        let (bench, world) = (Bench::new().await, World::default());
        world.says(*name, || Err(StepError::failed("the disk is full", Next::Resume)));
        let failed = bench.run(&world, None).await.unwrap();
        assert_eq!((failed.status, failed.current().unwrap().name), (Status::Failed, *name));
        let resumed = bench.run(&world, None).await.unwrap();
        assert_eq!(resumed.status, Status::Closed);
    }
}

#[tokio::test]
async fn a_bad_release_is_put_back_before_anything_else() {
    let (bench, world) = (Bench::new().await, World::default());
    world.says(StepName::Watch, || Ok(Outcome::Bad(Evidence::new("10% errors"))));
    let incident = bench.run(&world, None).await.unwrap();
    assert_eq!(incident.status, Status::Closed);
    let effects = world.effects();
    let deployed = effects.iter().position(|name| *name == StepName::Deploy).unwrap();
    assert_eq!(effects[deployed + 1..][..3], [StepName::RollBack, StepName::Confirm, StepName::Decide]);
}

#[tokio::test]
async fn an_abort_takes_back_every_step_the_last_one_first() {
    let (bench, world) = (Bench::new().await, World::default());
    world.says(StepName::Review, || {
        Ok(Outcome::Held {
            reason: "no approval".to_owned(),
            hint: Next::Approve { role: "on-call".to_owned() }.into(),
        })
    });
    let held = bench.run(&world, None).await.unwrap();
    assert_eq!(held.status, Status::Held);
    let aborted = bench.engine(&world, None, async |engine| engine.abort(KEY, "not needed").await).await.unwrap();
    assert_eq!(aborted.status, Status::Aborted);
    assert_eq!(
        world.undone(),
        [StepName::Review, StepName::Check, StepName::Fix, StepName::Branch, StepName::Decide, StepName::Investigate]
    );
}

#[tokio::test]
async fn who_has_no_lease_does_not_act() {
    let (bench, world) = (Bench::new().await, World::default());
    let lease = bench.store.acquire(&format!("incident/{KEY}"), &ada(), 60).await.unwrap();
    let refused = bench.run(&world, None).await;
    assert!(matches!(refused, Err(EngineError::Journal(JournalError::Leased { .. }))), "{refused:?}");
    assert!(world.effects().is_empty());
    bench.store.release(&lease).await.unwrap();
    assert_eq!(bench.run(&world, None).await.unwrap().status, Status::Closed);
}

#[tokio::test]
async fn a_clock_that_goes_back_does_not_turn_the_journal_round() {
    let (bench, world) = (Bench::new().await, World::default());
    let clock = Backwards(Mutex::new(Timestamp::now()));
    let run = async |engine: Engine<'_>| Engine { clock: &clock, ..engine }.run(KEY, Until::Closed).await;
    assert_eq!(bench.engine(&world, None, run).await.unwrap().status, Status::Closed);
    let events = bench.store.events(KEY).await.unwrap();
    assert!(events.is_sorted_by_key(|event| event.at));
    assert_eq!(verify(&events, &[]), []);
}

#[tokio::test]
async fn a_step_that_is_past_or_elsewhere_starts_no_other() {
    for (name, last) in [
        (StepName::Investigate, StepName::Investigate),
        (StepName::Branch, StepName::Branch),
        (StepName::RollBack, StepName::Decide),
    ] {
        let (bench, world) = (Bench::new().await, World::default());
        for _ in 0..2 {
            bench.engine(&world, None, async |engine| engine.run(KEY, Until::Step(name)).await).await.unwrap();
            assert_eq!(world.effects().last(), Some(&last));
        }
    }
    let (bench, world) = (Bench::new().await, World::default());
    for name in [StepName::Decide, StepName::Branch, StepName::Investigate] {
        bench.engine(&world, None, async |engine| engine.run(KEY, Until::Step(name)).await).await.unwrap();
    }
    assert_eq!(world.effects(), [StepName::Investigate, StepName::Decide, StepName::Branch]);
}

#[tokio::test]
async fn a_step_may_send_the_plan_back_and_does_so_once_in_a_run() {
    let (bench, world) = (Bench::new().await, World::default());
    let back = || Ok(Outcome::Back { to: StepName::Branch, reason: "the work tree is gone".to_owned() });
    world.says(StepName::Check, back);
    assert_eq!(bench.run(&world, None).await.unwrap().status, Status::Closed);
    assert_eq!(
        world.effects()[2..][..5],
        [StepName::Branch, StepName::Fix, StepName::Branch, StepName::Fix, StepName::Check]
    );

    let (bench, world) = (Bench::new().await, World::default());
    world.keeps_saying(StepName::Check, back);
    let held = bench.run(&world, None).await.unwrap();
    assert_eq!((held.status, held.current().unwrap().name), (Status::Held, StepName::Check));
    assert_eq!(world.effects()[2..], [StepName::Branch, StepName::Fix, StepName::Branch, StepName::Fix]);
}

/// A journal with one declared incident.
struct Bench {
    store: Store,
    _directory: TempDir,
}

impl Bench {
    async fn new() -> Bench {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open("sqlite", directory.path(), &Claim::default()).await.unwrap();
        let entry = Entry { key: KEY, actor: &ada(), now: Timestamp::now(), fact: &declaration(), lease: None };
        record(&store, None, entry).await.unwrap();
        Bench { store, _directory: directory }
    }

    /// The same journal, as another process opens it.
    async fn elsewhere(self) -> Bench {
        self.store.close().await;
        let store = Store::open("sqlite", self._directory.path(), &Claim::default()).await.unwrap();
        Bench { store, ..self }
    }

    async fn run(&self, world: &World, death: Option<Death>) -> Result<Incident, EngineError> {
        self.engine(world, death, async |engine| engine.run(KEY, Until::Closed).await).await
    }

    async fn engine<T>(&self, world: &World, death: Option<Death>, act: impl AsyncFnOnce(Engine<'_>) -> T) -> T {
        let names = [plan::OPENING, plan::WAY_BACK, plan::steps(Strategy::B)].concat();
        let steps: Vec<_> =
            names.into_iter().map(|name| Box::new(Counting { name, world: world.clone() }) as _).collect();
        let journal = Mortal { store: &self.store, death };
        let (journal, courier, clock, progress) = (&journal, &Nobody, &Nobody, &Nobody);
        act(Engine { journal, steps: &steps, courier, clock, progress, actor: &ada() }).await
    }
}

fn ada() -> Actor {
    Actor::claimed("Ada")
}

/// When a process dies: around the append of an event.
#[derive(Clone, Copy, Debug)]
enum Death {
    Before(i64),
    After(i64),
}

/// A journal whose writer dies.
struct Mortal<'a> {
    store: &'a Store,
    death: Option<Death>,
}

#[async_trait]
impl Journal for Mortal<'_> {
    async fn events(&self, key: &str) -> Result<Vec<Event>, JournalError> {
        self.store.events(key).await
    }

    async fn append(&self, event: &Event, incident: &Incident, lease: Option<&Lease>) -> Result<(), JournalError> {
        let dead = || JournalError::Store { action: "written", reason: "the process died".to_owned(), hint: None };
        if matches!(self.death, Some(Death::Before(seq)) if seq == event.seq) {
            return Err(dead());
        }
        self.store.append(event, incident, lease).await?;
        if matches!(self.death, Some(Death::After(seq)) if seq == event.seq) { Err(dead()) } else { Ok(()) }
    }

    async fn acquire(&self, name: &str, by: &Actor, seconds: u32) -> Result<Lease, JournalError> {
        self.store.acquire(name, by, seconds).await
    }

    async fn renew(&self, lease: &Lease, seconds: u32) -> Result<(), JournalError> {
        self.store.renew(lease, seconds).await
    }

    async fn release(&self, lease: &Lease) -> Result<(), JournalError> {
        self.store.release(lease).await
    }
}

type Saying = fn() -> Result<Outcome, StepError>;

/// What the steps did to the world, and what they are told to say once instead.
#[derive(Clone, Default)]
struct World {
    effects: Arc<Mutex<Vec<StepName>>>,
    undone: Arc<Mutex<Vec<StepName>>>,
    sayings: Arc<Mutex<BTreeMap<StepName, Saying>>>,
    /// The same, but said each time.
    mantras: Arc<Mutex<BTreeMap<StepName, Saying>>>,
}

impl World {
    fn says(&self, step: StepName, saying: Saying) {
        self.sayings.lock().unwrap().insert(step, saying);
    }

    fn keeps_saying(&self, step: StepName, saying: Saying) {
        self.mantras.lock().unwrap().insert(step, saying);
    }

    fn effects(&self) -> Vec<StepName> {
        self.effects.lock().unwrap().clone()
    }

    fn undone(&self) -> Vec<StepName> {
        self.undone.lock().unwrap().clone()
    }
}

/// A step whose effect is its name in the world, however often it is run.
struct Counting {
    name: StepName,
    world: World,
}

impl Counting {
    fn evidence(&self) -> Evidence {
        if self.name != StepName::Decide {
            return Evidence::new(self.name.as_str());
        }
        let reasons = vec!["as told".to_owned()];
        let decision = Recommendation { strategy: Strategy::B, reasons, minutes: (30, 60), instead_of: None };
        Evidence::with("B", &decision)
    }
}

#[async_trait]
impl Step for Counting {
    fn name(&self) -> StepName {
        self.name
    }

    async fn actions(&self, _: &Moment<'_>) -> Result<Vec<Action>, StepError> {
        Ok(Vec::new())
    }

    async fn run(&self, _: &Moment<'_>) -> Result<Outcome, StepError> {
        if let Some(saying) = self.world.sayings.lock().unwrap().remove(&self.name) {
            return saying();
        }
        if let Some(saying) = self.world.mantras.lock().unwrap().get(&self.name) {
            return saying();
        }
        self.world.effects.lock().unwrap().push(self.name);
        Ok(Outcome::Done(self.evidence()))
    }

    async fn verify(&self, at: &Moment<'_>) -> Result<Option<Evidence>, StepError> {
        let planned = at.incident.steps().filter(|step| step.name == self.name && step.started.is_some()).count();
        let happened = self.world.effects().iter().filter(|name| **name == self.name).count();
        Ok((happened >= planned).then(|| self.evidence()))
    }

    async fn undo(&self, _: &Moment<'_>) -> Result<Undo, StepError> {
        self.world.undone.lock().unwrap().push(self.name);
        Ok(Undo::Done("taken back".to_owned()))
    }
}

/// Nobody to tell, nobody who looks on, and the time of this machine.
struct Nobody;

#[async_trait]
impl Courier for Nobody {
    fn destinations(&self) -> Vec<&str> {
        Vec::new()
    }

    fn pending(&self, _: &str, _: &Incident, _: Timestamp) -> Vec<Notice> {
        Vec::new()
    }

    async fn send(&self, _: &Notice) -> Result<(), Undelivered> {
        Ok(())
    }
}

impl Clock for Nobody {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A clock that goes back an hour at every look.
struct Backwards(Mutex<Timestamp>);

impl Clock for Backwards {
    fn now(&self) -> Timestamp {
        let mut now = self.0.lock().unwrap();
        *now -= SignedDuration::from_hours(1);
        *now
    }
}

impl Progress for Nobody {
    fn started(&self, _: &Incident, _: StepName) {}
    fn update(&self, _: &str) {}
    fn ended(&self, _: &Incident, _: StepName) {}
}
