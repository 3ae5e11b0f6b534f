//! `setup.cfg` and `setup.py` of setuptools.

use super::entries::{Entries, Unreadable, Value};
use super::requirement::split;
use super::words::{Comments, Word, closing, line, words};

/// The options that hold requirements.
const OPTIONS: [&str; 5] = ["install_requires", "setup_requires", "tests_require", "extras_require", "python_requires"];

/// Returns the requirements of an INI file: one a line, or parted by `;` where they stand beside
/// their key.
pub fn cfg(text: &str) -> Result<Entries, Unreadable> {
    let mut entries = Entries::default();
    let (mut section, mut key) = ("", "");
    for line in text.lines().filter(|line| !line.trim_start().starts_with(['#', ';'])) {
        let mut value = line;
        if let Some(name) = line.strip_prefix('[') {
            (section, key) = (name.trim_end().trim_end_matches(']'), "");
            continue;
        } else if !line.starts_with([' ', '\t']) {
            (key, value) = line.split_once(['=', ':']).unwrap_or((line, ""));
            key = key.trim();
        }
        let scope = match section {
            "options" if OPTIONS.contains(&key) => key.to_owned(),
            "options.extras_require" => format!("extras_require.{key}"),
            _ => continue,
        };
        let wanted = value.split_once(" #").map_or(value, |(before, _)| before).trim();
        if key == "python_requires" && !wanted.is_empty() {
            entries.add("toolchain", "python", Value::version(wanted));
        } else if !wanted.is_empty() {
            let (name, value) = split(wanted).unwrap_or_else(|| (wanted.to_owned(), Value::default()));
            entries.add(scope, name, value);
        }
    }
    Ok(entries)
}

/// Returns what the script gives for the options that hold requirements: the texts of lists, or the
/// expression as it is. Lists that stand under a name of their own count by that name.
pub fn py(text: &str) -> Result<Entries, Unreadable> {
    let words = words(text, Comments::Hash)?;
    let mut entries = Entries::default();
    let mut wanted: Vec<&str> = OPTIONS.to_vec();
    let mut index = 0;
    // Names that an option refers to are looked for too, and the names these refer to.
    while let Some(name) = wanted.get(index).copied() {
        for value in values_of(&words, name)? {
            let names = value.iter().filter_map(|word| match word {
                Word::Name(name) if !wanted.contains(name) => Some(*name),
                _ => None,
            });
            let names: Vec<_> = names.collect();
            add(&mut entries, name, value);
            wanted.extend(names.into_iter().take(MOST_NAMES.saturating_sub(wanted.len())));
        }
        index += 1;
    }
    Ok(entries)
}

/// Most names that are followed, and most values of one, so that a hostile script costs no more.
const MOST_NAMES: usize = 32;

/// What stands after each `name =`, up to the end of its line or argument.
fn values_of<'a, 'b>(words: &'b [Word<'a>], name: &str) -> Result<Vec<&'b [Word<'a>]>, Unreadable> {
    let mut values = Vec::new();
    for at in 0..words.len().saturating_sub(2) {
        let assigned =
            words[at] == Word::Name(name) && words[at + 1] == Word::Mark('=') && words[at + 2] != Word::Mark('=');
        if assigned && values.len() < MOST_NAMES {
            values.push(&words[at + 2..end(words, at + 2)?]);
        }
    }
    Ok(values)
}

fn end(words: &[Word], start: usize) -> Result<usize, Unreadable> {
    let mut at = start;
    while at < words.len() {
        match words[at] {
            Word::Mark('(' | '[' | '{') => at = closing(words, at)?,
            Word::Mark(')' | ']' | '}' | ',') | Word::Line => break,
            _ => {}
        }
        at += 1;
    }
    Ok(at)
}

/// A list of texts is added one by one; anything else as it is written.
fn add(entries: &mut Entries, scope: &str, value: &[Word]) {
    let list =
        value.iter().all(|word| matches!(word, Word::Text(_) | Word::Mark('[' | ']' | '(' | ')' | ',') | Word::Line));
    if !list || value.is_empty() {
        return entries.add(scope, "expression", Value::version(line(value).replace(",]", "]").replace(",}", "}")));
    }
    for word in value {
        if let Word::Text(text) = word {
            let (name, value) = split(text).unwrap_or_else(|| (text.to_string(), Value::version(*text)));
            entries.add(scope, name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::entries::Difference;
    use super::*;

    fn shown(read: fn(&str) -> Result<Entries, Unreadable>, before: &str, after: &str) -> Vec<String> {
        read(before).unwrap().differences(&read(after).unwrap()).iter().map(Difference::to_string).collect()
    }

    #[test]
    fn of_ini() {
        let before = "[metadata]\nversion = 1\n[options]\ninstall_requires =\n    a>=1\n    # no\n[options.extras_require]\nx = b\n";
        let after = before.replace("version = 1", "version = 2").replace("a>=1", "a>=2").replace("x = b", "x =\n  b");
        assert_eq!(shown(cfg, before, &after), ["`a` (install_requires) >=1 -> >=2"]);
    }

    #[test]
    fn of_python() {
        let before =
            "requires = ['a>=1']\nsetup(version='1', install_requires=requires, extras_require={'x': ['b']},)\n";
        let after = before.replace("'1'", "'2'").replace("a>=1", "a>=2").replace("['b']", "['b', 'c']");
        assert_eq!(
            shown(py, before, &after),
            ["`expression` (extras_require) {\"x\":[\"b\"]} -> {\"x\":[\"b\",\"c\"]}", "`a` (requires) >=1 -> >=2",]
        );
        assert_eq!(shown(py, before, &before.replace(", ", ",\n    # why\n    ")), [""; 0]);
    }
}
