//! Gradle's build and settings scripts in Groovy and Kotlin, as far as they can be read without
//! running them, its properties, and its lock file.

use std::collections::BTreeMap;

use super::entries::{Entries, Unreadable, Value};
use super::words::{Comments, Word, closing, line, statements, words};

/// Deepest nesting of blocks that is read.
const DEEPEST: usize = 32;

/// The blocks whose statements are dependencies, plugins, or places to get them from.
const BLOCKS: [&str; 6] = ["dependencies", "constraints", "plugins", "repositories", "imports", "versionCatalogs"];

/// Returns the content of the blocks of a build or settings script, and every version that has a name.
pub fn build(text: &str) -> Result<Entries, Unreadable> {
    let words = words(text, Comments::Slashes)?;
    let named = named_texts(&words);
    let mut entries = Entries::default();
    for (name, value) in named.iter().filter(|(name, _)| is_version(name)) {
        entries.add("version", *name, Value::version(*value));
    }
    walk(&words, &mut Vec::new(), &named, &mut entries)?;
    Ok(entries)
}

/// The parts of a dependency, which are no variables.
const PARTS: [&str; 6] = ["group", "name", "module", "version", "classifier", "ext"];

/// Every `name = "text"`, `name: Type = "text"` and `name: "text"`.
fn named_texts<'a>(words: &[Word<'a>]) -> BTreeMap<&'a str, &'a str> {
    let mut named = BTreeMap::new();
    for at in 2..words.len() {
        if let (Word::Name(name), Word::Mark('=' | ':'), Word::Text(text)) = (words[at - 2], words[at - 1], words[at]) {
            let typed = at >= 4 && words[at - 3] == Word::Mark(':');
            match words[at.saturating_sub(4)] {
                Word::Name(before) if typed => named.insert(before, text),
                _ => named.insert(name, text),
            };
        }
    }
    named.retain(|name, _| !PARTS.contains(name));
    named
}

/// Whether a name is that of a dependency's version, not of the project's own.
fn is_version(name: &str) -> bool {
    let name = name.to_lowercase().replace(['_', '.', '-'], "");
    let own = ["version", "versionname", "versioncode", "versionnamesuffix", "projectversion", "libversion"];
    name.contains("version") && !own.contains(&name.as_str())
}

fn walk<'a>(
    words: &[Word<'a>],
    path: &mut Vec<&'a str>,
    named: &BTreeMap<&str, &str>,
    entries: &mut Entries,
) -> Result<(), Unreadable> {
    if path.len() > DEEPEST {
        return Err(Unreadable(format!("its blocks are nested deeper than {DEEPEST}")));
    }
    for statement in statements(words)? {
        let block = block(statement)?;
        let head = statement.iter().find_map(|word| if let Word::Name(name) = word { Some(*name) } else { None });
        let listed = path.last().is_some_and(|last| BLOCKS.contains(last));
        let recurse = !listed || head.is_some_and(|head| BLOCKS.contains(&head) || matches!(head, "if" | "else"));
        match block {
            Some(inner) if recurse => {
                path.push(
                    head.filter(|head| !matches!(*head, "if" | "else") || !listed)
                        .unwrap_or_else(|| path.last().unwrap_or(&"")),
                );
                walk(inner, path, named, entries)?;
                path.pop();
            }
            _ if listed => add(entries, &path.join("."), statement, named),
            _ => {}
        }
    }
    Ok(())
}

/// What stands in the curly brackets with which a statement ends.
fn block<'a, 'b>(statement: &'b [Word<'a>]) -> Result<Option<&'b [Word<'a>]>, Unreadable> {
    let mut at = 0;
    while at < statement.len() {
        let end = match statement[at] {
            Word::Mark('(' | '[' | '{') => closing(statement, at)?,
            _ => at,
        };
        if statement[at] == Word::Mark('{') && statement[end + 1..].iter().all(|word| *word == Word::Line) {
            return Ok(Some(&statement[at + 1..end]));
        }
        at = end + 1;
    }
    Ok(None)
}

/// A statement with one `group:name:version`, or with a `version` of its own, is that dependency; any
/// other stands for itself. What the names in it stand for is added.
fn add(entries: &mut Entries, scope: &str, statement: &[Word], named: &BTreeMap<&str, &str>) {
    let whole = line(statement);
    let meant = meant(statement, named);
    let texts = statement.iter().filter_map(|word| if let Word::Text(text) = word { Some(*text) } else { None });
    let coordinates: Vec<&str> = texts.filter(|text| text.contains(':') && !text.contains("://")).collect();
    if let Some((before, version, after)) = apart(statement) {
        let name = line(before).trim_end_matches([',', '.']).to_owned();
        return entries.add(
            scope,
            name,
            Value::version(format!("{version}{}{meant}", line(after).trim_start_matches(')'))),
        );
    }
    let [one] = coordinates[..] else {
        return entries.add(scope, whole, Value::version(meant.trim_start()));
    };
    let parts: Vec<&str> = one.splitn(3, ':').collect();
    let rest = whole.replacen(&format!("\"{one}\""), "", 1).replace("()", "");
    let options = rest.find(['(', '{']).unwrap_or(rest.len());
    let version = format!("{}{}{meant}", parts.get(2).unwrap_or(&""), &rest[options..]);
    entries.add(format!("{scope}.{}", &rest[..options]), parts[..2].join(":"), Value::version(version));
}

