//! The name of an object.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::Digest;

/// The name of an object: 20 bytes in a SHA-1 repository, 32 in a SHA-256 one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Oid {
    bytes: [u8; 32],
    format: Format,
}

/// The hash function that a repository names its objects by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Format {
    Sha1,
    Sha256,
}

#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not the full name of an object")]
pub struct NotAnOid(String);

impl Format {
    /// The length of a name, in bytes.
    pub fn length(self) -> usize {
        match self {
            Format::Sha1 => 20,
            Format::Sha256 => 32,
        }
    }

    /// Returns the hash of the parts, one after the other.
    pub fn hash(self, parts: &[&[u8]]) -> Oid {
        let mut hasher = self.hasher();
        parts.iter().for_each(|part| hasher.update(part));
        hasher.finish()
    }

    /// Begins a hash of something that comes in pieces.
    pub fn hasher(self) -> Hasher {
        match self {
            Format::Sha1 => Hasher::Sha1(sha1::Sha1::new()),
            Format::Sha256 => Hasher::Sha256(sha2::Sha256::new()),
        }
    }
}

/// A hash being computed.
#[derive(Debug)]
pub enum Hasher {
    Sha1(sha1::Sha1),
    Sha256(sha2::Sha256),
}

impl Hasher {
    pub fn update(&mut self, bytes: &[u8]) {
        match self {
            Hasher::Sha1(hasher) => hasher.update(bytes),
            Hasher::Sha256(hasher) => hasher.update(bytes),
        }
    }

    pub fn finish(self) -> Oid {
        let name = match self {
            Hasher::Sha1(hasher) => Oid::from_bytes(&hasher.finalize()),
            Hasher::Sha256(hasher) => Oid::from_bytes(&hasher.finalize()),
        };
        name.expect("a hash has the length of a name")
    }
}

impl Oid {
    /// Returns the name spelt by the bytes; `None` unless there are 20 or 32 of them.
    pub fn from_bytes(name: &[u8]) -> Option<Oid> {
        let format = match name.len() {
            20 => Format::Sha1,
            32 => Format::Sha256,
            _ => return None,
        };
        let mut bytes = [0; 32];
        bytes[..name.len()].copy_from_slice(name);
        Some(Oid { bytes, format })
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.format.length()]
    }

    pub fn format(&self) -> Format {
        self.format
    }

    /// Whether this is the name that git writes for "no object".
    pub fn is_null(&self) -> bool {
        self.bytes == [0; 32]
    }

    /// The first nine digits: what a person reads.
    pub fn short(&self) -> String {
        let mut name = self.to_string();
        name.truncate(9);
        name
    }
}

impl FromStr for Oid {
    type Err = NotAnOid;

    fn from_str(text: &str) -> Result<Oid, NotAnOid> {
        let wrong = || NotAnOid(text.to_owned());
        // Digits only: a number may have a sign, a name may not.
        if !text.bytes().all(|byte| byte.is_ascii_hexdigit()) || !matches!(text.len(), 40 | 64) {
            return Err(wrong());
        }
        let mut bytes = [0; 32];
        for (at, byte) in bytes[..text.len() / 2].iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[at * 2..at * 2 + 2], 16).map_err(|_| wrong())?;
        }
        Ok(Oid { bytes, format: if text.len() == 40 { Format::Sha1 } else { Format::Sha256 } })
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.short())
    }
}

impl JsonSchema for Oid {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Oid".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^([0-9a-f]{40}|[0-9a-f]{64})$" })
    }
}

impl Serialize for Oid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Oid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Oid, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::{Format, Oid};

    #[test]
    fn names_are_read_and_written() {
        for text in ["4b825dc642cb6eb9a060e54bf8d69288fbee4904", &"ab".repeat(32)] {
            let oid: Oid = text.parse().expect("a name");
            assert_eq!(oid.to_string(), text);
            assert_eq!(Oid::from_bytes(oid.as_bytes()), Some(oid));
        }
        for text in
            ["", "4b825dc", "zz825dc642cb6eb9a060e54bf8d69288fbee4904", "+1825dc642cb6eb9a060e54bf8d69288fbee490é"]
        {
            assert!(text.parse::<Oid>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_empty_tree_has_its_known_names() {
        assert_eq!(Format::Sha1.hash(&[b"tree 0", b"\0"]).to_string(), "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
        assert_eq!(
            Format::Sha256.hash(&[b"tree 0\0"]).to_string(),
            "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321"
        );
    }
}
