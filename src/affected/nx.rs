//! Nx: the changed projects and all that depend on them, by its graph of projects. Nx's own
//! selection is not used: a changed lock file affects all projects or none (nx#15116, nx#35141), and a
//! file of no project affects nothing.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::ask::ask;
use super::graph::{Dependents, owner, reached};
use super::{Question, Scope, Selection, name};
use crate::domain::proof::Confidence;

#[derive(Deserialize)]
struct Answer {
    graph: Graph,
}

#[derive(Deserialize)]
struct Graph {
    nodes: BTreeMap<String, Node>,
    dependencies: BTreeMap<String, Vec<Dependency>>,
}

#[derive(Deserialize)]
struct Node {
    data: Project,
}

#[derive(Deserialize)]
struct Project {
    root: String,
    #[serde(default)]
    targets: BTreeMap<String, serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Dependency {
    target: String,
}

/// It starts no process that stays, and asks no server.
const ALONE: &[(&str, &str)] = &[("NX_DAEMON", "false"), ("NX_NO_CLOUD", "true"), ("CI", "1")];

pub async fn select(question: &Question<'_>) -> Result<Selection, String> {
    if let Some(path) = question.changed.iter().find(|path| widens(path)) {
        return Ok(Selection::everything(format!("`{path}` may change how any project is built")));
    }
    let file = tempfile::Builder::new().suffix(".json").tempfile().map_err(|error| error.to_string())?;
    let to = format!("--file={}", file.path().display());
    ask(question, &["node_modules/.bin/nx", "graph", &to], ALONE).await?;
    let answer: Answer = serde_json::from_reader(&file).map_err(|error| format!("its graph: {error}"))?;
    Ok(answer.graph.select(question.changed))
}

/// Whether a file matters beyond its own project, or no import leads to it.
fn widens(path: &str) -> bool {
    let name = name(path);
    [".json", ".yaml", ".yml", ".toml", ".lock", ".lockb"].iter().any(|ending| name.ends_with(ending))
        || name.contains(".config.")
        || name.starts_with('.')
}

impl Graph {
    fn select(&self, changed: &[String]) -> Selection {
        let by_root: BTreeMap<String, &String> = self.nodes.iter().map(|(name, node)| (node.root(), name)).collect();
        let mut owners = Vec::new();
        for path in changed {
            match owner(path, by_root.keys()) {
                Some(root) => owners.push(by_root[root].clone()),
                None => return Selection::everything(format!("`{path}` is of no project")),
            }
        }
        let mut dependents = Dependents::new();
        for (name, dependencies) in &self.dependencies {
            for dependency in dependencies {
                dependents.entry(dependency.target.clone()).or_default().insert(name.clone());
            }
        }
        let has_tests = |name: &String| self.nodes.get(name).is_some_and(|node| node.data.targets.contains_key("test"));
        let packages = reached(owners, &dependents).into_iter().filter(has_tests).collect();
        let reason = "the changed projects and those that depend on them, by `nx graph`".to_owned();
        Selection { scope: Scope { packages, ..Scope::default() }, confidence: Confidence::Medium, reason }
    }
}

impl Node {
    /// The project's directory; empty where it is the whole repository.
    fn root(&self) -> String {
        if self.data.root == "." { String::new() } else { self.data.root.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Nx 24.0.6 wrote, less what is not read.
    const GRAPH: &str = r#"{"graph": {"nodes": {
        "@shop/money": {"name": "@shop/money", "type": "lib", "data": {"root": "libs/money", "targets": {"test": {"executor": "nx:run-script"}}}},
        "@shop/cart": {"name": "@shop/cart", "type": "lib", "data": {"root": "libs/cart", "targets": {"test": {}, "lint": {}}}},
        "@shop/web": {"name": "@shop/web", "type": "app", "data": {"root": "apps/web", "targets": {"build": {}}}}},
        "dependencies": {
        "@shop/cart": [{"source": "@shop/cart", "target": "@shop/money", "type": "static"}],
        "@shop/web": [{"source": "@shop/web", "target": "@shop/cart", "type": "static"},
                      {"source": "@shop/web", "target": "npm:react", "type": "static"}]}}}"#;

    #[test]
    fn a_project_and_those_that_depend_on_it() {
        let answer: Answer = serde_json::from_str(GRAPH).unwrap();
        let selected = |paths: &[&str]| {
            let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
            let scope = answer.graph.select(&paths).scope;
            if scope.everything {
                "everything".to_owned()
            } else {
                scope.packages.into_iter().collect::<Vec<_>>().join(" ")
            }
        };
        assert_eq!(selected(&["libs/money/src/index.ts"]), "@shop/cart @shop/money");
        assert_eq!(selected(&["libs/cart/src/index.ts", "apps/web/a.ts"]), "@shop/cart");
        assert_eq!(selected(&["libs/money/src/index.ts", "tools/x.ts"]), "everything");
        for path in
            ["package-lock.json", "pnpm-lock.yaml", "yarn.lock", "bun.lockb", "nx.json", "vite.config.ts", ".env"]
        {
            assert!(widens(path), "{path}");
        }
    }
}
