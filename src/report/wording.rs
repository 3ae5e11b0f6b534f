//! The journal's text as it may be shown in documents that everyone can read.

use std::collections::BTreeSet;

use super::timeline::person;
use crate::domain::event::Event;
use crate::domain::fix::Branch;

/// Removes people's addresses and the paths of one machine.
pub struct Wording<'a> {
    /// Everyone who caused an event, as `Name <address>`.
    people: BTreeSet<String>,
    /// The fix's work tree, and its last part.
    work_tree: Option<(&'a str, &'a str)>,
}

impl<'a> Wording<'a> {
    pub fn new(events: &'a [Event], branch: Option<&'a Branch>) -> Wording<'a> {
        let people = events.iter().map(|event| event.actor.to_string()).filter(|actor| actor.contains('<')).collect();
        let work_tree = branch.and_then(|branch| {
            let (_, name) = branch.work_tree.rsplit_once('/')?;
            Some((branch.work_tree.as_str(), name))
        });
        Wording { people, work_tree }
    }

    /// Returns `text` with people's names.
    pub fn personal(&self, text: &str) -> String {
        self.with(text, person)
    }

    /// Returns `text` without names.
    pub fn impersonal(&self, text: &str) -> String {
        self.with(text, |_| "someone".to_owned())
    }

    fn with(&self, text: &str, name: fn(&str) -> String) -> String {
        let text = self.people.iter().fold(text.to_owned(), |text, actor| text.replace(actor, &name(actor)));
        self.work_tree.map_or(text.clone(), |(path, name)| text.replace(path, name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_names_and_folders_are_left_out() {
        let wording = Wording {
            people: BTreeSet::from(["Ada <ada@example.com>", "Bob <bob@example.com>"].map(str::to_owned)),
            work_tree: Some(("/home/ada/shop-001", "shop-001")),
        };
        let text = "Ada <ada@example.com> in /home/ada/shop-001, Bob <bob@example.com> too";
        assert_eq!(wording.personal(text), "Ada in shop-001, Bob too");
        assert_eq!(wording.impersonal(text), "someone in shop-001, someone too");
    }
}
