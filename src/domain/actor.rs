//! Who caused an event, and how that is known.

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize, Serializer};

/// A person or a program that acts: a name, an address, and how their identity was proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    pub name: String,
    /// Empty if unknown.
    pub address: String,
    pub proof: Identity,
}

/// How an actor's identity was proven.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "by", rename_all = "kebab-case")]
pub enum Identity {
    /// Not at all: git's configuration or `--as` says so. The same for events from before this was recorded.
    #[default]
    Claimed,
    /// A signature over the event's fact, as a [statement](super::statement::Statement).
    Signature {
        /// The fingerprint of the key.
        key: String,
        made: Made,
        /// As the program that signs wrote it, in ASCII armour.
        signature: String,
    },
    /// Not at all: another clone has sent it, and says who.
    Sent { made: Made },
    /// A login of a forge, confirmed by the forge.
    Forge { forge: String, login: String },
    /// A token that hotfix gave out, by its name.
    Token { name: String },
    /// A single sign-on: the issuer, and the subject that it confirmed.
    SignOn { issuer: String, subject: String },
}

/// When a statement was made, as whoever made it says, and what makes it different from any other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Made {
    pub at: Timestamp,
    /// Random, at least 128 bits.
    pub nonce: String,
}

impl Actor {
    /// The actor that `text` names, `Name <address>` or a name alone, without proof.
    pub fn claimed(text: &str) -> Actor {
        Actor::read(text, Identity::Claimed)
    }

    /// Returns the actor whose `to_string` is `text`, because journals are read back unchanged.
    pub fn read(text: &str, proof: Identity) -> Actor {
        let parts = text.strip_suffix('>').and_then(|text| text.rsplit_once(" <"));
        let (name, address) = parts.filter(|(_, address)| !address.is_empty()).unwrap_or((text, ""));
        Actor { name: name.to_owned(), address: address.to_owned(), proof }
    }
}

impl Actor {
    /// What identifies a person: the address in lower case, or the name without one.
    pub fn key(&self) -> String {
        let key = if self.address.is_empty() { &self.name } else { &self.address };
        key.trim().to_lowercase()
    }
}

impl fmt::Display for Actor {
    /// `Name <address>`, or the name without an address.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address.as_str() {
            "" => f.write_str(&self.name),
            address => write!(f, "{} <{address}>", self.name),
        }
    }
}

impl Serialize for Actor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for Actor {
    fn schema_name() -> Cow<'static, str> {
        String::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        String::json_schema(generator)
    }

    fn inline_schema() -> bool {
        true
    }
}

impl Identity {
    /// How it was proven, in words: what the journal says, and nobody has checked here.
    pub fn words(&self) -> String {
        match self {
            Identity::Claimed | Identity::Sent { .. } => "claimed".to_owned(),
            Identity::Signature { key, .. } => format!("signed by {key}"),
            Identity::Forge { forge, login } => format!("{login} on {forge}"),
            Identity::Token { name } => format!("by the token {name}"),
            Identity::SignOn { issuer, subject } => format!("{subject} by {issuer}"),
        }
    }

    /// As a journal has it: empty if only claimed, so that older events stay the same.
    pub fn written(&self) -> String {
        match self {
            Identity::Claimed => String::new(),
            proven => serde_json::to_string(proven).expect("it has only strings"),
        }
    }

    /// Reads what [`Identity::written`] gave.
    pub fn from_written(text: &str) -> Result<Identity, serde_json::Error> {
        if text.is_empty() { Ok(Identity::Claimed) } else { serde_json::from_str(text) }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{Actor, Identity, Made};

    #[test]
    fn an_actor_is_written_as_it_was_read() {
        for (text, name, address) in [
            ("Ada <ada@example.org>", "Ada", "ada@example.org"),
            ("Ada Lindqvist <ada@example.org>", "Ada Lindqvist", "ada@example.org"),
            ("Ada", "Ada", ""),
            ("<ada@example.org>", "<ada@example.org>", ""),
            (" <ada@example.org>", "", "ada@example.org"),
            ("Ada <>", "Ada <>", ""),
            ("Ada <a> <b>", "Ada <a>", "b"),
            ("Ada <a> ", "Ada <a> ", ""),
            ("", "", ""),
        ] {
            let actor = Actor::claimed(text);
            assert_eq!((actor.name.as_str(), actor.address.as_str()), (name, address), "{text}");
            assert_eq!(actor.to_string(), text);
        }
    }

    #[test]
    fn how_it_is_known_is_read_back() {
        let made = Made { at: Timestamp::UNIX_EPOCH, nonce: "00".to_owned() };
        let all = [
            Identity::Claimed,
            Identity::Signature { key: "SHA256:x".to_owned(), made: made.clone(), signature: "-----".to_owned() },
            Identity::Sent { made },
            Identity::Forge { forge: "github.com".to_owned(), login: "ada".to_owned() },
            Identity::Token { name: "ci".to_owned() },
            Identity::SignOn { issuer: "https://sso.example".to_owned(), subject: "ada".to_owned() },
        ];
        for proof in all {
            assert_eq!(Identity::from_written(&proof.written()).unwrap(), proof);
        }
        assert_eq!(Identity::Claimed.written(), "");
        assert!(Identity::from_written("{\"by\":\"magic\"}").is_err());
    }
}
