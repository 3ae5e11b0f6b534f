//! `Pipfile` and `Pipfile.lock`.

use serde_json::Value as Json;
use toml::Value as Toml;

use super::cargo::{dependency, plain as plain_toml, table};
use super::entries::{Entries, Unreadable, Value};
use super::package::{json, plain};
use super::requirement::normal;

/// Returns the packages of every category, what Python is required, and where packages come from.
pub fn manifest(text: &str) -> Result<Entries, Unreadable> {
    let mut entries = Entries::default();
    for (scope, value) in table(text)? {
        match (scope.as_str(), value) {
            ("scripts" | "pipenv", _) => {}
            ("source", Toml::Array(sources)) => {
                for source in &sources {
                    let url = source.get("url").map(plain_toml).unwrap_or_default();
                    entries.add("source", url, Value::default());
                }
            }
            (_, Toml::Table(packages)) => {
                for (name, wanted) in &packages {
                    entries.add(&scope, normal(name), dependency(wanted));
                }
            }
            _ => {}
        }
    }
    Ok(entries)
}

/// Returns the packages that are locked, by category.
pub fn lock(text: &str) -> Result<Entries, Unreadable> {
    let mut entries = Entries::default();
    for (scope, packages) in json(text)?.as_object().into_iter().flatten().filter(|(scope, _)| *scope != "_meta") {
        for (name, package) in packages.as_object().into_iter().flatten() {
            let text = |key: &str| package.get(key).map(plain);
            let source: Vec<_> = ["git", "ref", "file", "path", "index"].into_iter().filter_map(text).collect();
            let hashes = package.get("hashes").and_then(Json::as_array).into_iter().flatten().map(plain);
            let value = Value {
                version: text("version").unwrap_or_default(),
                source: source.join(" "),
                checksum: hashes.collect::<Vec<_>>().join(" "),
            };
            entries.add(scope, normal(name), value);
        }
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::super::entries::Difference;
    use super::*;

    #[test]
    fn both_files() {
        let before = "[[source]]\nurl = \"https://pypi.org/simple\"\n[packages]\nFlask = \"*\"\n[scripts]\nx = \"y\"\n";
        let after = "[[source]]\nurl = \"https://evil\"\n[packages]\nflask = \"==1\"\n[scripts]\nx = \"z\"\n";
        let shown: Vec<_> = manifest(before)
            .unwrap()
            .differences(&manifest(after).unwrap())
            .iter()
            .map(Difference::to_string)
            .collect();
        assert_eq!(
            shown,
            [
                "`flask` (packages) * -> ==1",
                "`https://evil` (source) added: any",
                "`https://pypi.org/simple` (source) removed: any",
            ]
        );
        let before = r#"{"_meta":{"hash":"1"},"default":{"flask":{"version":"==1","hashes":["a"]}}}"#;
        let after = r#"{"_meta":{"hash":"2"},"default":{"flask":{"version":"==2","hashes":["a"]}}}"#;
        let shown: Vec<_> =
            lock(before).unwrap().differences(&lock(after).unwrap()).iter().map(Difference::to_string).collect();
        assert_eq!(shown, ["`flask` (default) ==1 -> ==2"]);
    }
}
