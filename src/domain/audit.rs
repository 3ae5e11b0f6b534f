//! Does the journal's chain hold? Finds any event that was edited, removed, inserted or cut off.

use serde::Serialize;

use super::event::{Event, digest};

/// A place where the chain does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Break {
    pub seq: i64,
    pub what: Tampering,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tampering {
    Edited,
    Removed,
    Inserted,
    /// The event at an anchor is not the one that was anchored: all before it was written anew.
    Rewritten,
    /// Everything from here on is gone.
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

/// A chain's head as it was written down outside the database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Anchor {
    pub seq: i64,
    pub digest: String,
    /// Where it was found: a ref on the remote, a tag's message, the ticket.
    pub place: String,
}

/// Returns every place where the events of one incident, in order of `seq`, are not what they
/// were when they were appended. Each is named once, at the first event that shows it.
pub fn verify(events: &[Event], anchors: &[Anchor]) -> Vec<Break> {
    let mut breaks = Vec::new();
    let mut expected = 1;
    for (index, event) in events.iter().enumerate() {
        let before = index.checked_sub(1).map(|index| &events[index]);
        let previous = before.map_or("", |event| event.digest.as_str());
        let own = digest(&event.previous, &event.incident, event.seq, event.at, &event.actor, &event.text);
        if event.seq > expected {
            breaks.extend((expected..event.seq).map(|seq| Break { seq, what: Tampering::Removed }));
        } else if own != event.digest {
            breaks.push(Break { seq: event.seq, what: Tampering::Edited });
        } else if event.previous != previous {
            let next = events.get(index + 1);
            let bridged = next.is_some_and(|next| next.previous == previous);
            breaks.push(match before {
                _ if bridged || next.is_none() => Break { seq: event.seq, what: Tampering::Inserted },
                Some(before) => Break { seq: before.seq, what: Tampering::Edited },
                None => Break { seq: event.seq, what: Tampering::Removed },
            });
        }
        expected = event.seq + 1;
    }
    // An event that was edited together with its digest is found at its successor, one that was
    // put in between at itself and at its successor: say it once.
    breaks.dedup_by_key(|found| found.seq);
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
