//! Every notifier against a peer that fails at every call, before and after it accepts: nothing is lost, and
//! where the destination can be asked nothing arrives twice.

mod peer;

use std::collections::BTreeMap;
use std::path::Path;

use hotfix::domain::actor::Actor;
use hotfix::domain::event::{Event, Fact, Head};
use hotfix::domain::incident::Incident;
use hotfix::notify::{Destination, Outbox};
use hotfix::workflow::courier::{Courier, Undelivered};
use hotfix::workflow::journal::apply;
use jiff::{SignedDuration, Timestamp};
use peer::{FAULTS, Fault, Peer};
use serde_json::Value;

use crate::store::declaration;

/// An incident whose clock and journal are ours.
struct Case {
    incident: Incident,
    now: Timestamp,
}

impl Case {
    fn declared() -> Case {
        let now = Timestamp::from_second(1_796_000_000).unwrap();
        let Fact::Declared(mut declared) = declaration() else { unreachable!() };
        declared.title = "Payment <!channel> & API returns 500".to_owned();
        let declared = Fact::Declared(declared);
        let event = Event::after(None, "HOTFIX-1", &Actor::claimed("Ada <ada@x>"), now, &declared);
        Case { incident: apply(None, &event).unwrap(), now }
    }

    fn add(&mut self, fact: Fact) {
        let head = Head { seq: self.incident.seq, at: self.incident.updated, digest: &self.incident.head };
        let event = Event::after(Some(head), "HOTFIX-1", &Actor::claimed("Ada <ada@x>"), self.now, &fact);
        self.incident = apply(Some(self.incident.clone()), &event).unwrap();
    }

    /// Sends what is pending as the engine does. Returns the first failure.
    fn deliver(&mut self, outbox: &Outbox) -> Result<(), Undelivered> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for notice in outbox.pending("team", &self.incident, self.now) {
            match runtime.block_on(outbox.send(&notice)) {
                Ok(()) => {
                    for notice in notice.covers.iter().chain([&notice.id]) {
                        self.add(Fact::NoticeSent { notice: notice.clone() });
                    }
                }
                Err(failed) => {
                    let again = failed.retry_after.map(|rest| self.now.checked_add(rest).unwrap());
                    let (notice, error) = (notice.first().to_owned(), failed.reason.clone());
                    self.add(Fact::NoticeFailed { notice, error, again });
                    return Err(failed);
                }
            }
        }
        Ok(())
    }

    fn wait(&mut self, seconds: i64) {
        self.now = self.now.checked_add(SignedDuration::from_secs(seconds)).unwrap();
    }
}

/// What is told of an incident, one after the other.
fn story() -> Vec<Fact> {
    let update = |text: &str| Fact::Noted { text: text.to_owned(), update: true };
    vec![
        Fact::Acknowledged {},
        update("The cause is a missing index."),
        update("The fix is being reviewed."),
        Fact::Aborted { reason: "fixed by itself".to_owned() },
    ]
}

fn outbox(by: &str) -> Outbox {
    let text = format!("name = \"team\"\nby.{by}");
    let destination: Destination = toml::from_str(&text).unwrap();
    Outbox::new(&[destination], Path::new("/"))
}

fn slack(url: &str) -> String {
    format!("slack = {{ token = \"t0ken\", channel = \"C1\", url = \"{url}\" }}")
}

fn telegram(url: &str) -> String {
    format!("telegram = {{ token = \"t0ken\", chat = -5, url = \"{url}\" }}")
}

fn pagerduty(url: &str) -> String {
    format!("pagerduty = {{ routing_key = \"t0ken\", url = \"{url}\" }}")
}

fn statuspage(url: &str) -> String {
    format!("statuspage = {{ token = \"t0ken\", page = \"p\", components = [\"c\"], url = \"{url}\" }}")
}

/// The peer's messages, and how often each of them arrived.
fn told(by: fn(&str) -> String, fault: Option<(usize, Fault)>) -> Option<(BTreeMap<String, usize>, Vec<String>)> {
    let peer = Peer::start();
    let mut case = Case::declared();
    let mut errors = Vec::new();
    if let Some((count, fault)) = fault {
        peer.fail_after(count, fault);
    }
    for fact in story().into_iter().map(Some).chain([None]) {
        // A new outbox each time, as a new process has.
        while let Err(failed) = case.deliver(&outbox(&by(&peer.url))) {
            assert!(!failed.reason.contains("t0ken"), "{}", failed.reason);
            errors.push(failed.reason);
            case.wait(3600);
        }
        case.wait(60);
        if let Some(fact) = fact {
            case.add(fact);
        }
    }
    if fault.is_some() && peer.is_waiting() {
        return None;
    }
    let mut messages = BTreeMap::new();
    for message in peer.kept() {
        *messages.entry(essence(&message)).or_default() += 1;
    }
    Some((messages, errors))
}

