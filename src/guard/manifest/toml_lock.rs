//! Lock files of `[[package]]` tables in TOML: `Cargo.lock`, `poetry.lock`, `uv.lock`, `pdm.lock`.

use std::collections::BTreeSet;

use toml::{Table, Value as Toml};

use super::cargo::{plain, table};
use super::entries::{Entries, Unreadable, Value};

/// Returns the packages of a `Cargo.lock`. One of the project itself, which has no source, is named
/// without its version.
pub fn cargo(text: &str) -> Result<Entries, Unreadable> {
    read(text, |package| !package.contains_key("source"))
}

/// Returns the packages that poetry, uv or pdm has locked. One of the project itself, which is in the
/// tree, is named without its version.
pub fn python(text: &str) -> Result<Entries, Unreadable> {
    read(text, |package| {
        let source = package.get("source").and_then(Toml::as_table);
        source.is_some_and(|source| ["editable", "virtual", "directory"].iter().any(|kind| source.contains_key(*kind)))
    })
}

fn read(text: &str, is_own: fn(&Table) -> bool) -> Result<Entries, Unreadable> {
    let root = table(text)?;
    let mut entries = Entries::default();
    for package in root.get("package").and_then(Toml::as_array).into_iter().flatten().filter_map(Toml::as_table) {
        let name = package.get("name").map(plain).unwrap_or_default();
        let value = if is_own(package) {
            Value { source: "the project itself".to_owned(), ..Value::default() }
        } else {
            Value {
                version: package.get("version").map(plain).unwrap_or_default(),
                source: package.get("source").map(source).unwrap_or_default(),
                checksum: checksums(package, &name, &root),
            }
        };
        entries.add("", name, value);
    }
    Ok(entries)
}

/// `registry+URL`, or the keys of a table of a source in their order.
fn source(source: &Toml) -> String {
    match source.as_table() {
        Some(table) => {
            table.iter().map(|(key, value)| format!("{key} {}", plain(value))).collect::<Vec<_>>().join(", ")
        }
        None => plain(source),
    }
}

/// The hashes of a package, wherever the tool keeps them.
fn checksums(package: &Table, name: &str, root: &Table) -> String {
    let apart = root.get("metadata").and_then(|metadata| metadata.get("files")).and_then(|files| files.get(name));
    let files = [package.get("files"), package.get("wheels"), apart].into_iter().flatten();
    let files = files.filter_map(Toml::as_array).flatten().chain(package.get("sdist"));
    let hashes: BTreeSet<String> = files.filter_map(|file| file.get("hash")).map(plain).collect();
    package.get("checksum").map(plain).into_iter().chain(hashes).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::super::entries::Difference;
    use super::*;

    type Read = fn(&str) -> Result<Entries, Unreadable>;

    fn shown(read: Read, before: &str, after: &str) -> Vec<String> {
        read(before).unwrap().differences(&read(after).unwrap()).iter().map(Difference::to_string).collect()
    }

    #[test]
    fn of_cargo() {
        let before = "version = 3\n[[package]]\nname = \"own\"\nversion = \"1.0.0\"\n\
                      [[package]]\nname = \"serde\"\nversion = \"1.0.0\"\nsource = \"r\"\nchecksum = \"aa\"\n";
        let released = before.replacen("1.0.0", "1.0.1", 1).replace("version = 3", "version = 4");
        assert_eq!(shown(cargo, before, &released), [""; 0]);
        assert_eq!(
            shown(cargo, before, &before.replace("aa", "bb")),
            ["`serde` 1.0.0 from r with checksum aa -> 1.0.0 from r with checksum bb"]
        );
        assert_eq!(
            shown(cargo, before, "version = 3\n"),
            ["`own` removed: from the project itself", "`serde` removed: 1.0.0 from r"]
        );
    }

    #[test]
    fn of_uv_and_poetry() {
        let uv = "version = 1\nrequires-python = \">=3.9\"\n[[package]]\nname = \"own\"\nversion = \"1\"\n\
                  source = { editable = \".\" }\n[[package]]\nname = \"idna\"\nversion = \"3.4\"\n\
                  source = { registry = \"https://pypi.org/simple\" }\nsdist = { url = \"u\", hash = \"sha256:1\" }\n";
        assert_eq!(shown(python, uv, &uv.replacen("version = \"1\"", "version = \"2\"", 1)), [""; 0]);
        assert_eq!(
            shown(python, uv, &uv.replace("3.4", "3.5")),
            ["`idna` 3.4 from registry https://pypi.org/simple -> 3.5 from registry https://pypi.org/simple"]
        );
        let poetry = "[[package]]\nname = \"idna\"\nversion = \"3.4\"\n[metadata]\nlock-version = \"1.1\"\n\
                      [metadata.files]\nidna = [{ file = \"f\", hash = \"sha256:1\" }]\n";
        assert_eq!(shown(python, poetry, &poetry.replace("3.4", "3.5")), ["`idna` 3.4 -> 3.5"]);
        assert_eq!(
            shown(python, poetry, &poetry.replace("sha256:1", "sha256:2")),
            ["`idna` 3.4 with checksum sha256:1 -> 3.4 with checksum sha256:2"]
        );
    }
}
