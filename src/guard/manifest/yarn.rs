//! `yarn.lock`, the form of yarn 1 and the YAML of later versions.

use super::entries::{Entries, Unreadable, Value};
use super::package::plain;
use super::yaml;

/// Returns what yarn has locked. Packages of the workspace itself are left out.
pub fn lock(text: &str) -> Result<Entries, Unreadable> {
    if text.lines().any(|line| line.starts_with("__metadata:")) { berry(text) } else { classic(text) }
}

/// `"name@range", name@range:` begins a package; lines indented by two are its `key "value"`.
fn classic(text: &str) -> Result<Entries, Unreadable> {
    let mut packages: Vec<(&str, Value)> = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        let Some(field) = line.strip_prefix("  ") else {
            let first = line.strip_suffix(':').and_then(|ranges| ranges.split(", ").next());
            let range = first.ok_or_else(|| no_lock(line))?;
            packages.push((name(range.trim_matches('"')), Value::default()));
            continue;
        };
        let (_, locked) = packages.last_mut().ok_or_else(|| no_lock(line))?;
        // What is indented further is a package's own requirements.
        let (key, value) = field.split_once(' ').unwrap_or((field, ""));
        let value = value.trim_matches('"');
        match key {
            "version" => locked.version = value.to_owned(),
            "resolved" => (locked.source, locked.checksum) = parts(value.split_once('#').unwrap_or((value, ""))),
            "integrity" => locked.checksum = value.to_owned(),
            _ => {}
        }
    }
    let mut entries = Entries::default();
    for (name, locked) in packages {
        entries.add("", name, locked);
    }
    Ok(entries)
}

fn parts((source, checksum): (&str, &str)) -> (String, String) {
    (source.to_owned(), checksum.to_owned())
}

fn no_lock(line: &str) -> Unreadable {
    Unreadable(format!("it has a line that is none of yarn's: `{}`", super::entries::brief(line)))
}

/// `@scope/name` of `@scope/name@range`.
fn name(range: &str) -> &str {
    let end = range.char_indices().skip(1).find(|(_, character)| *character == '@');
    end.map_or(range, |(at, _)| &range[..at])
}

fn berry(text: &str) -> Result<Entries, Unreadable> {
    let mut entries = Entries::default();
    for (ranges, package) in yaml::object(text)?.iter().filter(|(key, _)| *key != "__metadata") {
        let text = |key: &str| package.get(key).map(plain).unwrap_or_default();
        if !text("resolution").contains("@workspace:") {
            let value = Value { version: text("version"), source: text("resolution"), checksum: text("checksum") };
            entries.add("", name(ranges), value);
        }
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::super::entries::Difference;
    use super::*;

    fn shown(before: &str, after: &str) -> Vec<String> {
        lock(before).unwrap().differences(&lock(after).unwrap()).iter().map(Difference::to_string).collect()
    }

    #[test]
    fn version_1() {
        let before = "# yarn lockfile v1\n\n\n\"@s/a@^1\", \"@s/a@^1.2\":\n  version \"1.0.0\"\n  resolved \"https://r/a#ff\"\n  \
                      dependencies:\n    b \"^1\"\n\nb@^1:\n  version \"1.0.0\"\n";
        assert_eq!(
            shown(before, &before.replacen("1.0.0", "1.0.1", 1).replace("\"^1\"", "\"^1.0\"")),
            ["`@s/a` 1.0.0 from https://r/a -> 1.0.1 from https://r/a"]
        );
        assert!(lock("  version \"1\"\n").is_err());
        assert!(lock("<<<<<<< HEAD\n").is_err());
    }

    #[test]
    fn later_versions() {
        let before = "__metadata:\n  version: 6\n\n\"a@npm:^1, a@npm:^1.1\":\n  version: 1.0.0\n  resolution: \"a@npm:1.0.0\"\n\
                      \n\"own@workspace:.\":\n  version: 0.0.0-use.local\n  resolution: \"own@workspace:.\"\n";
        let after = before.replace("1.0.0", "1.0.1").replace("own", "our").replace("version: 6", "version: 8");
        assert_eq!(shown(before, &after), ["`a` 1.0.0 from a@npm:1.0.0 -> 1.0.1 from a@npm:1.0.1"]);
    }
}
