//! What depends on what, followed backwards.

use std::collections::{BTreeMap, BTreeSet};

/// For each thing those that depend on it directly.
pub type Dependents = BTreeMap<String, BTreeSet<String>>;

/// Returns `changed` and all that depends on it, directly or through others.
pub fn reached(changed: impl IntoIterator<Item = String>, dependents: &Dependents) -> BTreeSet<String> {
    let mut reached: BTreeSet<String> = changed.into_iter().collect();
    let mut waiting: Vec<String> = reached.iter().cloned().collect();
    while let Some(thing) = waiting.pop() {
        for dependent in dependents.get(&thing).into_iter().flatten() {
            if reached.insert(dependent.clone()) {
                waiting.push(dependent.clone());
            }
        }
    }
    reached
}

/// Returns the innermost of the directories that a file lies in; the empty one has all files.
pub fn owner<'a>(path: &str, directories: impl IntoIterator<Item = &'a String>) -> Option<&'a String> {
    let has = |directory: &&String| {
        directory.is_empty() || path.strip_prefix(directory.as_str()).is_some_and(|rest| rest.starts_with('/'))
    };
    directories.into_iter().filter(has).max_by_key(|directory| directory.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_depends_on_a_change_is_reached_once() {
        let names = |text: &str| text.split_whitespace().map(str::to_owned).collect::<BTreeSet<_>>();
        let dependents: Dependents = [("a", "b c"), ("b", "d"), ("c", "d"), ("d", "a"), ("e", "f")]
            .map(|(a, b)| (a.to_owned(), names(b)))
            .into();
        assert_eq!(reached(names("b"), &dependents), names("a b c d"));
        assert_eq!(reached(names("f"), &dependents), names("f"));
        let directories: Vec<String> = ["", "a", "a/b", "ab"].map(str::to_owned).into();
        for (path, found) in [("a/b/c.x", "a/b"), ("a/x", "a"), ("ab/x", "ab"), ("abc/x", ""), ("x", "")] {
            assert_eq!(owner(path, &directories).map(String::as_str), Some(found), "{path}");
        }
        assert_eq!(owner("b/x", &directories[1..]), None);
    }
}