/// What of a message has to be the same however often it was tried: not the times.
fn essence(message: &Value) -> String {
    let metadata = &message["metadata"];
    match (message["event_action"].as_str(), message["updates"].as_array(), metadata["event_type"].as_str()) {
        (Some(action), ..) => format!("{action} {}", message["dedup_key"]),
        (_, Some(updates), _) => format!("{updates:?}"),
        (.., Some("hotfix_incident")) => format!("incident {}", metadata["event_payload"]["incident"]),
        (.., Some(_)) => format!("in its thread: {}", message["text"]),
        _ => message["text"].as_str().unwrap_or_default().lines().next().unwrap_or_default().to_owned(),
    }
}

/// Each call of the story fails once in each way.
fn nothing_is_lost(by: fn(&str) -> String, can_be_asked: bool) {
    let (expected, errors) = told(by, None).unwrap();
    assert_eq!(errors, Vec::<String>::new());
    assert!(expected.values().all(|count| *count == 1), "{expected:?}");
    let mut doubled = 0;
    for fault in FAULTS {
        for count in 0.. {
            let Some((messages, errors)) = told(by, Some((count, *fault))) else {
                assert!(count >= 3, "the story has more calls");
                break;
            };
            let names = |of: &BTreeMap<String, usize>| of.keys().cloned().collect::<Vec<_>>();
            assert_eq!(names(&messages), names(&expected), "{fault:?} at call {count}: {errors:?}");
            doubled += messages.values().filter(|count| **count > 1).count();
            let accepted = matches!(fault, Fault::Unheard | Fault::Half);
            assert!(doubled == 0 || !can_be_asked, "{fault:?} at call {count}: {messages:?}");
            assert!(accepted || messages.values().all(|count| *count == 1), "{fault:?}: {messages:?}");
        }
    }
    assert_eq!(doubled > 0, !can_be_asked);
}

#[test]
fn slack_gets_each_message_once() {
    nothing_is_lost(slack, true);
}

#[test]
fn a_status_page_gets_each_update_once() {
    nothing_is_lost(statuspage, true);
}

#[test]
fn telegram_loses_nothing() {
    nothing_is_lost(telegram, false);
}

/// An alert that is triggered twice is one, by its key.
#[test]
fn pagerduty_loses_nothing() {
    nothing_is_lost(pagerduty, false);
}

#[test]
fn what_was_missed_in_an_outage_is_one_message() {
    let mut all = String::new();
    for by in [slack, telegram, statuspage] {
        let peer = Peer::start();
        let mut case = Case::declared();
        peer.fail_after(0, Fault::Status(503));
        case.deliver(&outbox(&by(&peer.url))).unwrap_err();
        for fact in story() {
            case.add(fact);
        }
        // It rests.
        let requests = peer.requests().len();
        case.deliver(&outbox(&by(&peer.url))).unwrap();
        assert_eq!(peer.requests().len(), requests);
        case.wait(3600);
        case.deliver(&outbox(&by(&peer.url))).unwrap();
        assert!(outbox(&by(&peer.url)).pending("team", &case.incident, case.now).is_empty());
        let kept: Vec<String> = peer.kept().iter().map(essence).collect();
        all.push_str(&format!("{}\n  {}\n", peer.requests().join(", "), kept.join("\n  ")));
    }
    insta::assert_snapshot!(all, @r#"
    GET /conversations.history, GET /conversations.history, POST /chat.postMessage, GET /conversations.replies, POST /chat.postMessage
      incident "HOTFIX-1"
      in its thread: "HOTFIX-1 P0 aborted: fixed by itself"
    POST /bott0ken/sendMessage, POST /bott0ken/sendMessage
      HOTFIX-1 P0 aborted: fixed by itself
    GET /v1/pages/p/incidents, GET /v1/pages/p/incidents
    "#);
}
