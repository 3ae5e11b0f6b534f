//! What somebody says of an incident, in the one form that is signed, sent and checked again.

use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::actor::{Identity, Made};
use super::event::Event;
use super::hex::hex;

/// The form of the text, so that a later one can't be taken for it.
pub(super) const FORM: &str = "hotfix statement 1";

/// One fact, said by one person of one incident.
#[derive(Clone, Copy, Debug)]
pub struct Statement<'a> {
    /// The key of the incident.
    pub incident: &'a str,
    /// The digest of its first event: another repository may have an incident with the same key.
    pub root: &'a str,
    /// `Name <address>`.
    pub by: &'a str,
    pub made: &'a Made,
    /// The fact, exactly as the event has it.
    pub fact: &'a str,
}

/// The text's fields, in this order.
#[derive(Serialize)]
struct Fields<'a> {
    form: &'a str,
    incident: &'a str,
    root: &'a str,
    by: &'a str,
    at: Timestamp,
    nonce: &'a str,
    /// A string, so that no reader of JSON writes it differently.
    fact: &'a str,
}

impl Statement<'_> {
    /// The text that is signed: one line of JSON.
    pub fn text(&self) -> String {
        let Statement { incident, root, by, made, fact } = *self;
        let fields = Fields { form: FORM, incident, root, by, at: made.at, nonce: &made.nonce, fact };
        serde_json::to_string(&fields).expect("it has only strings")
    }

    /// SHA-256 of the text, in hexadecimal: the same statement twice is one.
    pub fn digest(&self) -> String {
        hex(&Sha256::digest(self.text()))
    }
}

/// Calls `with` with the statement that became `event`, if one did; `root` is the digest of the journal's first event.
pub fn of_event<T>(event: &Event, root: &str, with: impl FnOnce(Statement<'_>) -> T) -> Option<T> {
    let made = match &event.actor.proof {
        Identity::Signature { made, .. } | Identity::Sent { made } => made,
        Identity::Claimed | Identity::Forge { .. } | Identity::Token { .. } | Identity::SignOn { .. } => return None,
    };
    let by = event.actor.to_string();
    Some(with(Statement { incident: &event.incident, root, by: &by, made, fact: &event.text }))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{Statement, of_event};
    use crate::domain::actor::{Actor, Identity, Made};
    use crate::domain::event::{Event, Fact};

    fn made() -> Made {
        Made { at: Timestamp::from_second(1_796_000_000).unwrap(), nonce: "00ff".to_owned() }
    }

    #[test]
    fn a_statement_is_one_line_and_its_digest_covers_each_field() {
        let (made, later) = (made(), Made { nonce: "00fe".to_owned(), ..made() });
        let one = Statement { incident: "H-1", root: "aa", by: "Ada <ada@x>", made: &made, fact: r#"{"event":"x"}"# };
        insta::assert_snapshot!(one.text(), @r#"{"form":"hotfix statement 1","incident":"H-1","root":"aa","by":"Ada <ada@x>","at":"2026-11-30T00:53:20Z","nonce":"00ff","fact":"{\"event\":\"x\"}"}"#);
        for other in [
            Statement { incident: "H-2", ..one },
            Statement { root: "ab", ..one },
            Statement { by: "Bob <bob@x>", ..one },
            Statement { made: &later, ..one },
            Statement { fact: r#"{"event":"y"}"#, ..one },
        ] {
            assert_ne!(one.digest(), other.digest());
        }
    }

    #[test]
    fn only_an_event_that_was_said_has_a_statement() {
        let event = |proof| {
            let actor = Actor { proof, ..Actor::claimed("Ada <ada@x>") };
            Event::after(None, "H-1", &actor, Timestamp::UNIX_EPOCH, &Fact::Acknowledged {})
        };
        let fact = |proof| of_event(&event(proof), "aa", |said| said.fact.to_owned());
        assert_eq!(fact(Identity::Claimed), None);
        assert_eq!(fact(Identity::Sent { made: made() }), Some(r#"{"event":"acknowledged"}"#.to_owned()));
    }
}
