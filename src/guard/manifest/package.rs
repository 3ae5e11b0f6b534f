//! `package.json`.

use serde_json::Value as Json;

use super::entries::{Entries, Unreadable, Value};

/// The keys whose objects are requirements.
const OBJECTS: [&str; 10] = [
    "dependencies",
    "devDependencies",
    "peerDependencies",
    "optionalDependencies",
    "overrides",
    "resolutions",
    "engines",
    "patchedDependencies",
    "catalog",
    "catalogs",
];

/// Returns the dependencies of a package of npm, yarn, pnpm or bun.
pub fn read(text: &str) -> Result<Entries, Unreadable> {
    let root = json(text)?;
    let mut entries = Entries::default();
    for scope in OBJECTS {
        add_object(&mut entries, scope, root.get(scope));
    }
    for inner in ["overrides", "patchedDependencies", "packageExtensions"] {
        add_object(&mut entries, &format!("pnpm.{inner}"), root.get("pnpm").and_then(|pnpm| pnpm.get(inner)));
    }
    for bundled in ["bundledDependencies", "bundleDependencies"] {
        for name in root.get(bundled).and_then(Json::as_array).into_iter().flatten() {
            entries.add("bundled", plain(name), Value::default());
        }
    }
    if let Some(manager) = root.get("packageManager") {
        entries.add("toolchain", "packageManager", Value::version(plain(manager)));
    }
    Ok(entries)
}

/// Parses a whole JSON document.
pub fn json(text: &str) -> Result<Json, Unreadable> {
    let root: Json = serde_json::from_str(text).map_err(|error| Unreadable(format!("it is not JSON: {error}")))?;
    if !root.is_object() {
        return Err(Unreadable("it is not a JSON object".to_owned()));
    }
    Ok(root)
}

/// A string as it is, anything else as JSON writes it.
pub fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Adds an object of names and requirements; what is nested (as in `overrides`) is one requirement.
pub fn add_object(entries: &mut Entries, scope: &str, object: Option<&Json>) {
    for (name, wanted) in object.and_then(Json::as_object).into_iter().flatten() {
        entries.add(scope, name, Value::version(plain(wanted)));
    }
}

#[cfg(test)]
mod tests {
    use super::super::entries::Difference;
    use super::*;

    #[test]
    fn what_is_asked_for_counts_and_form_is_free() {
        let before = read(r#"{"name":"a","version":"1.0.0","scripts":{},"dependencies":{"x":"^1","y":"1"}}"#).unwrap();
        let after = read(
            r#"{ "version": "1.0.1", "dependencies": { "y": "1", "x": "^2" },
                 "overrides": {"z": {"q": "1"}}, "pnpm": {"overrides": {"k": "3"}}, "name": "b" }"#,
        )
        .unwrap();
        let shown: Vec<_> = before.differences(&after).iter().map(Difference::to_string).collect();
        assert_eq!(
            shown,
            ["`x` (dependencies) ^1 -> ^2", "`z` (overrides) added: {\"q\":\"1\"}", "`k` (pnpm.overrides) added: 3"]
        );
    }

    #[test]
    fn what_is_no_object_is_unreadable() {
        for text in ["", "[]", "{", "{}{}", &"[".repeat(100_000)] {
            assert!(read(text).is_err());
        }
    }
}
