//! .NET's project files and `packages.lock.json`.

use roxmltree::Node;
use serde_json::Value as Json;

use super::entries::{Entries, Unreadable, Value};
use super::maven::document;
use super::package::{json, plain};

/// Whether a file is a project, or one of the files that give versions on its behalf.
pub fn is(_path: &str, name: &str) -> bool {
    let project = [".csproj", ".fsproj", ".vbproj"].iter().any(|ending| name.ends_with(ending));
    project
        || matches!(
            name,
            "Directory.Packages.props" | "Directory.Build.props" | "Directory.Build.targets" | "packages.config"
        )
}

/// Returns the references to packages and to other projects.
pub fn project(text: &str) -> Result<Entries, Unreadable> {
    let document = document(text)?;
    let mut entries = Entries::default();
    for node in document.descendants().filter(|node| node.is_element()) {
        let kind = node.tag_name().name();
        let attribute = |name: &str| {
            let lower = name.to_lowercase();
            let inner = || node.children().find(|child| child.tag_name().name() == name).and_then(|child| child.text());
            node.attribute(name).or_else(|| node.attribute(lower.as_str())).or_else(inner).map(str::trim)
        };
        let name = attribute("Include").or_else(|| attribute("Update")).or_else(|| attribute("Id"));
        let wanted = ["PackageReference", "PackageVersion", "GlobalPackageReference", "ProjectReference", "package"];
        if let Some(name) = name.filter(|_| wanted.contains(&kind)) {
            let version = attribute("Version").or_else(|| attribute("VersionOverride")).unwrap_or_default();
            entries.add(format!("{kind}{}", condition(node)), name, Value::version(version));
        }
        if matches!(kind, "TargetFramework" | "TargetFrameworks") {
            entries.add("toolchain", kind, Value::version(node.text().unwrap_or_default().trim()));
        }
    }
    Ok(entries)
}

/// Under what condition an element counts, or the group that it is in.
fn condition(node: Node) -> String {
    let conditions = node.ancestors().take(2).filter_map(|node| node.attribute("Condition"));
    conditions.map(|condition| format!(" if {}", condition.trim())).collect()
}

/// Returns what is locked, by framework; other projects of the same solution are left out.
pub fn lock(text: &str) -> Result<Entries, Unreadable> {
    let root = json(text)?;
    let frameworks = root.get("dependencies").and_then(Json::as_object);
    let mut entries = Entries::default();
    for (framework, packages) in frameworks.ok_or_else(|| Unreadable("it has no `dependencies`".to_owned()))? {
        for (name, package) in packages.as_object().into_iter().flatten() {
            let text = |key: &str| package.get(key).map(plain).unwrap_or_default();
            if text("type") != "Project" {
                let value = Value { version: text("resolved"), checksum: text("contentHash"), ..Value::default() };
                entries.add(framework, name, value);
            }
        }
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::super::entries::Difference;
    use super::*;

    fn shown(read: fn(&str) -> Result<Entries, Unreadable>, before: &str, after: &str) -> Vec<String> {
        read(before).unwrap().differences(&read(after).unwrap()).iter().map(Difference::to_string).collect()
    }

    #[test]
    fn both_files() {
        let before = "<Project><PropertyGroup><Version>1</Version></PropertyGroup><ItemGroup>\
                      <PackageReference Include=\"A\" Version=\"1.0\" /></ItemGroup></Project>";
        let after = "<Project><PropertyGroup><Version>2</Version></PropertyGroup>\n<ItemGroup>\
                     <PackageReference Include=\"A\"><Version>1.1</Version></PackageReference></ItemGroup></Project>";
        assert_eq!(shown(project, before, after), ["`A` (PackageReference) 1.0 -> 1.1"]);
        let more = before.replace(
            "</Project>",
            "<ItemGroup Condition=\"net471\"><PackageReference Include=\"A\" Version=\"1.0\" /></ItemGroup></Project>",
        );
        assert_eq!(shown(project, before, &more), ["`A` (PackageReference if net471) added: 1.0"]);
        let locked = r#"{"dependencies":{"net8.0":{"A":{"type":"Direct","resolved":"1.0"},"Own":{"type":"Project"}}}}"#;
        assert_eq!(shown(lock, locked, &locked.replace("1.0", "1.1")), ["`A` (net8.0) 1.0 -> 1.1"]);
        assert!(lock("{}").is_err());
    }
}
