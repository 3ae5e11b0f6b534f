//! The content of a manifest or a lock file, and how two versions of it differ.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::redact::redact;

/// Longest text of a name or a value in a finding, in characters.
const SHOWN: usize = 100;

/// The dependencies that a file names: by scope and name, the requirement of each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entries(BTreeMap<(String, String), BTreeSet<Value>>);

/// What a manifest asks for, or what a lock file has fixed. What is missing is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Value {
    /// A requirement in a manifest, with its options; a version in a lock file.
    pub version: String,
    /// Where it comes from, if that is not the usual place.
    pub source: String,
    pub checksum: String,
}

/// A dependency that is not the same before and after; `None` where it is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub scope: String,
    pub name: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

/// Why a file could not be read by meaning. Parsers quote what they can't read; what is shown of it
/// is fit for a terminal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", clean(.0))]
pub struct Unreadable(pub String);

impl Value {
    pub fn version(version: impl Into<String>) -> Value {
        Value { version: version.into(), ..Value::default() }
    }

    fn show(&self, with_checksum: bool) -> String {
        let mut shown = self.version.clone();
        if !self.source.is_empty() {
            shown = format!("{shown} from {}", self.source).trim_start().to_owned();
        }
        if with_checksum && !self.checksum.is_empty() {
            shown = format!("{shown} with checksum {}", self.checksum);
        }
        shown
    }
}

impl Entries {
    pub fn add(&mut self, scope: impl Into<String>, name: impl Into<String>, value: Value) {
        self.0.entry((scope.into(), name.into())).or_default().insert(value);
    }

    /// Returns what is only in one of the two, or not the same in both, in the order of names.
    pub fn differences(&self, after: &Entries) -> Vec<Difference> {
        let names: BTreeSet<_> = self.0.keys().chain(after.0.keys()).collect();
        let differing = names.into_iter().filter(|name| self.0.get(*name) != after.0.get(*name));
        differing.map(|name| difference(name, self.0.get(name), after.0.get(name))).collect()
    }
}

fn difference(
    (scope, name): &(String, String),
    before: Option<&BTreeSet<Value>>,
    after: Option<&BTreeSet<Value>>,
) -> Difference {
    let show = |values: Option<&BTreeSet<Value>>, checksums: bool| {
        let values: Vec<_> = values?.iter().map(|value| value.show(checksums)).collect();
        Some(brief(&redact(&values.join(", "))))
    };
    let shown = |checksums| (show(before, checksums), show(after, checksums));
    let (mut old, mut new) = shown(false);
    if old == new {
        (old, new) = shown(true);
    }
    Difference { scope: brief(scope), name: brief(name), before: old, after: new }
}

/// `text` fit for one line of a terminal: nothing that controls it, and not too long.
pub fn brief(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => clean(&text[..end]) + "...",
        None => clean(text),
    }
}

fn clean(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { '\u{fffd}' } else { character }).collect()
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Difference { scope, name, before, after } = self;
        let place = if scope.is_empty() { String::new() } else { format!(" ({scope})") };
        match (before.as_deref(), after.as_deref()) {
            (Some(before), Some(after)) => write!(f, "`{name}`{place} {} -> {}", or_none(before), or_none(after)),
            (None, Some(after)) => write!(f, "`{name}`{place} added: {}", or_none(after)),
            (Some(before), None) => write!(f, "`{name}`{place} removed: {}", or_none(before)),
            (None, None) => write!(f, "`{name}`{place}"),
        }
    }
}

fn or_none(value: &str) -> &str {
    if value.is_empty() { "any" } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(list: &[(&str, &str, &str, &str)]) -> Entries {
        let mut entries = Entries::default();
        for (name, version, source, checksum) in list {
            let value =
                Value { version: version.to_string(), source: source.to_string(), checksum: checksum.to_string() };
            entries.add("", *name, value);
        }
        entries
    }

    fn shown(before: &[(&str, &str, &str, &str)], after: &[(&str, &str, &str, &str)]) -> Vec<String> {
        entries(before).differences(&entries(after)).iter().map(Difference::to_string).collect()
    }

    #[test]
    fn both_values_are_shown() {
        assert_eq!(shown(&[("a", "1", "", "")], &[("a", "2", "", "")]), ["`a` 1 -> 2"]);
        assert_eq!(shown(&[], &[("a", "", "", "")]), ["`a` added: any"]);
        assert_eq!(shown(&[("a", "1", "x", "")], &[]), ["`a` removed: 1 from x"]);
        assert_eq!(shown(&[("a", "1", "", "f")], &[("a", "1", "", "f")]), [""; 0]);
    }

    #[test]
    fn checksums_are_shown_where_nothing_else_differs() {
        assert_eq!(
            shown(&[("a", "1", "", "ff")], &[("a", "1", "", "ee")]),
            ["`a` 1 with checksum ff -> 1 with checksum ee"]
        );
    }

    #[test]
    fn several_versions_are_all_shown() {
        assert_eq!(shown(&[("a", "1", "", "")], &[("a", "1", "", ""), ("a", "2", "", "")]), ["`a` 1 -> 1, 2"]);
    }

    #[test]
    fn hostile_text_stays_on_its_line() {
        let name = format!("a\n\u{1b}[2J{}", "x".repeat(500));
        let found = shown(&[], &[(&name, "https://me:secret@host/x", "", "")]);
        assert!(!found[0].contains(['\n', '\u{1b}']) && found[0].len() < 300, "{}", found[0]);
    }
}
