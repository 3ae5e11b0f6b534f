//! `Cargo.toml`.

use toml::{Table, Value as Toml};

use super::entries::{Entries, Unreadable, Value};

/// The tables of dependencies, at the top and in `[target.X]`.
const TABLES: [&str; 6] = [
    "dependencies",
    "dev-dependencies",
    "build-dependencies",
    // The older spelling.
    "dev_dependencies",
    "build_dependencies",
    "replace",
];

/// Returns the dependencies of a package or a workspace. The versions of packages in the same
/// workspace (`path`) are its own and left out, as `package.version` is.
pub fn manifest(text: &str) -> Result<Entries, Unreadable> {
    let root = table(text)?;
    let mut entries = Entries::default();
    for name in TABLES {
        add_table(&mut entries, name, root.get(name));
    }
    add_table(&mut entries, "workspace.dependencies", root.get("workspace").and_then(|own| own.get("dependencies")));
    for (kind, prefix) in [("target", "target."), ("patch", "patch.")] {
        for (key, inner) in root.get(kind).and_then(Toml::as_table).into_iter().flatten() {
            if kind == "patch" {
                add_table(&mut entries, &format!("{prefix}{key}"), Some(inner));
            }
            for name in TABLES {
                add_table(&mut entries, &format!("{prefix}{key}.{name}"), inner.get(name));
            }
        }
    }
    for own in ["package", "workspace"] {
        let own = root.get(own).map(|own| own.get("package").unwrap_or(own));
        if let Some(version) = own.and_then(|own| own.get("rust-version")) {
            entries.add("toolchain", "rust", Value::version(plain(version)));
        }
    }
    Ok(entries)
}

/// Parses a whole TOML document.
pub fn table(text: &str) -> Result<Table, Unreadable> {
    toml::from_str(text).map_err(|error| Unreadable(format!("it is not TOML: {}", error.message())))
}

/// A string as it is, anything else as TOML writes it.
pub fn plain(value: &Toml) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn add_table(entries: &mut Entries, scope: &str, dependencies: Option<&Toml>) {
    for (name, wanted) in dependencies.and_then(Toml::as_table).into_iter().flatten() {
        entries.add(scope, name, dependency(wanted));
    }
}

/// What is asked of one dependency: `"1"`, or a table of a version, a source and options. Poetry and
/// Pipenv write theirs alike.
pub fn dependency(wanted: &Toml) -> Value {
    let Some(table) = wanted.as_table() else {
        return Value::version(plain(wanted));
    };
    let mut version = Vec::new();
    let mut source = Vec::new();
    for (key, value) in table {
        match key.as_str() {
            "version" if table.contains_key("path") => {}
            "version" => version.insert(0, plain(value)),
            "git" | "branch" | "tag" | "rev" | "ref" | "path" | "registry" | "registry-index" | "index" | "url"
            | "source" | "file" | "workspace" => source.push(format!("{key} {}", plain(value))),
            _ => version.push(format!("{key} = {value}")),
        }
    }
    Value { version: version.join(", "), source: source.join(", "), checksum: String::new() }
}

#[cfg(test)]
mod tests {
    use super::super::entries::Difference;
    use super::*;

    fn shown(before: &str, after: &str) -> Vec<String> {
        manifest(before).unwrap().differences(&manifest(after).unwrap()).iter().map(Difference::to_string).collect()
    }

    const BEFORE: &str = r#"
[package]
name = "pay"
version = "1.0.0"
[dependencies]
serde = "1"
own = { path = "../own", version = "1.0.0" }
[target.'cfg(unix)'.dependencies]
libc = "0.2"
"#;

    #[test]
    fn form_and_own_version_are_free() {
        let after = r#"
# A comment.
dependencies.serde = "1"
[package]
version = "1.0.1"
name = "pay"
[dependencies.own]
version = "1.0.1"
path = "../own"
[target."cfg(unix)"]
dependencies = { libc = "0.2" }
"#;
        assert_eq!(shown(BEFORE, after), [""; 0]);
    }

    #[test]
    fn what_is_asked_for_counts() {
        let after = BEFORE
            .replace(
                "serde = \"1\"",
                "serde = { version = \"1\", features = [\"derive\"] }\nevil = { git = \"https://x\" }",
            )
            .replace("libc = \"0.2\"", "");
        assert_eq!(
            shown(BEFORE, &after),
            [
                "`evil` (dependencies) added: from git https://x",
                "`serde` (dependencies) 1 -> 1, features = [\"derive\"]",
                "`libc` (target.cfg(unix).dependencies) removed: 0.2",
            ]
        );
        assert!(manifest("[dependencies").is_err());
    }
}
