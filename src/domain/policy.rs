//! The rules that an incident is handled under, by what they were made of.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::hex::hex;
use super::severity::Severity;

/// Which version of the rules: the profile, and the files of the project that say the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Version {
    /// Where they were read, for people: `origin/main at 1234567`, or `the work tree`.
    pub from: String,
    /// Empty if none is chosen.
    pub profile: String,
    /// Each file by its path, with git's name of its content.
    pub files: BTreeMap<String, String>,
    /// Who approves by them, which follows from the rest.
    #[serde(default)]
    pub roles: BTreeMap<Severity, Vec<String>>,
}

/// The most hexadecimal digits of a digest that a person has to read.
const SHORT: usize = 12;

impl Version {
    /// SHA-256 in hexadecimal digits of what the rules are, and not of where they were read: the profile, and
    /// the path and name of each file, each ended by a NUL, which none of them has.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        let files = self.files.iter().flat_map(|(path, content)| [path, content]);
        for part in [&self.profile].into_iter().chain(files) {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        hex(&hash.finalize())
    }

    /// How many people approve a fix of this severity.
    pub fn approvals(&self, severity: Severity) -> usize {
        self.roles.get(&severity).map_or(0, Vec::len)
    }

    /// The name under which these rules are waived: they are followed although the incident was declared under
    /// others. A later change has another name.
    pub fn waiver(&self) -> String {
        format!("{WAIVER}{}", &self.digest()[..SHORT])
    }

    /// What differs from `earlier`, each on a line for people; empty if the rules are the same.
    pub fn changes(&self, earlier: &Version) -> Vec<String> {
        let named = |profile: &str| if profile.is_empty() { "none".to_owned() } else { format!("`{profile}`") };
        let mut changes = Vec::new();
        if self.profile != earlier.profile {
            changes.push(format!("the profile is {}, and was {}", named(&self.profile), named(&earlier.profile)));
        }
        let both = self.roles.keys().filter(|severity| earlier.roles.contains_key(severity));
        changes.extend(both.filter_map(|severity| {
            let (before, now) = (earlier.approvals(*severity), self.approvals(*severity));
            (before != now).then(|| format!("{severity} needs {}, and needed {before}", approvals(now)))
        }));
        let mut paths: Vec<&String> = self.files.keys().chain(earlier.files.keys()).collect();
        paths.sort();
        paths.dedup();
        changes.extend(paths.into_iter().filter_map(|path| match (earlier.files.get(path), self.files.get(path)) {
            (Some(before), Some(now)) => (before != now).then(|| format!("{path} was changed")),
            (None, _) => Some(format!("{path} was added")),
            (_, None) => Some(format!("{path} was removed")),
        }));
        changes
    }
}

/// What the names of such waivers start with.
pub const WAIVER: &str = "policy/";

fn approvals(number: usize) -> String {
    if number == 1 { "1 approval".to_owned() } else { format!("{number} approvals") }
}

/// A decision that fewer people approve than the rules ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Lowered {
    /// How many approvals the rules ask for, and how many are left.
    pub from: usize,
    pub to: usize,
    /// What lowers it, for people: `--profile compose`, `P2 instead of P0`.
    pub by: String,
    pub reason: String,
}

impl fmt::Display for Lowered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Lowered { from, to, by, reason } = self;
        write!(f, "{} instead of {from}, by {by}: {reason}", approvals(*to))
    }
}

#[cfg(test)]
mod tests {
    use super::{Severity, Version};

    fn version(profile: &str, files: &[(&str, &str)]) -> Version {
        let files = files.iter().map(|(path, content)| ((*path).to_owned(), (*content).to_owned())).collect();
        Version { profile: profile.to_owned(), files, ..Version::default() }
    }

    #[test]
    fn only_what_the_rules_are_counts() {
        let first = version("", &[("hotfix.toml", "1"), ("people.toml", "2")]);
        let elsewhere = Version { from: "the work tree".to_owned(), ..first.clone() };
        assert_eq!(first.digest(), elsewhere.digest());
        assert_eq!(first.changes(&elsewhere), [""; 0]);
        for (other, change) in [
            (
                version("compose", &[("hotfix.toml", "1"), ("people.toml", "2")]),
                "the profile is `compose`, and was none",
            ),
            (version("", &[("hotfix.toml", "1"), ("people.toml", "3")]), "people.toml was changed"),
            (version("", &[("hotfix.toml", "1")]), "people.toml was removed"),
            (version("", &[("a", "1"), ("hotfix.toml", "1"), ("people.toml", "2")]), "a was added"),
        ] {
            assert_eq!(other.changes(&first), [change]);
            assert_ne!(other.digest(), first.digest(), "{change}");
            assert_ne!(other.waiver(), first.waiver());
        }
        let fewer = Version { roles: [(Severity::P0, vec![])].into(), ..first.clone() };
        let more = Version { roles: [(Severity::P0, vec!["a".to_owned()]), (Severity::P1, vec![])].into(), ..first };
        assert_eq!(fewer.changes(&more), ["P0 needs 0 approvals, and needed 1"]);
        assert_eq!(more.changes(&fewer), ["P0 needs 1 approval, and needed 0"]);
    }
}
