//! Does the journal's chain hold? Finds events that were edited, removed, inserted or cut off.

use schemars::JsonSchema;
use serde::Serialize;

use super::event::{Event, digest};

/// A place where the chain does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Break {
    pub seq: i64,
    pub what: Tampering,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Tampering {
    Edited,
    Removed,
    Inserted,
    /// The event at an anchor is not the anchored one: everything up to it was rewritten.
    Rewritten,
    /// Everything from here on is missing.
    CutOff,
}

impl Tampering {
    pub fn as_str(self) -> &'static str {
        match self {
            Tampering::Edited => "edited",
            Tampering::Removed => "removed",
            Tampering::Inserted => "inserted",
            Tampering::Rewritten => "rewritten",
            Tampering::CutOff => "cut off",
        }
    }
}

/// A chain's head as it was recorded outside the database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Anchor {
    pub seq: i64,
    pub digest: String,
    /// Where it was found: a ref on the remote, a tag's message, the ticket.
    pub place: String,
    /// The store that wrote it; empty if it does not say.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub store: String,
}

/// An anchor on the remote that did not only move forward since this clone saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Retreat {
    /// The incident's identifier.
    pub id: String,
    pub how: Retreated,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Retreated {
    Removed,
    MovedBack,
    /// Another history is in its place.
    Replaced,
}

impl Retreated {
    pub fn as_str(self) -> &'static str {
        match self {
            Retreated::Removed => "removed",
            Retreated::MovedBack => "moved back",
            Retreated::Replaced => "replaced",
        }
    }
}

/// Returns every place where the events of one incident, in order of `seq`, differ from what was
/// appended. Each place is reported once, at the first event that shows it.
pub fn verify(events: &[Event], anchors: &[Anchor]) -> Vec<Break> {
    let mut breaks: Vec<Break> = Vec::new();
    let mut expected = 1;
    for (index, event) in events.iter().enumerate() {
        let before = index.checked_sub(1).map(|index| &events[index]);
        let next = events.get(index + 1);
        let removed = expected..event.seq;
        let own = digest(&event.previous, &event.incident, event.seq, event.at, &event.actor, &event.text);
        let whole = own == event.digest;
        let follows = !removed.is_empty() || event.previous == before.map_or("", |before| &before.digest);
        let followed = next.map_or(whole, |next| next.previous == event.digest);
        breaks.extend(removed.map(|seq| Break { seq, what: Tampering::Removed }));
        let found = match before {
            _ if whole && follows => None,
            _ if !follows && !followed => Some((event, Tampering::Inserted)),
            // The chain continues from here, so the event before it is the one that was changed.
            Some(before) if whole => Some((before, Tampering::Edited)),
            _ => Some((event, Tampering::Edited)),
        };
        if let Some((Event { seq, .. }, what)) = found
            && breaks.last().is_none_or(|last| last.seq != *seq)
        {
            breaks.push(Break { seq: *seq, what });
        }
        expected = event.seq + 1;
    }
    for anchor in anchors {
        match events.iter().find(|event| event.seq == anchor.seq) {
            Some(event) if event.digest == anchor.digest => {}
            Some(_) if breaks.is_empty() => breaks.push(Break { seq: anchor.seq, what: Tampering::Rewritten }),
            None if anchor.seq >= expected => {
                breaks.extend((expected..=anchor.seq).map(|seq| Break { seq, what: Tampering::CutOff }));
                expected = anchor.seq + 1;
            }
            _ => {}
        }
    }
    breaks
}

#[cfg(test)]
mod tests {
    use crate::domain::actor::Actor;
    use jiff::Timestamp;
    use proptest::prelude::*;
    use proptest::sample::Index;

    use super::*;
    use crate::domain::event::Fact;

    /// A chain of notes with these texts, as it is appended.
    fn chain(texts: &[String]) -> Vec<Event> {
        let mut previous = String::new();
        let events = texts.iter().zip(1..).map(|(text, seq)| {
            let event = event(&previous, seq, text);
            previous.clone_from(&event.digest);
            event
        });
        events.collect()
    }

