//! `package-lock.json` and `bun.lock`.

use serde_json::{Map, Value as Json};

use super::entries::{Entries, Unreadable, Value};
use super::package::{json, plain};

/// Returns what npm has locked: the flat `packages` of versions 2 and 3, or the nested `dependencies`
/// of version 1. The package itself and those linked from its own tree are left out.
pub fn lock(text: &str) -> Result<Entries, Unreadable> {
    let root = json(text)?;
    let mut entries = Entries::default();
    match (root.get("packages").and_then(Json::as_object), root.get("dependencies").and_then(Json::as_object)) {
        (Some(packages), _) => {
            for (place, package) in packages {
                let installed = place.rsplit_once("node_modules/");
                if let Some((_, name)) = installed.filter(|_| package.get("link").is_none()) {
                    entries.add("", name, locked(package));
                }
            }
        }
        (None, Some(dependencies)) => add_nested(&mut entries, dependencies),
        (None, None) if root.get("lockfileVersion").is_some() => {}
        (None, None) => return Err(Unreadable("it has neither `packages` nor `dependencies`".to_owned())),
    }
    Ok(entries)
}

/// The nesting is as deep as the JSON reader lets it be: 128.
fn add_nested(entries: &mut Entries, dependencies: &Map<String, Json>) {
    for (name, package) in dependencies {
        entries.add("", name, locked(package));
        if let Some(inner) = package.get("dependencies").and_then(Json::as_object) {
            add_nested(entries, inner);
        }
    }
}

fn locked(package: &Json) -> Value {
    let text = |key: &str| package.get(key).map(plain).unwrap_or_default();
    Value { version: text("version"), source: text("resolved"), checksum: text("integrity") }
}

/// Returns what bun has locked in its text form, JSON with trailing commas:
/// `"name": ["name@version", source, {...}, checksum]`.
pub fn bun_lock(text: &str) -> Result<Entries, Unreadable> {
    let root = json(&without_trailing_commas(text))?;
    let packages = root.get("packages").and_then(Json::as_object);
    let mut entries = Entries::default();
    for (place, package) in packages.ok_or_else(|| Unreadable("it has no `packages`".to_owned()))? {
        let texts: Vec<&str> = package.as_array().into_iter().flatten().filter_map(Json::as_str).collect();
        let Some((name, version)) = texts.first().and_then(|first| first.rsplit_once('@')) else {
            return Err(Unreadable(format!("its package `{place}` has no version")));
        };
        if version.starts_with("workspace:") {
            continue;
        }
        let [source, checksum] = match texts[1..] {
            [source, checksum] => [source, checksum],
            [only] => ["", only],
            _ => ["", ""],
        };
        let value = Value { version: version.into(), source: source.into(), checksum: checksum.into() };
        entries.add("", name, value);
    }
    Ok(entries)
}

/// Drops each comma, outside strings, after which only white space comes before a closing bracket.
fn without_trailing_commas(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let (mut in_string, mut escaped) = (false, false);
    // Where a comma stands in `clean` that may turn out to be a trailing one.
    let mut comma = None;
    for character in text.chars() {
        if !in_string
            && matches!(character, '}' | ']')
            && let Some(at) = comma.take()
        {
            clean.replace_range(at..=at, " ");
        }
        if !character.is_whitespace() {
            comma = (!in_string && character == ',').then_some(clean.len());
        }
        in_string ^= character == '"' && !escaped;
        escaped = in_string && character == '\\' && !escaped;
        clean.push(character);
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::super::entries::Difference;
    use super::*;

    fn shown(read: fn(&str) -> Result<Entries, Unreadable>, before: &str, after: &str) -> Vec<String> {
        read(before).unwrap().differences(&read(after).unwrap()).iter().map(Difference::to_string).collect()
    }

    #[test]
    fn npm() {
        let before = r#"{"version":"1.0.0","packages":{"":{"version":"1.0.0"},"node_modules/a":{"version":"1.0.0"},
            "node_modules/b/node_modules/a":{"version":"2.0.0"},"node_modules/own":{"link":true}}}"#;
        let after = before.replace("1.0.0", "1.0.1").replace("own", "our");
        assert_eq!(shown(lock, before, &after), ["`a` 1.0.0, 2.0.0 -> 1.0.1, 2.0.0"]);
        let first =
            r#"{"dependencies":{"b":{"version":"1","dependencies":{"a":{"version":"1","resolved":"https://r"}}}}}"#;
        assert_eq!(
            shown(lock, first, &first.replace("https://r", "https://evil")),
            ["`a` 1 from https://r -> 1 from https://evil"]
        );
        assert!(lock("{}").is_err());
    }

    #[test]
    fn bun() {
        let before = "{\n\"packages\": {\n\"a\": [\"@s/a@1.0.0\", \"\", {\"x\": \",]\",}, \"sha512-1\"],\n},\n}";
        assert_eq!(shown(bun_lock, before, &before.replace("1.0.0", "1.0.1")), ["`@s/a` 1.0.0 -> 1.0.1"]);
        assert!(bun_lock(r#"{"packages":{"a":[]}}"#).is_err());
    }
}
