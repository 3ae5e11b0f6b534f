//! A journal as it is published: the events of an incident as lines of JSON, and the checks that make events of them
//! again.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::actor::{Actor, Identity};
use super::audit::{self, Anchor};
use super::event::{Event, unknown_step};
use super::quote::{self, Lines};

/// The version of the form of what is published.
pub const FORMAT: &str = "1";

/// The most bytes of one journal that are read.
pub const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// The most segments of one journal that are read.
pub const MOST_SEGMENTS: usize = 20_000;

/// The most events of one journal that are read.
const MOST_EVENTS: usize = 100_000;

/// One event, with all that its digest is made of.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    incident: String,
    seq: i64,
    /// Milliseconds since 1970.
    at: i64,
    actor: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    proof: String,
    /// The text of the fact, exactly.
    fact: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    previous: String,
    digest: String,
    /// The lines that the fact only names; not published unless a setting says so.
    #[serde(default, skip_serializing_if = "Lines::is_empty")]
    lines: Lines,
}

/// Returns an event as one line of JSON with its end; its quoted lines only if `with_lines`.
pub fn line(event: &Event, with_lines: bool) -> String {
    let line = Line {
        incident: event.incident.clone(),
        seq: event.seq,
        at: event.at.as_millisecond(),
        actor: event.actor.to_string(),
        proof: event.actor.proof.written(),
        fact: event.text.clone(),
        previous: event.previous.clone(),
        digest: event.digest.clone(),
        lines: if with_lines { event.lines.clone() } else { Lines::new() },
    };
    serde_json::to_string(&line).expect("it has only strings and numbers") + "\n"
}

/// Whether an event has lines of a log in its text, as one of an older hotfix has.
pub fn has_lines_inside(event: &Event) -> bool {
    let super::event::Fact::StepDone { evidence, .. } = &event.fact else { return false };
    let errors = evidence.detail.pointer("/logs/errors").and_then(serde_json::Value::as_array);
    !quote::has_quotes(&event.text) && errors.is_some_and(|errors| !errors.is_empty())
}

/// Returns the events of one journal from its segments, in order.
///
/// Fails, with the reason, if a line is not an event, if the chain does not hold, if it does not end with the `head`
/// that its publisher named (number and digest), or if it lacks one of the `earlier` heads.
pub fn events<'a>(
    segments: impl IntoIterator<Item = &'a [u8]>,
    head: (i64, &str),
    earlier: &[Anchor],
) -> Result<Vec<Event>, String> {
    let mut events: Vec<Event> = Vec::new();
    for segment in segments {
        let text = std::str::from_utf8(segment).map_err(|_| "a segment is not UTF-8".to_owned())?;
        for line in text.lines() {
            if events.len() == MOST_EVENTS {
                return Err(format!("it has more than {MOST_EVENTS} events"));
            }
            let seq = events.len() as i64 + 1;
            events.push(event(line, seq)?);
        }
    }
    let Some(last) = events.last() else { return Err("it has no event".to_owned()) };
    if let Some(event) = events.iter().find(|event| event.incident != last.incident) {
        return Err(format!("event {} is of another journal", event.seq));
    }
    if let Some(found) = audit::verify(&events, earlier).first() {
        return Err(format!("event {} was {}", found.seq, found.what.as_str()));
    }
    if (last.seq, last.digest.as_str()) != head {
        return Err(format!("it ends with event {}, and its head is event {} of another digest", last.seq, head.0));
    }
    Ok(events)
}

fn event(line: &str, expected: i64) -> Result<Event, String> {
    let unreadable = |why: String| format!("event {expected} can't be read: {why}");
    let line: Line = serde_json::from_str(line).map_err(|error| unreadable(error.to_string()))?;
    let proof = Identity::from_written(&line.proof).map_err(|error| unreadable(error.to_string()))?;
    let whole = quote::attach(&line.fact, &line.lines);
    let fact = serde_json::from_str(&whole).map_err(|error| match unknown_step(&line.fact) {
        Some(unknown) => format!("event {expected} was written by a newer hotfix: {unknown}"),
        None => unreadable(error.to_string()),
    })?;
    Ok(Event {
        incident: line.incident,
        seq: line.seq,
        at: Timestamp::from_millisecond(line.at).map_err(|error| unreadable(error.to_string()))?,
        actor: Actor::read(&line.actor, proof),
        fact,
        text: line.fact,
        lines: line.lines,
        previous: line.previous,
        digest: line.digest,
    })
}