    fn event(previous: &str, seq: i64, text: &str) -> Event {
        let fact = Fact::Noted { text: text.to_owned(), update: false };
        let text = serde_json::to_string(&fact).unwrap();
        let digest = digest(previous, "HOTFIX-1", seq, Timestamp::UNIX_EPOCH, &Actor::claimed("Ada"), &text);
        Event {
            incident: "HOTFIX-1".to_owned(),
            seq,
            at: Timestamp::UNIX_EPOCH,
            actor: Actor::claimed("Ada"),
            fact,
            text,
            lines: std::collections::BTreeMap::new(),
            previous: previous.to_owned(),
            digest,
        }
    }

    fn anchor(event: &Event) -> Anchor {
        let place = "a ref on the remote".to_owned();
        Anchor { seq: event.seq, digest: event.digest.clone(), place, store: String::new() }
    }

    fn texts() -> impl Strategy<Value = Vec<String>> {
        prop::collection::vec("[a-z]{0,8}", 2..12)
    }

    proptest! {
        #[test]
        fn an_untouched_chain_holds(texts in texts(), at in any::<Index>()) {
            let events = chain(&texts);
            prop_assert_eq!(verify(&events, &[anchor(at.get(&events))]), []);
        }

        #[test]
        fn an_edited_event_is_named(texts in texts(), at in any::<Index>()) {
            let mut events = chain(&texts);
            let at = at.index(events.len());
            events[at].actor = Actor::claimed("Mallory");
            prop_assert_eq!(verify(&events, &[]), [Break { seq: events[at].seq, what: Tampering::Edited }]);
        }

        #[test]
        fn an_event_edited_with_its_digest_is_named(texts in texts(), at in any::<Index>()) {
            let mut events = chain(&texts);
            let at = at.index(events.len() - 1);
            events[at] = event(&events[at].previous, events[at].seq, "an edit");
            prop_assert_eq!(verify(&events, &[]), [Break { seq: events[at].seq, what: Tampering::Edited }]);
        }

        #[test]
        fn a_removed_event_is_named(texts in texts(), at in any::<Index>()) {
            let mut events = chain(&texts);
            let removed = events.remove(at.index(events.len() - 1));
            prop_assert_eq!(verify(&events, &[]), [Break { seq: removed.seq, what: Tampering::Removed }]);
        }

        #[test]
        fn an_end_that_was_cut_off_shows_at_an_anchor(texts in texts(), at in any::<Index>()) {
            let mut events = chain(&texts);
            let anchor = anchor(events.last().unwrap());
            let cut = events.split_off(at.index(events.len() - 1) + 1);
            let expected: Vec<_> = cut.iter().map(|event| Break { seq: event.seq, what: Tampering::CutOff }).collect();
            prop_assert_eq!(verify(&events, &[anchor]), expected);
        }

        #[test]
        fn a_chain_that_was_rewritten_shows_at_an_anchor(texts in texts(), at in any::<Index>()) {
            let events = chain(&texts);
            let at = at.index(events.len());
            let mut rewritten = texts;
            rewritten[0].push('!');
            let breaks = verify(&chain(&rewritten), &[anchor(&events[at])]);
            prop_assert_eq!(breaks, [Break { seq: events[at].seq, what: Tampering::Rewritten }]);
        }

        #[test]
        fn an_event_put_in_between_is_found(texts in texts(), at in any::<Index>()) {
            let mut events = chain(&texts);
            let at = at.index(events.len());
            let before = at.checked_sub(1).map_or(String::new(), |at| events[at].digest.clone());
            events.insert(at, event(&before, at as i64 + 1, "put in"));
            for event in &mut events[at + 1..] {
                event.seq += 1;
            }
            prop_assert_eq!(verify(&events, &[]).first().map(|found| found.seq), Some(at as i64 + 2));
        }

        #[test]
        fn an_event_put_at_the_end_is_named(texts in texts(), at in any::<Index>()) {
            let mut events = chain(&texts);
            let mut copy = at.get(&events).clone();
            copy.seq = events.len() as i64 + 1;
            events.push(copy);
            prop_assert_eq!(verify(&events, &[]), [Break { seq: events.len() as i64, what: Tampering::Inserted }]);
        }
    }
}
