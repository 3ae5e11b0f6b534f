//! A statement that another clone sends to the working one, as it is written.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::actor::{Actor, Identity, Made};
use super::event::Fact;
use super::name::is_deceptive;
use super::statement::{FORM, Statement};

/// The most bytes of a request.
pub const LONGEST: usize = 64 * 1024;

/// The most characters of a sender's name and address.
const LONGEST_NAME: usize = 300;

/// A statement with its proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The key of the incident.
    pub incident: String,
    /// The digest of the journal's first event.
    pub root: String,
    /// Who says it, as the request says: proven only if the signature is.
    pub by: String,
    pub made: Made,
    /// The fact, as the event will have it.
    pub fact: String,
    pub signed: Option<Signed>,
}

/// A signature over the statement's text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    /// The fingerprint of the key.
    pub key: String,
    pub signature: String,
}

/// The statement's fields, and the proof.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    form: String,
    incident: String,
    root: String,
    by: String,
    at: Timestamp,
    nonce: String,
    fact: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signed: Option<Signed>,
}

impl Request {
    /// What is sent: one JSON object.
    pub fn written(&self) -> String {
        let Request { incident, root, by, made, fact, signed } = self.clone();
        let written =
            Written { form: FORM.to_owned(), incident, root, by, at: made.at, nonce: made.nonce, fact, signed };
        serde_json::to_string(&written).expect("it has only strings")
    }

    /// Reads what [`Request::written`] gave.
    ///
    /// Fails with a reason if it is longer than [`LONGEST`], is not of this form, or has a sender whose name
    /// could deceive.
    pub fn read(bytes: &[u8]) -> Result<Request, String> {
        if bytes.len() > LONGEST {
            return Err(format!("it has more than {LONGEST} bytes"));
        }
        let written: Written = serde_json::from_slice(bytes).map_err(|_| "it is not written as a request is")?;
        let Written { form, incident, root, by, at, nonce, fact, signed } = written;
        if form != FORM {
            return Err("it was written by another version of hotfix".to_owned());
        }
        if by.trim().is_empty() || by.chars().count() > LONGEST_NAME || by.chars().any(deceives) {
            return Err("its sender's name is empty, too long, or has characters that can't be seen".to_owned());
        }
        if nonce.len() < 32 || nonce.len() > 128 || !nonce.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err("it has no random part".to_owned());
        }
        Ok(Request { incident, root, by, made: Made { at, nonce }, fact, signed })
    }

    pub fn statement(&self) -> Statement<'_> {
        let Request { incident, root, by, made, fact, .. } = self;
        Statement { incident, root, by, made, fact }
    }

    /// The sender, whose signature was `verified` or not.
    pub fn actor(&self, verified: bool) -> Actor {
        let made = self.made.clone();
        let proof = match self.signed.clone().filter(|_| verified) {
            Some(Signed { key, signature }) => Identity::Signature { key, made, signature },
            None => Identity::Sent { made },
        };
        Actor::read(&self.by, proof)
    }

    /// The fact.
    ///
    /// Fails with a reason if this version would write it differently: then the event could not be compared
    /// with what was said.
    pub fn fact(&self) -> Result<Fact, String> {
        let fact: Fact = serde_json::from_str(&self.fact).map_err(|_| "this version of hotfix knows no such fact")?;
        match serde_json::to_string(&fact) {
            Ok(text) if text == self.fact => Ok(fact),
            _ => Err("another version of hotfix wrote its fact differently".to_owned()),
        }
    }
}

fn deceives(c: char) -> bool {
    c.is_control() || is_deceptive(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> Request {
        Request {
            incident: "H-1".to_owned(),
            root: "aa".to_owned(),
            by: "Ada <ada@x>".to_owned(),
            made: Made { at: Timestamp::UNIX_EPOCH, nonce: "0".repeat(32) },
            fact: r#"{"event":"acknowledged"}"#.to_owned(),
            signed: None,
        }
    }

    #[test]
    fn a_request_is_read_as_it_was_written() {
        let signed = Some(Signed { key: "SHA256:x".to_owned(), signature: "-----".to_owned() });
        for request in [request(), Request { signed, ..request() }] {
            let read = Request::read(request.written().as_bytes()).unwrap();
            assert_eq!(read, request);
            assert_eq!(read.statement().digest(), request.statement().digest());
            assert_eq!(read.fact(), Ok(Fact::Acknowledged {}));
        }
    }

    #[test]
    fn what_is_malformed_has_a_reason() {
        let one = request();
        for (bytes, why) in [
            ("{".to_owned(), "it is not written as a request is"),
            (one.written().replace("statement 1", "statement 2"), "it was written by another version of hotfix"),
            (one.written().replace("}\"", "}\",\"more\":1,\"x\":\""), "it is not written as a request is"),
            (
                Request { by: "Ada\u{1b}[31m <ada@x>".to_owned(), ..one.clone() }.written(),
                "its sender's name is empty, too long, or has characters that can't be seen",
            ),
            (
                Request { by: "Ada\u{202e} <ada@x>".to_owned(), ..one.clone() }.written(),
                "its sender's name is empty, too long, or has characters that can't be seen",
            ),
            (
                Request { made: Made { at: Timestamp::UNIX_EPOCH, nonce: "00".to_owned() }, ..one.clone() }.written(),
                "it has no random part",
            ),
            (" ".repeat(LONGEST + 1), "it has more than 65536 bytes"),
        ] {
            assert_eq!(Request::read(bytes.as_bytes()), Err(why.to_owned()), "{bytes}");
        }
        for (fact, why) in [
            (r#"{"event":"acknowledged","more":1}"#, "another version of hotfix wrote its fact differently"),
            (r#"{ "event": "acknowledged" }"#, "another version of hotfix wrote its fact differently"),
            (r#"{"event":"magic"}"#, "this version of hotfix knows no such fact"),
        ] {
            assert_eq!(Request { fact: fact.to_owned(), ..one.clone() }.fact(), Err(why.to_owned()), "{fact}");
        }
    }
}
