//! Gradle's version catalogs, `libs.versions.toml`.

use toml::Value as Toml;

use super::cargo::table;
use super::entries::{Entries, Unreadable, Value};

/// Returns every entry of the catalog: versions, libraries, plugins and bundles.
pub fn read(text: &str) -> Result<Entries, Unreadable> {
    let mut entries = Entries::default();
    for (scope, named) in table(text)? {
        for (name, value) in named.as_table().into_iter().flatten() {
            entries.add(&scope, name, Value::version(flat(value)));
        }
    }
    Ok(entries)
}

/// A value in one line, the same for `"g:a:1"` and a table of it.
fn flat(value: &Toml) -> String {
    let text = |key: &str| value.get(key).and_then(Toml::as_str);
    let version =
        value.get("version").map(super::cargo::plain).map(|version| format!(":{version}")).unwrap_or_default();
    match (text("module"), text("group"), text("name"), text("id")) {
        (Some(module), ..) => format!("{module}{version}"),
        (_, Some(group), Some(name), _) => format!("{group}:{name}{version}"),
        (.., Some(id)) => format!("{id}{version}"),
        _ => super::cargo::plain(value),
    }
}

#[cfg(test)]
mod tests {
    use super::super::entries::Difference;
    use super::*;

    #[test]
    fn the_forms_of_an_entry_are_the_same() {
        let before =
            "[versions]\nk = \"1\"\n[libraries]\na = \"g:a:1\"\nb = { module = \"g:b\", version.ref = \"k\" }\n";
        let after = "[libraries]\nb.group = \"g\"\nb.name = \"b\"\nb.version.ref = \"k\"\n\
                     a = { module = \"g:a\", version = \"2\" }\n[versions]\nk = \"1\"\n";
        let shown: Vec<_> =
            read(before).unwrap().differences(&read(after).unwrap()).iter().map(Difference::to_string).collect();
        assert_eq!(shown, ["`a` (libraries) g:a:1 -> g:a:2"]);
    }
}
