//! The journal's text as it may be shown in documents that everyone can read.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

use super::timeline::person;
use crate::domain::event::{Event, Fact};
use crate::domain::evidence::Detail;
use crate::domain::fix::Branch;

/// What stands before a file of a clean tree, of its build, or of a git directory's own part of hotfix, on any
/// machine.
static PLACES: LazyLock<Regex> = LazyLock::new(|| {
    let until = r"/[^\s'\x22`:()\[\]]*";
    let slot = r"(?:hotfix/check/[0-9a-f]{16}|hotfix-check-[^/\s]+)/[a-z]+/(?:tree|build|scratch)\b/?";
    Regex::new(&format!(r"{until}/{slot}|{until}/(?P<own>\.git/hotfix\b)")).expect("it is written correctly")
});

/// Removes people's addresses and the paths of one machine.
pub struct Wording {
    /// Everyone who caused an event, as `Name <address>`.
    people: BTreeSet<String>,
    /// The directories that the fix's work trees are in, one in each clone, with a `/` at the end; the longest first.
    directories: Vec<String>,
}

impl Wording {
    pub fn new(events: &[Event]) -> Wording {
        let people = events.iter().map(|event| event.actor.to_string()).filter(|actor| actor.contains('<')).collect();
        let work_trees = events.iter().filter_map(|event| match &event.fact {
            Fact::StepDone { step, evidence } if *step == Branch::STEP => evidence.detail["work_tree"].as_str(),
            _ => None,
        });
        let parents = work_trees.filter_map(|tree| Path::new(tree).parent()).filter(|parent| parent.iter().count() > 1);
        let directories: BTreeSet<String> = parents.map(|parent| format!("{}/", parent.display())).collect();
        let mut directories: Vec<String> = directories.into_iter().collect();
        directories.sort_by_key(|directory| std::cmp::Reverse(directory.len()));
        Wording { people, directories }
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
        let text = PLACES.replace_all(&text, "$own");
        self.directories.iter().fold(text.into_owned(), |text, directory| text.replace(directory, ""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_names_and_folders_are_left_out() {
        let wording = Wording {
            people: BTreeSet::from(["Ada <ada@example.com>", "Bob <bob@example.com>"].map(str::to_owned)),
            directories: vec!["/home/ada/".to_owned()],
        };
        let text = "Ada <ada@example.com> in /home/ada/shop-001, Bob <bob@example.com> too";
        assert_eq!(wording.personal(text), "Ada in shop-001, Bob too");
        assert_eq!(wording.impersonal(text), "someone in shop-001, someone too");
        for (text, shown) in [
            (
                "File \"/root/.cache/hotfix/check/0123456789abcdef/fix/tree/tests/a.py\", line 1",
                "File \"tests/a.py\", line 1",
            ),
            ("in /tmp/hotfix-check-x1Y/base/tree: no", "in : no"),
            ("all of it: /srv/shop/.git/hotfix/check/1/proof-fix.log", "all of it: .git/hotfix/check/1/proof-fix.log"),
            ("GET /hotfix/check and /api/pay", "GET /hotfix/check and /api/pay"),
        ] {
            assert_eq!(wording.personal(text), shown);
        }
    }
}
