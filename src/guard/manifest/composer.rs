//! `composer.json` and `composer.lock` of PHP.

use serde_json::Value as Json;

use super::entries::{Entries, Unreadable, Value};
use super::package::{add_object, json, plain};

/// Returns what a package requires, and the repositories that it takes packages from.
pub fn manifest(text: &str) -> Result<Entries, Unreadable> {
    let root = json(text)?;
    let mut entries = Entries::default();
    for scope in ["require", "require-dev", "conflict", "replace", "provide"] {
        add_object(&mut entries, scope, root.get(scope));
    }
    let repositories = root.get("repositories");
    let listed = repositories.and_then(Json::as_array).into_iter().flatten();
    let named = repositories.and_then(Json::as_object).into_iter().flat_map(|all| all.values());
    for repository in listed.chain(named) {
        entries.add("repositories", plain(repository.get("url").unwrap_or(repository)), Value::default());
    }
    Ok(entries)
}

/// Returns the packages that are locked, those for development apart.
pub fn lock(text: &str) -> Result<Entries, Unreadable> {
    let root = json(text)?;
    let mut entries = Entries::default();
    if root.get("packages").is_none() {
        return Err(Unreadable("it has no `packages`".to_owned()));
    }
    for scope in ["packages", "packages-dev"] {
        for package in root.get(scope).and_then(Json::as_array).into_iter().flatten() {
            let text = |path: &str| package.pointer(path).map(plain).unwrap_or_default();
            let source = ["/dist/url", "/source/url"].map(text).into_iter().find(|url| !url.is_empty());
            let checksum = format!("{} {}", text("/source/reference"), text("/dist/shasum"));
            let value = Value {
                version: text("/version"),
                source: source.unwrap_or_default(),
                checksum: checksum.trim().to_owned(),
            };
            entries.add(scope, text("/name"), value);
        }
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

    #[test]
    fn both_files() {
        let before = r#"{"name":"a","version":"1","require":{"php":"^8","x/y":"^1"}}"#;
        let after =
            r#"{"version":"2","require":{"x/y":"^2","php":"^8"},"repositories":[{"type":"vcs","url":"https://h"}]}"#;
        assert_eq!(
            shown(manifest, before, after),
            ["`https://h` (repositories) added: any", "`x/y` (require) ^1 -> ^2"]
        );
        let locked = r#"{"packages":[{"name":"x/y","version":"1.0","source":{"reference":"abc"}}],"content-hash":"1"}"#;
        assert_eq!(shown(lock, locked, &locked.replace("1.0", "1.1")), ["`x/y` (packages) 1.0 -> 1.1"]);
        assert_eq!(
            shown(lock, locked, &locked.replace("abc", "def")),
            ["`x/y` (packages) 1.0 with checksum abc -> 1.0 with checksum def"]
        );
        assert!(lock("{}").is_err());
    }
}
