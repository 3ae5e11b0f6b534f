//! Who is who: the people of `.hotfix/people.toml`, their roles, and whose key a signature was made with.

pub mod file;
pub mod key;
pub mod problem;
pub mod signature;
pub mod signers;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use file::File;
use key::Key;
use signers::Signer;

/// The role that lets nobody decide anything.
pub const OBSERVER: &str = "observer";

/// The people of one version of the file.
#[derive(Clone, Debug, Default)]
pub struct People {
    /// For people: `origin/main at 1234567`.
    pub from: String,
    pub all: Vec<Person>,
    /// The roles that only a touched device can take.
    pub touch: BTreeSet<String>,
    /// Public keys of GPG in their armour, by the forty digits of their fingerprints.
    pub keyring: BTreeMap<String, Vec<u8>>,
    /// Keys of allowed signers that are nobody's, by principal.
    pub strangers: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub name: String,
    /// In lower case.
    pub addresses: Vec<String>,
    pub roles: Vec<String>,
    pub keys: Vec<Key>,
    /// The keys that can't be read: the beginning of each, and why.
    pub broken: Vec<(String, String)>,
    pub logins: BTreeMap<String, String>,
}

/// Who signed, by one of their keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    pub person: String,
    /// The fingerprint of the key.
    pub key: String,
    pub touched: bool,
}

/// Why a signature proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    #[error("the signature can't be read")]
    Malformed,
    #[error("the signature was made for something else")]
    Purpose,
    #[error("the signature is not one of what is said here")]
    Forged,
    #[error("the key {key} is nobody's by {from}")]
    Stranger { key: String, from: String },
    #[error("the key {key} is in two people's names, {one} and {other}")]
    Shared { key: String, one: String, other: String },
    #[error("the key {key} expired on {day}")]
    Expired { key: String, day: String },
    #[error("the key {key} is valid from {day}")]
    NotYet { key: String, day: String },
    #[error("the key {key} is {owner}'s, and not of `{by}`")]
    NotTheirs { key: String, owner: String, by: String },
    #[error("the key {key} has no public key in .hotfix/keys/{digits}.asc")]
    NoPublicKey { key: String, digits: String },
    #[error("gpg can't check it: {0}")]
    Gpg(String),
}

impl People {
    /// The people that `file` and the allowed signers name; `from` says for people where they were read.
    pub fn of(file: &File, signers: &[Signer], from: String) -> People {
        let mut all: Vec<Person> = file.person.iter().map(person).collect();
        let mut strangers = Vec::new();
        for signer in signers {
            let mut is_known = false;
            for person in &mut all {
                let is_theirs = signer.principals.iter().any(|principal| person.addresses.contains(principal));
                is_known |= is_theirs;
                match &signer.key {
                    // The file of people says more exactly when it counts.
                    Ok(key) if is_theirs && !person.has(&key.fingerprint) => person.keys.push(key.clone()),
                    Err(why) if is_theirs => person.broken.push((signer.principals.join(","), why.clone())),
                    _ => {}
                }
            }
            if !is_known {
                strangers.push(signer.principals.join(","));
            }
        }
        let touch = file.role.iter().filter(|(_, demand)| demand.touch).map(|(role, _)| role.clone()).collect();
        People { from, all, touch, keyring: BTreeMap::new(), strangers }
    }

    /// The person whose address this is, in any case of letters. An address of two people is nobody's.
    pub fn by_address(&self, address: &str) -> Option<&Person> {
        let address = address.trim().to_lowercase();
        let mut found = self.all.iter().filter(|person| person.addresses.contains(&address));
        found.next().filter(|_| found.next().is_none())
    }

    /// Returns whose key this is, for something that was said in the name of `address` at a time.
    pub fn holder(&self, fingerprint: &str, address: &str, at: Timestamp) -> Result<&Person, Why> {
        let holders: Vec<&Person> = self.all.iter().filter(|person| person.has(fingerprint)).collect();
        let key = || fingerprint.to_owned();
        let person = match holders[..] {
            [] => return Err(Why::Stranger { key: key(), from: self.from.clone() }),
            [person] => person,
            [one, other, ..] => {
                let (one, other) = (one.name.clone(), other.name.clone());
                return Err(Why::Shared { key: key(), one, other });
            }
        };
        let own = person.keys.iter().filter(|key| key.fingerprint == fingerprint);
        let counts = |key: &&Key| !key.valid.is_over(at) && !key.valid.is_to_come(at);
        if let Some(found) = own.clone().next().filter(|_| own.clone().all(|key| !counts(&key))) {
            return Err(match found.valid {
                valid if valid.is_to_come(at) => Why::NotYet { key: key(), day: day(valid.after) },
                valid => Why::Expired { key: key(), day: day(valid.before) },
            });
        }
        if self.by_address(address) != Some(person) {
            return Err(Why::NotTheirs { key: key(), owner: person.name.clone(), by: address.to_owned() });
        }
        Ok(person)
    }

    /// The digits of every GPG key that somebody has.
    pub fn gpg_keys(&self) -> BTreeSet<String> {
        let keys = self.all.iter().flat_map(|person| &person.keys);
        keys.filter_map(|key| key.fingerprint.strip_prefix("gpg:").map(str::to_owned)).collect()
    }
}

impl Person {
    pub fn has(&self, fingerprint: &str) -> bool {
        self.keys.iter().any(|key| key.fingerprint == fingerprint)
    }

    pub fn is(&self, role: &str) -> bool {
        self.roles.iter().any(|own| own == role)
    }

    /// Whether they may decide something: an observer, or somebody without a role, may not.
    pub fn decides(&self) -> bool {
        self.roles.iter().any(|role| role != OBSERVER)
    }
}

fn person(entry: &file::Entry) -> Person {
    let mut person = Person {
        name: entry.name.clone(),
        addresses: entry.addresses.iter().map(|address| address.to_lowercase()).collect(),
        roles: entry.roles.clone(),
        keys: Vec::new(),
        broken: Vec::new(),
        logins: entry.logins.clone(),
    };
    for written in &entry.keys {
        let valid = key::Validity { after: written.after, before: written.before };
        match Key::read(&written.key, valid) {
            Ok(key) => person.keys.push(key),
            Err(why) => person.broken.push((crate::domain::name::line(&written.key, 30), why)),
        }
    }
    person
}

fn day(at: Option<Timestamp>) -> String {
    at.map(|at| at.strftime("%Y-%m-%d").to_string()).unwrap_or_default()
}
