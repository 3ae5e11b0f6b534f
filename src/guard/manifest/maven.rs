//! Maven's `pom.xml`.

use std::collections::BTreeMap;

use roxmltree::{Document, Node};

use super::entries::{Entries, Unreadable, Value};
use crate::xml;

/// Deepest nesting of elements; a POM has about ten.
const DEEPEST: usize = 32;

/// Elements that ask for something from elsewhere.
const KINDS: [&str; 6] = ["dependency", "plugin", "extension", "path", "repository", "pluginRepository"];

/// Returns the dependencies, plugins, parent and repositories of a project, properties put in, and
/// the properties that are versions. The project's own version is free, also where it is asked for.
pub fn read(text: &str) -> Result<Entries, Unreadable> {
    let document = document(text)?;
    let project = document.root_element();
    let own = Own::of(project);
    let mut entries = Entries::default();
    for node in project.descendants().filter(Node::is_element) {
        let path: Vec<&str> = node.ancestors().take(DEEPEST + 1).map(|node| node.tag_name().name()).collect();
        if path.len() > DEEPEST {
            return Err(Unreadable(format!("it is nested deeper than {DEEPEST}")));
        }
        let scope = path[1..].iter().rev().filter(|name| !name.is_empty()).copied().collect::<Vec<_>>().join(".");
        let scope = scope.trim_start_matches("project.");
        match node.tag_name().name() {
            kind if KINDS.contains(&kind) && has_coordinates(node) => add(&mut entries, scope, node, &own),
            "parent" if path.len() == 3 && !own.is_sibling(node) => add(&mut entries, "parent", node, &own),
            name if path.get(1) == Some(&"properties") && name.to_lowercase().contains("version") => {
                entries.add("properties", name, Value::version(node.text().unwrap_or_default().trim()));
            }
            _ => {}
        }
    }
    Ok(entries)
}

/// Reads a manifest in XML.
pub fn document(text: &str) -> Result<Document<'_>, Unreadable> {
    xml::parse(text).map_err(|error| Unreadable(format!("it is not XML: {error}")))
}

/// What the project is itself.
struct Own<'a> {
    group: &'a str,
    version: &'a str,
    /// Whether the version is that of the parent.
    inherits: bool,
    properties: BTreeMap<&'a str, &'a str>,
}

impl<'a> Own<'a> {
    fn of(project: Node<'a, '_>) -> Own<'a> {
        let parent = element(project, "parent");
        let inherited = |name: &str| parent.and_then(|parent| text(parent, name));
        let named = |name: &str| text(project, name).or_else(|| inherited(name)).unwrap_or_default();
        let properties = element(project, "properties").into_iter().flat_map(|all| all.children());
        let properties = properties.filter_map(|node| Some((node.tag_name().name(), node.text()?.trim())));
        let inherits = text(project, "version").is_none();
        Own { group: named("groupId"), version: named("version"), inherits, properties: properties.collect() }
    }

    /// Whether a parent is part of the same project: the project takes its version from it.
    fn is_sibling(&self, parent: Node) -> bool {
        let group = text(parent, "groupId").unwrap_or_default();
        self.inherits && (self.group == group || self.group.starts_with(&format!("{group}.")))
    }

    /// `text` with `${name}` replaced where the project defines it.
    fn meant(&self, text: &str) -> String {
        let name = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
        match name.and_then(|name| self.properties.get(name)) {
            Some(value) => (*value).to_owned(),
            None => text.to_owned(),
        }
    }
}

fn has_coordinates(node: Node) -> bool {
    ["artifactId", "url", "id"].iter().any(|name| element(node, name).is_some())
}

fn add(entries: &mut Entries, scope: &str, node: Node, own: &Own) {
    let named = |name: &str| text(node, name).map(|text| own.meant(text)).unwrap_or_default();
    let name = match (named("groupId"), named("artifactId")) {
        (group, artifact) if !artifact.is_empty() => format!("{group}:{artifact}").trim_start_matches(':').to_owned(),
        _ => named("id"),
    };
    let mut version = named("version");
    let is_own =
        named("groupId") == own.group || ["${project.groupId}", "${pom.groupId}"].contains(&named("groupId").as_str());
    if is_own && version == own.version {
        version = "${project.version}".to_owned();
    }
    for option in ["scope", "type", "classifier", "optional", "systemPath", "exclusions"] {
        if let Some(node) = element(node, option) {
            let texts = node.descendants().filter(Node::is_text).filter_map(|node| node.text());
            let texts: Vec<&str> = texts.map(str::trim).filter(|text| !text.is_empty()).collect();
            version = format!("{version} {option} {}", texts.join(":"));
        }
    }
    entries.add(scope, name, Value { version: version.trim().to_owned(), source: named("url"), ..Value::default() });
}

fn element<'a, 'b>(node: Node<'a, 'b>, name: &str) -> Option<Node<'a, 'b>> {
    node.children().find(|child| child.tag_name().name() == name)
}

fn text<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    element(node, name)?.text().map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::super::entries::Difference;
    use super::*;

    fn shown(before: &str, after: &str) -> Vec<String> {
        read(before).unwrap().differences(&read(after).unwrap()).iter().map(Difference::to_string).collect()
    }

    const BEFORE: &str = "<project xmlns=\"http://maven.apache.org/POM/4.0.0\">\n<parent><groupId>g</groupId>\
        <artifactId>p</artifactId><version>1.0</version></parent><artifactId>a</artifactId>\n\
        <properties><x.version>3</x.version><skip>true</skip></properties>\n<dependencies>\
        <dependency><groupId>g</groupId><artifactId>sibling</artifactId><version>1.0</version></dependency>\
        <dependency><groupId>o</groupId><artifactId>x</artifactId><version>${x.version}</version></dependency>\
        </dependencies>\n</project>";

    #[test]
    fn form_and_own_version_are_free() {
        let after = BEFORE.replace("1.0", "1.1").replace("><", ">\n  <!-- why --><").replace("true", "false");
        assert_eq!(shown(BEFORE, &after), [""; 0]);
    }

    #[test]
    fn what_is_asked_for_counts() {
        let after = BEFORE.replace("<x.version>3", "<x.version>4").replace("sibling", "other");
        assert_eq!(
            shown(BEFORE, &after),
            [
                "`g:other` (dependencies) added: ${project.version}",
                "`g:sibling` (dependencies) removed: ${project.version}",
                "`o:x` (dependencies) 3 -> 4",
                "`x.version` (properties) 3 -> 4",
            ]
        );
        let spring = "<project><parent><groupId>org.spring</groupId><version>1</version></parent><groupId>me</groupId></project>";
        assert_eq!(shown(spring, &spring.replace('1', "2")).len(), 1);
    }

    #[test]
    fn hostile_documents_are_unreadable() {
        let entities = "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>";
        for text in ["", "<a>", entities, &format!("{}{}", "<a>".repeat(100), "</a>".repeat(100))] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