/// What stands before, in and after `version "1"` or `version: "1"`.
fn apart<'a, 'b>(statement: &'b [Word<'a>]) -> Option<(&'b [Word<'a>], &'a str, &'b [Word<'a>])> {
    let at = statement.iter().position(|word| *word == Word::Name("version"))?;
    let after = &statement[at + 1..];
    let text = after.iter().position(|word| matches!(word, Word::Text(_))).filter(|skipped| *skipped <= 1)?;
    let Word::Text(version) = after[text] else { return None };
    Some((&statement[..at], version, &after[text + 1..]))
}

/// What the names in a statement, also those in its texts, stand for: ` with name = text`.
fn meant(statement: &[Word], named: &BTreeMap<&str, &str>) -> String {
    let texts = statement.iter().filter_map(|word| match word {
        Word::Name(text) | Word::Text(text) => Some(*text),
        _ => None,
    });
    let names = texts.flat_map(|text| text.split(|character: char| !character.is_alphanumeric() && character != '_'));
    let known: BTreeMap<_, _> = names.filter_map(|name| named.get_key_value(name)).collect();
    let known: Vec<String> = known.into_iter().map(|(name, value)| format!("{name} = {value}")).collect();
    if known.is_empty() { String::new() } else { format!(" with {}", known.join(", ")) }
}

/// Returns the versions in `gradle.properties`; the project's own is free.
pub fn properties(text: &str) -> Result<Entries, Unreadable> {
    let mut entries = Entries::default();
    let pairs = text
        .lines()
        .filter(|line| !line.trim_start().starts_with(['#', '!']))
        .filter_map(|line| line.split_once(['=', ':']));
    for (key, value) in pairs.filter(|(key, _)| is_version(key.trim())) {
        entries.add("version", key.trim(), Value::version(value.trim()));
    }
    Ok(entries)
}

/// Returns which Gradle the wrapper takes, from where.
pub fn wrapper(text: &str) -> Result<Entries, Unreadable> {
    let mut entries = Entries::default();
    for (key, value) in text.lines().filter_map(|line| line.split_once('=')) {
        if matches!(key.trim(), "distributionUrl" | "distributionSha256Sum") {
            entries.add("toolchain", key.trim(), Value::version(value.trim()));
        }
    }
    Ok(entries)
}

/// Returns what is locked: `group:name:version=configuration,configuration`.
pub fn lock(text: &str) -> Result<Entries, Unreadable> {
    let mut entries = Entries::default();
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.starts_with("empty=") && !line.is_empty()) {
        let coordinates = line.split('=').next().unwrap_or(line);
        let (name, version) = coordinates
            .rsplit_once(':')
            .ok_or_else(|| Unreadable(format!("`{}` in it is no dependency", super::entries::brief(line))))?;
        entries.add("", name, Value::version(version));
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::super::entries::Difference;
    use super::*;

    fn shown(read: fn(&str) -> Result<Entries, Unreadable>, before: &str, after: &str) -> Vec<String> {
        read(before).unwrap().differences(&read(after).unwrap()).iter().map(Difference::to_string).collect()
    }

    const GROOVY: &str = "version = '1.0'\next.okVersion = '4.0'\ntask x { doLast { println 'a:b:c' } }\n\
        dependencies {\n  implementation 'a:b:1' // why\n  testImplementation \"c:d:$okVersion\"\n  api libs.x\n}\n";

    #[test]
    fn form_and_own_version_are_free() {
        let kotlin = "version = '2.0'; ext.okVersion = '4.0'\n\ndependencies\n{\n  implementation('a:b:1')\n  \
                      testImplementation(\n \"c:d:$okVersion\"\n)\n  api  libs.x\n}\n";
        assert_eq!(shown(build, GROOVY, kotlin), [""; 0]);
    }

    #[test]
    fn what_is_asked_for_counts() {
        let after = GROOVY.replace("a:b:1", "a:b:2").replace("4.0", "4.1").replace("libs.x", "libs.y");
        assert_eq!(
            shown(build, GROOVY, &after),
            [
                "`api libs.x` (dependencies) removed: any",
                "`api libs.y` (dependencies) added: any",
                "`a:b` (dependencies.implementation) 1 -> 2",
                "`c:d` (dependencies.testImplementation) $okVersion with okVersion = 4.0 -> $okVersion with okVersion = 4.1",
                "`okVersion` (version) 4.0 -> 4.1",
            ]
        );
    }

    #[test]
    fn blocks_in_blocks() {
        let before = "subprojects { if (x) { dependencies { compile('a:b:1') { exclude group: 'c' } } } }\n\
                      plugins { id 'x' version '1' }\n";
        assert_eq!(
            shown(build, before, &before.replace("'c'", "'d'").replace("'1'", "'2'")),
            [
                "`id\"x\"` (plugins) 1 -> 2",
                "`a:b` (subprojects.if.dependencies.compile) 1{exclude group:\"c\"} -> 1{exclude group:\"d\"}",
            ]
        );
        assert!(build("dependencies { a(").is_err());
        assert!(build(&"a{".repeat(100)).is_err());
        assert!(build(&format!("{}{}", "a{".repeat(100), "}".repeat(100))).is_err());
    }

    #[test]
    fn other_files() {
        let before = "version=1\nokVersion=1\n";
        assert_eq!(shown(properties, before, "version=2\nokVersion = 2\n"), ["`okVersion` (version) 1 -> 2"]);
        assert_eq!(shown(lock, "a:b:1=x\nempty=\n", "a:b:2=x,y\n"), ["`a:b` 1 -> 2"]);
        assert_eq!(
            shown(wrapper, "distributionUrl=a\n", "distributionUrl=b\n"),
            ["`distributionUrl` (toolchain) a -> b"]
        );
    }
}
