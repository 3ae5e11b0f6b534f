//! The rules that stand behind every face, each refusal with its kind.

use std::sync::Arc;

use hotfix::app::action::NewAction;
use hotfix::app::approve::Request;
use hotfix::app::decide::Choice;
use hotfix::app::error::{AppError, Kind};
use hotfix::app::service::{Options, Service};
use hotfix::app::session::{Goal, Session, Unwatched};
use hotfix::domain::actor::Actor;
use hotfix::domain::incident::Incident;
use hotfix::domain::rung::Rung;
use hotfix::domain::severity::Severity;
use hotfix::domain::strategy::Strategy;

use crate::env::TestEnv;

const LEAD: &str = "Lea <lea@example.org>";
const ON_CALL: &str = "Olu <olu@example.org>";
const AUTHOR: &str = "Ada <ADA@example.org>";

/// A repository whose P0 needs two approvals, and its service.
async fn bench() -> (TestEnv, Arc<Service>) {
    let env = TestEnv::new();
    env.instant();
    env.configure("P0 = []", "P0 = [\"tech-lead\", \"on-call\"]\nP1 = [\"tech-lead\"]");
    let path = env.path("work/hotfix.toml");
    let text = env.read("hotfix.toml");
    let more = "[checklist]\nbefore_deployment = [\"the way back is known\"]\n";
    std::fs::write(path, format!("{text}\n{more}")).unwrap();
    let options = Options { directory: env.path("work"), profile: None, fresh: false };
    let service = Service::open(&options).await.unwrap();
    (env, service)
}

fn by(service: &Arc<Service>, person: &str) -> Session {
    service.by(Actor::claimed(person))
}

/// An incident 001 whose fix is checked and waits for its review.
async fn in_review() -> (TestEnv, Arc<Service>) {
    let (env, service) = bench().await;
    let started = env.hotfix(&["start", "Payment API returns 500", "--severity", "P0", "--issue-id", "001"]);
    assert_eq!(started.status, Some(0), "{started}");
    env.fix("001");
    let incident = by(&service, AUTHOR).run("001", Goal::Check, &Unwatched).await.unwrap();
    assert_eq!(incident.current().unwrap().name.to_string(), "review");
    (env, service)
}

fn kind<T>(result: Result<T, AppError>) -> (Kind, String) {
    let error = result.err().expect("it is refused");
    (error.kind(), error.to_string())
}

#[tokio::test]
async fn who_may_approve_what() {
    let (env, service) = in_review().await;
    let fix = env.git_in("work-001", &["rev-parse", "HEAD"]);
    let ask = |role: &str| Request { role: role.to_owned(), commit: None, break_glass: None };
    let at = |commit: &str| Request { commit: Some(commit.to_owned()), ..ask("on-call") };
    let alone = Request { break_glass: Some("nobody else is awake".to_owned()), ..ask("on-call") };
    let short = fix.get(..9).unwrap();
    for (person, request, expected, message) in [
        (AUTHOR, ask("on-call"), Kind::Refused, "Ada <ADA@example.org> may not approve: an author of the fix"),
        (LEAD, ask("janitor"), Kind::Usage, "a P0 needs no approval as `janitor`"),
        (LEAD, at("1234567"), Kind::Conflict, "not `1234567`"),
        (LEAD, at(fix.get(..6).unwrap()), Kind::Conflict, "the fix is"),
        (LEAD, alone, Kind::Refused, "the profile allows no break-glass approval"),
    ] {
        let (kind, text) = kind(by(&service, person).approve("001", request.clone()).await);
        assert_eq!(kind, expected, "{person} {request:?}: {text}");
        assert!(text.contains(message), "{text}");
    }
    let approved = by(&service, ON_CALL).approve("001", at(short)).await.unwrap();
    assert_eq!(approved.missing, ["tech-lead"]);
    let (twice, text) = kind(by(&service, ON_CALL).approve("001", ask("tech-lead")).await);
    assert_eq!((twice, text.ends_with("already counts as on-call, and nobody fills two roles")), (Kind::Refused, true));
    let approved = by(&service, LEAD).approve("001", ask("tech-lead")).await.unwrap();
    assert_eq!(approved.missing, [""; 0]);
    assert_eq!(approved.incident.approvals.len(), 2, "what was refused is not in the journal");
}

