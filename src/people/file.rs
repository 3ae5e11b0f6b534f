//! The file that says who is who: its form, and mistakes in it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::config::mistake::{ConfigError, plain, table, typed};
use crate::domain::name::is_deceptive;

/// Where it is in production's branch.
pub const PATH: &str = ".hotfix/people.toml";

/// The most bytes of it, and of the file with allowed signers.
pub const LARGEST: usize = 1024 * 1024;

/// The most people, and the most that each list of a person may have.
const MOST_PEOPLE: usize = 2000;
const MOST_EACH: usize = 50;

/// The most characters of a name, an address or a role.
const LONGEST: usize = 200;

/// The file as it is written.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct File {
    /// A file with more keys, in OpenSSH's form.
    pub allowed_signers: Option<String>,
    #[serde(default)]
    pub person: Vec<Entry>,
    #[serde(default)]
    pub role: BTreeMap<String, Demand>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    pub name: String,
    pub addresses: Vec<String>,
    #[serde(default)]
    pub roles: Vec<String>,
    #[serde(default)]
    pub keys: Vec<Written>,
    /// By forge.
    #[serde(default)]
    pub logins: BTreeMap<String, String>,
}

/// What a role asks for.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Demand {
    /// Whether only keys in a device that was touched count.
    #[serde(default)]
    pub touch: bool,
}

/// A key, alone or with the time in which it counts.
#[derive(Clone, Debug)]
pub struct Written {
    pub key: String,
    pub after: Option<Timestamp>,
    pub before: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Limited {
    key: String,
    valid_after: Option<toml::value::Datetime>,
    valid_before: Option<toml::value::Datetime>,
}

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Written, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Written;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key, or a table with `key`, `valid-after` and `valid-before`")
            }

            fn visit_str<E: Error>(self, key: &str) -> Result<Written, E> {
                Ok(Written { key: key.to_owned(), after: None, before: None })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Written, A::Error> {
                let limited = Limited::deserialize(MapAccessDeserializer::new(map))?;
                let time = |written: Option<toml::value::Datetime>| written.map(|written| time(&written)).transpose();
                Ok(Written {
                    key: limited.key,
                    after: time(limited.valid_after).map_err(A::Error::custom)?,
                    before: time(limited.valid_before).map_err(A::Error::custom)?,
                })
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// A day begins at midnight, and a time without an offset is one of UTC.
fn time(written: &toml::value::Datetime) -> Result<Timestamp, String> {
    let text = written.to_string();
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let civil = text.parse::<DateTime>().or_else(|_| text.parse::<Date>().map(|day| day.at(0, 0, 0, 0)));
    let at = civil.and_then(|civil| civil.to_zoned(TimeZone::UTC));
    at.map(|at| at.timestamp()).map_err(|_| format!("`{text}` is no day or time"))
}

impl File {
    /// Reads the file, which is called `path` in errors.
    pub fn read(path: &Path, text: &str) -> Result<File, Box<ConfigError>> {
        let file: File = typed(table(path, text)?, Some((path, text)), "")?;
        match file.breach() {
            Some(breach) => Err(plain(&format!("`{}`: {breach}", path.display()))),
            None => Ok(file),
        }
    }

    /// What is too much, or can't be shown to people as it is.
    fn breach(&self) -> Option<String> {
        if self.person.len() > MOST_PEOPLE {
            return Some(format!("more than {MOST_PEOPLE} people"));
        }
        for (number, person) in (1..).zip(&self.person) {
            let lists = [person.addresses.len(), person.roles.len(), person.keys.len(), person.logins.len()];
            if lists.iter().any(|length| *length > MOST_EACH) {
                return Some(format!("person {number} has more than {MOST_EACH} addresses, roles, keys or logins"));
            }
            let texts = [&person.name].into_iter().chain(&person.addresses).chain(&person.roles);
            for text in texts.chain(person.logins.keys()).chain(person.logins.values()) {
                if text.trim().is_empty() || text.trim() != text || text.chars().count() > LONGEST {
                    return Some(format!("a text of person {number} is empty, too long, or has spaces around it"));
                }
                if text.chars().any(|c| c.is_control() || is_deceptive(c)) {
                    return Some(format!("a text of person {number} has a control character"));
                }
            }
            if person.addresses.is_empty() {
                return Some(format!("person {number} has no address"));
            }
        }
        let signers = self.allowed_signers.as_deref().unwrap_or_default();
        let is_outside = signers.starts_with('/') || signers.split('/').any(|part| part == "..");
        (is_outside || signers.chars().any(char::is_control))
            .then(|| "`allowed-signers` has to be a path in the repository".to_owned())
    }
}
