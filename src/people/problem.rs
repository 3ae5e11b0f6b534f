//! What is wrong with the people of a file, as far as approvals depend on it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::key::Kind;
use super::{People, Person};

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Problem {
    /// Whether an approval is impossible because of it, or counts for nobody.
    pub blocks: bool,
    pub text: String,
}

/// Returns what is wrong at a time, where an approval needs `roles`, those of each severity in a list.
pub fn problems(people: &People, roles: &[Vec<String>], at: Timestamp) -> Vec<Problem> {
    let mut found = Vec::new();
    let mut say = |blocks: bool, text: String| found.push(Problem { blocks, text });
    for person in &people.all {
        let name = &person.name;
        for (key, why) in &person.broken {
            say(true, format!("{name}: the key `{key}` does not count: {why}"));
        }
        for key in &person.keys {
            if key.valid.is_over(at) {
                say(false, format!("{name}: the key {key} has expired"));
            }
            let digits = key.fingerprint.trim_start_matches("gpg:");
            if key.kind == Kind::Gpg && !people.keyring.contains_key(digits) {
                say(true, format!("{name}: production's branch has no .hotfix/keys/{digits}.asc"));
            }
        }
        if person.decides() && !has_key(person, at) {
            say(false, format!("{name}: has roles, and no key that counts"));
        }
    }
    for (what, text) in shared(people) {
        say(true, format!("{what} is in the names of {text}"));
    }
    for principal in &people.strangers {
        say(false, format!("the allowed signer `{principal}` is the address of nobody here"));
    }
    for role in roles.iter().flatten().collect::<BTreeSet<_>>() {
        let able: Vec<&Person> = people.all.iter().filter(|person| may_act(people, person, role, at)).collect();
        match able[..] {
            [] => say(true, format!("nobody can approve as `{role}`")),
            [one] => say(false, format!("{} alone can approve as `{role}`", one.name)),
            _ => {}
        }
    }
    found
}

fn has_key(person: &Person, at: Timestamp) -> bool {
    person.keys.iter().any(|key| !key.valid.is_over(at) && !key.valid.is_to_come(at))
}

/// Whether the person has the role, and a key that may take it.
fn may_act(people: &People, person: &Person, role: &str, at: Timestamp) -> bool {
    let counts = |key: &&super::Key| !key.valid.is_over(at) && !key.valid.is_to_come(at);
    let fits = |key: &super::Key| !people.touch.contains(role) || key.is_in_a_device();
    person.is(role) && person.keys.iter().filter(counts).any(fits)
}

/// Keys and addresses of more than one person, each with their names.
fn shared(people: &People) -> Vec<(String, String)> {
    let mut owners: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for person in &people.all {
        let keys = person.keys.iter().map(|key| format!("the key {key}")).collect::<BTreeSet<_>>();
        let addresses = person.addresses.iter().map(|address| format!("the address `{address}`"));
        for what in keys.into_iter().chain(addresses.collect::<BTreeSet<_>>()) {
            owners.entry(what).or_default().push(&person.name);
        }
    }
    owners.into_iter().filter(|(_, names)| names.len() > 1).map(|(what, names)| (what, names.join(" and "))).collect()
}