#[tokio::test]
async fn nothing_is_approved_before_it_was_checked() {
    let (_env, service) = bench().await;
    let session = by(&service, LEAD);
    let report = hotfix::app::declare::Report {
        title: "Payment API returns 500".to_owned(),
        severity: Some(Severity::P0),
        ..Default::default()
    };
    let key = session.declare(report).await.unwrap().incident.key;
    let request = Request { role: "on-call".to_owned(), commit: None, break_glass: None };
    assert_eq!(kind(session.approve(&key, request).await).0, Kind::Failed);
}

#[tokio::test]
async fn what_may_be_waived() {
    let (_env, service) = in_review().await;
    let session = by(&service, LEAD);
    for (name, reason, expected, hint) in [
        ("sise", "it is small", Kind::Usage, "did you mean `size`?"),
        ("feature/99", "gone", Kind::Usage, "hotfix check"),
        ("gate/lint", "down", Kind::Usage, ""),
        ("size", "  ", Kind::Usage, ""),
    ] {
        let error = session.waive("001", name, reason).await.expect_err("it is refused");
        assert_eq!(error.kind(), expected, "{name}: {error}");
        let hints = error.hints().join("\n");
        assert!(hints.contains(hint), "{name}: {hints}");
    }
    for name in ["size", "proof/flaky", "regression-test", "way-back", "watch", "maintenance", "autoscaler", "main"] {
        session.waive("001", name, "for the test").await.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    let waived: Vec<_> = service.incident("001").await.unwrap().waivers.into_iter().map(|one| one.check).collect();
    assert_eq!(waived.len(), 8);
}

#[tokio::test]
async fn a_checklist_is_ticked_as_it_is_written() {
    let (_env, service) = in_review().await;
    let session = by(&service, LEAD);
    let items = ["the way back is known".to_owned(), "all is well".to_owned()];
    assert_eq!(kind(session.tick("001", &items).await).0, Kind::Usage);
    assert_eq!(
        service.incident("001").await.unwrap().ticked,
        [""; 0],
        "one that is unknown keeps all from being ticked"
    );
    assert_eq!(session.tick("001", &items[..1]).await.unwrap().ticked, items[..1]);
}

#[tokio::test]
async fn a_strategy_changes_before_and_after_the_decision() {
    let (_env, service) = bench().await;
    let session = by(&service, LEAD);
    let report = hotfix::app::declare::Report {
        title: "Payment API returns 500".to_owned(),
        severity: Some(Severity::P0),
        ..Default::default()
    };
    let key = session.declare(report).await.unwrap().incident.key;
    let steps = |incident: &Incident| -> Vec<String> {
        incident.plan().unwrap().steps.iter().map(|step| step.name.to_string()).collect()
    };
    // Still to be decided: the step takes it up.
    let Choice::TakenUp(_) = session.choose(&key, Strategy::C, "route around", &Unwatched).await.unwrap() else {
        panic!("the decision was still to come");
    };
    let incident = session.run(&key, Goal::Branch, &Unwatched).await.unwrap();
    assert_eq!(incident.strategy, Some(Strategy::C));
    assert!(steps(&incident).contains(&"follow-up".to_owned()), "{:?}", steps(&incident));
    // Decided: the new steps replace what was left.
    let Choice::Planned(incident) = session.choose(&key, Strategy::A, "", &Unwatched).await.unwrap() else {
        panic!("it was decided before");
    };
    assert_eq!(steps(&incident), ["prepare", "roll-back", "confirm", "close", "clean-up", "post-mortem"]);
    assert_eq!(incident.plan().unwrap().reasons, [format!("changed by {LEAD}")]);
}

#[tokio::test]
async fn which_way_back_is_planned() {
    let (env, service) = in_review().await;
    for (person, role) in [(LEAD, "tech-lead"), (ON_CALL, "on-call")] {
        let request = Request { role: role.to_owned(), commit: None, break_glass: None };
        by(&service, person).approve("001", request).await.unwrap();
    }
    let incident = service.incident("001").await.unwrap();
    assert_eq!(kind(service.way_back(&incident, None, None).await).0, Kind::Failed, "nothing was deployed");
    // By the program, which supervises its commands.
    let deployed = env.hotfix(&["deploy", "001"]);
    assert_eq!(deployed.status, Some(0), "{deployed}");
    let incident = service.incident("001").await.unwrap();
    let tag = env.read("../running").trim().to_owned();
    for (to, rung, expected) in [
        (None, None, ("v1.0.0", Rung::Undo)),
        (Some("v1.0.0"), None, ("v1.0.0", Rung::Release)),
        (Some("v0.9.0"), None, ("v0.9.0", Rung::Release)),
        (None, Some(Rung::Restart), ("v1.0.0", Rung::Restart)),
    ] {
        let back = service.way_back(&incident, to, rung).await;
        let back = back.unwrap_or_else(|error| panic!("{to:?} {rung:?}: {error}"));
        assert_eq!((back.from.as_str(), back.to.as_str(), back.rung), (tag.as_str(), expected.0, expected.1));
    }
    let error = service.warnings_of("v9").await.expect_err("there is no such release");
    assert_eq!(error.kind(), Kind::NotFound);
    let rung = service.warnings_of_rung(Rung::Restart).await.expect_err("commands have no such rung");
    assert_eq!(rung.kind(), Kind::Usage);
}

#[tokio::test]
async fn reasons_are_asked_for() {
    let (_env, service) = in_review().await;
    let session = by(&service, LEAD);
    assert_eq!(kind(session.change_severity("001", Severity::P1, " ".to_owned()).await).0, Kind::Usage);
    let changed = session.change_severity("001", Severity::P1, "half of it works".to_owned()).await.unwrap();
    assert_eq!(changed.severity, Some(Severity::P1));
}

/// Ten people add an action item at once: ten numbers.
#[tokio::test]
async fn action_items_that_are_added_at_once_get_numbers_of_their_own() {
    let (_env, service) = in_review().await;
    let session = by(&service, LEAD);
    let add = |text: usize| {
        let within = std::time::Duration::from_secs(60);
        let action = NewAction { kind: "prevent".to_owned(), text: text.to_string(), owner: LEAD.to_owned(), within };
        session.add_action("001", action)
    };
    for added in futures_util::future::join_all((0..10).map(add)).await {
        added.unwrap();
    }
    let numbers: Vec<_> = service.incident("001").await.unwrap().actions.into_iter().map(|one| one.id).collect();
    assert_eq!(numbers, (1..=10).map(|number| number.to_string()).collect::<Vec<_>>());
    assert_eq!(kind(session.finish_action("001", "11".to_owned()).await).0, Kind::Failed);
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let (env, service) = bench().await;
    assert_eq!(kind(service.find(None).await).0, Kind::NotFound);
    assert_eq!(kind(service.find(Some("HOTFIX-1")).await).0, Kind::NotFound);
    let nowhere = Options { directory: env.path("home"), profile: None, fresh: false };
    assert_eq!(kind(Service::open(&nowhere).await).0, Kind::NotFound);
}

/// A server polls these on any of its threads.
#[test]
fn every_future_of_a_session_can_be_sent() {
    fn sent<T: Send>(_: T) {}
    fn all(session: &Session, service: &'static Service) {
        let report = hotfix::app::declare::Report::default;
        let request = || Request { role: String::new(), commit: None, break_glass: None };
        let action =
            || NewAction { kind: String::new(), text: String::new(), owner: String::new(), within: Default::default() };
        sent(Service::open(&Options::default()));
        sent(session.run("", Goal::Close, &Unwatched));
        sent(session.start("", &Unwatched));
        sent(session.abort("", "", &Unwatched));
        sent(session.catch_up(std::time::Duration::ZERO));
        sent(session.plan(""));
        sent(session.declare(report()));
        sent(session.decide("", &Unwatched));
        sent(session.choose("", Strategy::A, "", &Unwatched));
        sent(session.approve("", request()));
        sent(session.waive("", "", ""));
        sent(session.note("", String::new(), false));
        sent(session.acknowledge(""));
        sent(session.change_severity("", Severity::P0, String::new()));
        sent(session.tick("", &[]));
        sent(session.add_action("", action()));
        sent(session.finish_action("", String::new()));
        sent(service.find_any_to_read(None));
        sent(service.incidents(1));
        sent(service.open_cases());
        sent(service.post_mortems_due());
        sent(service.audit(""));
        sent(service.propose_deploy(None, ""));
        sent(service.propose_rollback(None, None, ""));
    }
    let _ = all;
}
