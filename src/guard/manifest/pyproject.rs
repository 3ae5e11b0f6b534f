//! `pyproject.toml`: the standard tables, and those of poetry, uv, pdm and hatch.

use toml::Value as Toml;

use super::cargo::{dependency, plain, table};
use super::entries::{Entries, Unreadable, Value};
use super::requirement::{normal, split};

/// Arrays of requirements, by the path to them. `*` stands for every key.
const ARRAYS: [&str; 9] = [
    "project.dependencies",
    "project.optional-dependencies.*",
    "build-system.requires",
    "dependency-groups.*",
    "tool.uv.dev-dependencies",
    "tool.uv.override-dependencies",
    "tool.uv.constraint-dependencies",
    "tool.pdm.dev-dependencies.*",
    "tool.hatch.envs.*.dependencies",
];

/// Tables of name and requirement.
const TABLES: [&str; 4] =
    ["tool.poetry.dependencies", "tool.poetry.dev-dependencies", "tool.poetry.group.*.dependencies", "tool.uv.sources"];

/// Returns everything that the project asks for.
pub fn read(text: &str) -> Result<Entries, Unreadable> {
    let root = Toml::Table(table(text)?);
    let mut entries = Entries::default();
    for path in ARRAYS {
        for (scope, array) in at(&root, path) {
            add_array(&mut entries, &scope, array)?;
        }
    }
    for path in TABLES {
        for (scope, table) in at(&root, path) {
            add_table(&mut entries, &scope, table);
        }
    }
    if let Some(version) = root.get("project").and_then(|project| project.get("requires-python")) {
        entries.add("toolchain", "python", Value::version(plain(version)));
    }
    Ok(entries)
}

/// The values at `path` with their own paths.
fn at<'a>(root: &'a Toml, path: &str) -> Vec<(String, &'a Toml)> {
    let mut found = vec![(String::new(), root)];
    for part in path.split('.') {
        let inner = found.iter().flat_map(|(scope, value)| {
            let children = value.as_table().into_iter().flatten();
            let fitting = children.filter(|(key, _)| part == "*" || *key == part);
            fitting.map(move |(key, child)| (format!("{scope}.{key}").trim_start_matches('.').to_owned(), child))
        });
        found = inner.collect();
    }
    found
}

fn add_array(entries: &mut Entries, scope: &str, array: &Toml) -> Result<(), Unreadable> {
    for wanted in array.as_array().into_iter().flatten() {
        // What is no string includes another group.
        let (name, value) = match wanted.as_str() {
            Some(text) => split(text).ok_or_else(|| {
                Unreadable(format!("`{}` in `{scope}` is no requirement", super::entries::brief(text)))
            })?,
            None => (wanted.to_string(), Value::default()),
        };
        entries.add(scope, name, value);
    }
    Ok(())
}

/// A requirement of a table may be a list of them, each for another platform.
fn add_table(entries: &mut Entries, scope: &str, table: &Toml) {
    for (name, wanted) in table.as_table().into_iter().flatten() {
        match wanted.as_array() {
            Some(list) => list.iter().for_each(|one| entries.add(scope, normal(name), dependency(one))),
            None => entries.add(scope, normal(name), dependency(wanted)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::entries::Difference;
    use super::*;

    #[test]
    fn all_tables() {
        let before = "[project]\nname = \"a\"\nversion = \"1\"\ndependencies = [\"Idna>=3\"]\n\
                      [project.optional-dependencies]\nx = [\"b\"]\n[tool.poetry.group.dev.dependencies]\npytest = \"^7\"\n\
                      [tool.black]\nline-length = 100\n";
        let after = "[project]\nname = \"a\"\nversion = \"2\"\nrequires-python = \">=3.9\"\n\
                     dependencies = [ \"idna >= 3\", ]\noptional-dependencies.x = [\"b\", \"c>1\"]\n\
                     [tool.poetry.group.dev.dependencies]\npytest = { version = \"^8\" }\n[tool.black]\nline-length = 90\n";
        let shown: Vec<_> =
            read(before).unwrap().differences(&read(after).unwrap()).iter().map(Difference::to_string).collect();
        assert_eq!(
            shown,
            [
                "`c` (project.optional-dependencies.x) added: >1",
                "`pytest` (tool.poetry.group.dev.dependencies) ^7 -> ^8",
                "`python` (toolchain) added: >=3.9",
            ]
        );
        assert!(read("[project]\ndependencies = [\"\"]").is_err());
    }
}
