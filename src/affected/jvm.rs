//! Maven: the changed modules, and all that depend on them. Gradle's build files are programs, so
//! that there all tests are run.

use std::collections::{BTreeMap, BTreeSet};

use super::graph::{Dependents, owner, reached};
use super::{Question, Scope, Selection, files, name};
use crate::domain::proof::Confidence;
use crate::xml;

/// A module, as its pom.xml has it.
struct Module {
    artifact: String,
    needs: BTreeSet<String>,
}

pub fn select(question: &Question<'_>) -> Selection {
    if !question.directory.join("pom.xml").is_file() {
        return Selection::everything("gradle's modules are known to its build alone");
    }
    let widens = |path: &&String| !path.ends_with(".java") && !path.ends_with(".kt");
    if let Some(path) = question.changed.iter().find(widens) {
        return Selection::everything(format!("`{path}` may be a resource of any module"));
    }
    let modules = modules(question);
    if modules.len() < 2 {
        return Selection::everything("there is one module");
    }
    let mut dependents = Dependents::new();
    let mut by_artifact: BTreeMap<&String, Vec<&String>> = BTreeMap::new();
    for (directory, module) in &modules {
        by_artifact.entry(&module.artifact).or_default().push(directory);
    }
    for (directory, module) in &modules {
        for needed in module.needs.iter().filter_map(|artifact| by_artifact.get(artifact)).flatten() {
            dependents.entry((*needed).clone()).or_default().insert(directory.clone());
        }
    }
    let owners = question.changed.iter().filter_map(|path| owner(path, modules.keys())).cloned();
    let reached = reached(owners, &dependents);
    if reached.iter().any(|directory| directory.is_empty()) {
        return Selection::everything("the parent module changes");
    }
    let scope = Scope { packages: reached, ..Scope::default() };
    let reason = "the changed modules and those that depend on them, by their pom.xml".to_owned();
    Selection { scope, confidence: Confidence::High, reason }
}

/// The modules by their directories.
fn modules(question: &Question<'_>) -> BTreeMap<String, Module> {
    let poms = files(question.directory, &["pom.xml"]).into_iter().filter(|path| name(path) == "pom.xml");
    poms.filter_map(|path| {
        let text = std::fs::read_to_string(question.directory.join(&path)).ok()?;
        let module = module(&text)?;
        Some((path.trim_end_matches("pom.xml").trim_end_matches('/').to_owned(), module))
    })
    .collect()
}

fn module(pom: &str) -> Option<Module> {
    let document = xml::parse(pom).ok()?;
    let artifact_of = |node: roxmltree::Node<'_, '_>| {
        let artifact = node.children().find(|child| child.tag_name().name() == "artifactId")?;
        Some(artifact.text().unwrap_or_default().trim().to_owned())
    };
    let needs = document.descendants().filter(|node| matches!(node.tag_name().name(), "dependency" | "parent"));
    Some(Module { artifact: artifact_of(document.root_element())?, needs: needs.filter_map(artifact_of).collect() })
}
