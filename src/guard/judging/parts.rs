//! The part of a file that judges, as a text that is the same where that part means the same.

use super::Part;
use crate::xml;

/// Returns the part; the whole text where the file can't be read, as it might say anything.
pub(super) fn of(part: Part, text: &str) -> String {
    let found = match part {
        Part::Whole => None,
        Part::Toml(paths) => toml(text, paths),
        Part::Json(names) => json(text, names),
        Part::Ini(sections) => Some(ini(text, sections)),
        Part::Maven(plugins) => maven(text, plugins),
        Part::Blocks(words) => Some(blocks(text, words)),
    };
    found.unwrap_or_else(|| text.to_owned())
}

fn toml(text: &str, paths: &[&str]) -> Option<String> {
    let document = text.parse::<toml::Table>().ok()?;
    let found = paths.iter().map(|path| {
        let mut parts = path.split('.');
        let first = document.get(parts.next()?)?;
        parts.try_fold(first, |value, part| value.get(part))
    });
    Some(format!("{:?}", found.collect::<Vec<_>>()))
}

fn json(text: &str, names: &[&str]) -> Option<String> {
    if text.trim().is_empty() {
        return Some(String::new());
    }
    let document: serde_json::Value = serde_json::from_str(text).ok()?;
    let found: Vec<String> = names.iter().filter_map(|name| Some(format!("{name}: {}", document.get(name)?))).collect();
    Some(found.join("\n"))
}

fn ini(text: &str, sections: &[&str]) -> String {
    let mut counts = false;
    let mut found = String::new();
    for line in text.lines().map(str::trim_end) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.split(']').next()) {
            counts = sections.iter().any(|section| name.starts_with(section));
        }
        let is_said = !line.is_empty() && !line.trim_start().starts_with(['#', ';']);
        if counts && is_said {
            found.push_str(line);
            found.push('\n');
        }
    }
    found
}

fn maven(text: &str, plugins: &[&str]) -> Option<String> {
    if text.trim().is_empty() {
        return Some(String::new());
    }
    let document = xml::parse(text).ok()?;
    let elements = document.descendants().filter(|node| node.tag_name().name() == "plugin");
    let judges = elements.filter(|plugin| {
        let mut names = plugin.children().filter(|child| child.tag_name().name() == "artifactId");
        names.any(|name| name.text().is_some_and(|name| plugins.iter().any(|plugin| name.contains(plugin))))
    });
    let skips = document.descendants().filter(|node| {
        let name = node.tag_name().name();
        matches!(name, "skipTests" | "maven.test.skip" | "testFailureIgnore" | "maven.test.failure.ignore")
    });
    let text_of = |node: roxmltree::Node| {
        let inner = node.descendants().filter(|inner| inner.is_element());
        let said =
            inner.map(|inner| format!("{} {}", inner.tag_name().name(), inner.text().unwrap_or_default().trim()));
        said.collect::<Vec<_>>().join("\n")
    };
    Some(judges.chain(skips).map(text_of).collect::<Vec<_>>().join("\n"))
}

/// Gradle's files are programs: the lines with one of the words, and what is in the braces that open there.
fn blocks(text: &str, words: &[&str]) -> String {
    let mut depth: Option<i64> = None;
    let mut found = String::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")) {
        let is_one = line.split(|c: char| !c.is_alphanumeric()).any(|word| words.contains(&word));
        // A dependency on a library for tests is none of how they are run.
        let is_one = is_one && (line.contains('{') || line.contains("enabled") || line.contains("useJUnit"));
        if depth.is_none() && !is_one {
            continue;
        }
        found.push_str(line);
        found.push('\n');
        let opened = line.matches('{').count() as i64 - line.matches('}').count() as i64;
        depth = Some(depth.unwrap_or(0) + opened).filter(|depth| *depth > 0);
    }
    found
}
