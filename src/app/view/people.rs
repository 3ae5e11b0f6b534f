//! Who is who, and how an approval is proven.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::people::key::Key;
use crate::people::problem::Problem;
use crate::people::{People, Person};

/// The people of production's branch, or of a file that is checked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct PeopleView {
    /// Where they were read; null where production's branch has no file of people.
    pub from: Option<String>,
    /// What proves an approval.
    pub proof: Vec<&'static str>,
    pub people: Vec<PersonView>,
    /// The roles that only a touched device can take.
    pub touch: Vec<String>,
    pub problems: Vec<Problem>,
    /// Whether the work tree has another file than production's branch, which is not followed.
    pub differs: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct PersonView {
    pub name: String,
    pub addresses: Vec<String>,
    pub roles: Vec<String>,
    pub keys: Vec<KeyView>,
    /// By forge.
    pub logins: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct KeyView {
    pub fingerprint: String,
    /// `ed25519`, `rsa`, `sk-ed25519`, `gpg` and so on.
    pub kind: &'static str,
    pub valid_after: Option<Timestamp>,
    pub valid_before: Option<Timestamp>,
    /// Whether it counts now.
    pub counts: bool,
}

impl PeopleView {
    /// The same with these people, whose keys count or not at the time `now`.
    #[must_use]
    pub fn with(self, people: &People, now: Timestamp) -> PeopleView {
        let persons = people.all.iter().map(|person| PersonView::of(person, now)).collect();
        PeopleView { people: persons, touch: people.touch.iter().cloned().collect(), ..self }
    }

    /// The exit status: 1 if an approval is impossible, or somebody's counts for nobody.
    pub fn exit(&self) -> u8 {
        u8::from(self.problems.iter().any(|problem| problem.blocks))
    }
}

impl PersonView {
    fn of(person: &Person, now: Timestamp) -> PersonView {
        let Person { name, addresses, roles, keys, logins, .. } = person.clone();
        PersonView { name, addresses, roles, keys: keys.iter().map(|key| KeyView::of(key, now)).collect(), logins }
    }
}

impl KeyView {
    fn of(key: &Key, now: Timestamp) -> KeyView {
        KeyView {
            fingerprint: key.fingerprint.clone(),
            kind: key.kind(),
            valid_after: key.valid.after,
            valid_before: key.valid.before,
            counts: !key.valid.is_over(now) && !key.valid.is_to_come(now),
        }
    }
}
