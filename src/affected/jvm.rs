//! Maven: the changed modules, and all that depend on them. Gradle's build files are programs, so
//! that there all tests are run.

use std::collections::{BTreeMap, BTreeSet};

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
    let owner = |path: &String| {
        let of = |directory: &&String| directory.is_empty() || path.starts_with(&format!("{directory}/"));
        modules.keys().filter(of).max_by_key(|directory| directory.len())
    };
    let mut reached: BTreeSet<&String> = question.changed.iter().filter_map(owner).collect();
    loop {
        let artifacts: BTreeSet<&String> = reached.iter().map(|directory| &modules[*directory].artifact).collect();
        let needs = |module: &Module| module.needs.iter().any(|artifact| artifacts.contains(artifact));
        let more: Vec<_> =
            modules.iter().filter(|(directory, module)| !reached.contains(directory) && needs(module)).collect();
        if more.is_empty() {
            break;
        }
        reached.extend(more.into_iter().map(|(directory, _)| directory));
    }
    if reached.iter().any(|directory| directory.is_empty()) {
        return Selection::everything("the parent module changes");
    }
    let scope = Scope { packages: reached.into_iter().cloned().collect(), ..Scope::default() };
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
