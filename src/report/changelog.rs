//! An entry in the project's changelog, in the format of <https://keepachangelog.com>.

use std::ops::Range;

use super::markdown;

/// An entry of the changelog.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    pub version: &'a str,
    /// `YYYY-MM-DD`.
    pub date: &'a str,
    pub kind: Kind,
    pub line: &'a str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Fixed,
    Security,
}

impl Kind {
    fn heading(self) -> &'static str {
        match self {
            Kind::Fixed => "### Fixed",
            Kind::Security => "### Security",
        }
    }
}

const HEAD: &str = "# Changelog\n\nThe format is that of [Keep a Changelog](https://keepachangelog.com/en/1.1.0/).\n";

/// Returns `existing` with the entry in the section of its version. A missing section is added above the
/// newest version; an entry that is there already changes nothing. Other lines and the file's line breaks
/// are kept.
pub fn changelog(existing: &str, entry: Entry<'_>) -> String {
    let existing = if existing.trim().is_empty() { HEAD } else { existing };
    let page = Page::new(existing);
    let item = format!("- {}", markdown::text(entry.line));
    let version = markdown::text(entry.version);
    let Some(section) = page.section(|heading| names(heading, &version)) else {
        let (at, version) = (page.first_version(), format!("## [{version}] - {}", entry.date));
        return page.insert(at, &[&version, "", entry.kind.heading(), "", &item]);
    };
    let Some(kind) = page.subsection(section.clone(), entry.kind.heading()) else {
        return page.insert(page.last_text(section), &[entry.kind.heading(), "", &item]);
    };
    if page.lines[kind.clone()].iter().any(|line| line.trim() == item) {
        return existing.to_owned();
    }
    // A blank line goes between a heading and the item, not between two items.
    match page.last_text(kind.clone()) {
        at if at == kind.start => page.insert(at, &[&item]),
        at => page.insert_tight(at, &item),
    }
}

/// A changelog as lines with their line breaks.
struct Page<'a> {
    lines: Vec<&'a str>,
    /// Whether the line is outside code blocks and comments.
    plain: Vec<bool>,
    /// Where the text ends: before the link definitions at the bottom, or before a code block or
    /// comment that is never closed.
    end: usize,
}

impl<'a> Page<'a> {
    fn new(text: &'a str) -> Page<'a> {
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let mut plain = Vec::with_capacity(lines.len());
        // What hides the lines, by its start.
        let mut hidden: Option<(usize, &str)> = None;
        for (index, line) in lines.iter().enumerate() {
            let line = line.trim();
            plain.push(hidden.is_none());
            hidden = match hidden {
                Some((_, "-->")) if line.contains("-->") => None,
                Some((_, fence)) if fence != "-->" && line.starts_with(fence) => None,
                Some(hidden) => Some(hidden),
                None if line.starts_with("```") => Some((index, "```")),
                None if line.starts_with("~~~") => Some((index, "~~~")),
                None if line.starts_with("<!--") && !line.contains("-->") => Some((index, "-->")),
                None => None,
            };
        }
        let end = hidden.map_or(lines.len(), |(index, _)| index);
        let mut page = Page { lines, plain, end };
        page.end = page.last_text(0..end);
        page
    }

    /// The level of the heading that a line is, and its text.
    fn heading(&self, index: usize) -> Option<(usize, &'a str)> {
        let line = self.lines[index].trim_start_matches('\u{feff}').trim();
        let level = line.bytes().take_while(|byte| *byte == b'#').count();
        let text = line[level..].strip_prefix([' ', '\t'])?;
        (self.plain[index] && level > 0).then(|| (level, text.trim()))
    }

    /// The lines below the second-level heading that `wanted` accepts, up to the next one.
    fn section(&self, wanted: impl Fn(&str) -> bool) -> Option<Range<usize>> {
        let start =
            (0..self.end).find(|&index| self.heading(index).is_some_and(|(level, text)| level == 2 && wanted(text)))?;
        let next = (start + 1..self.end).find(|&index| self.heading(index).is_some_and(|(level, _)| level <= 2));
        Some(start + 1..next.unwrap_or(self.end))
    }

    /// The lines below the third-level heading `wanted` inside of `section`.
    fn subsection(&self, section: Range<usize>, wanted: &str) -> Option<Range<usize>> {
        let is_wanted = |(level, text): (usize, &str)| level == 3 && wanted[4..].eq_ignore_ascii_case(text);
        let start = section.clone().find(|&index| self.heading(index).is_some_and(is_wanted))?;
        let next = (start + 1..section.end).find(|&index| self.heading(index).is_some());
        Some(start + 1..next.unwrap_or(section.end))
    }

    /// Where a new version goes: above the first one, below the unreleased section.
    fn first_version(&self) -> usize {
        let is_version = |(level, text): (usize, &str)| level == 2 && !text.to_lowercase().contains("unreleased");
        (0..self.end).find(|&index| self.heading(index).is_some_and(is_version)).unwrap_or(self.end)
    }

    /// The line after the last one of `range` that is neither blank nor a link definition.
    fn last_text(&self, range: Range<usize>) -> usize {
        let is_text = |index: &usize| {
            let line = self.lines[*index].trim();
            !(line.is_empty() || line.starts_with('[') && line.contains("]: "))
        };
        range.clone().rev().find(is_text).map_or(range.start, |index| index + 1)
    }

    /// The text with `block` before line `at`, a blank line above and one below it.
    fn insert(&self, at: usize, block: &[&str]) -> String {
        let blank = |line: Option<&&str>| line.is_none_or(|line| line.trim().is_empty());
        let mut added: Vec<&str> = Vec::new();
        if !blank(at.checked_sub(1).and_then(|above| self.lines.get(above))) {
            added.push("");
        }
        added.extend(block);
        if !blank(self.lines.get(at)) {
            added.push("");
        }
        self.with(at, &added)
    }

    fn insert_tight(&self, at: usize, line: &str) -> String {
        self.with(at, &[line])
    }

    fn with(&self, at: usize, added: &[&str]) -> String {
        let line_break = if self.lines.iter().any(|line| line.ends_with("\r\n")) { "\r\n" } else { "\n" };
        let mut text = self.lines[..at].concat();
        if !text.is_empty() && !text.ends_with('\n') {
            text.push_str(line_break);
        }
        for line in added {
            text.push_str(line);
            text.push_str(line_break);
        }
        text + &self.lines[at..].concat()
    }
}

/// Whether a heading is that of `version`, such as `[1.2.3] - 2026-11-20` or `1.2.3`.
fn names(heading: &str, version: &str) -> bool {
    let rest = heading.trim_start_matches('[').strip_prefix(version);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([']', ' ', '\t']))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ENTRY: Entry<'_> =
        Entry { version: "2.3.2-hotfix.1", date: "2026-11-20", kind: Kind::Fixed, line: "No more 500s (HOTFIX-1)" };

    #[test]
    fn the_entry_finds_its_place() {
        let section = "## [2.3.2-hotfix.1] - 2026-11-20\n\n### Fixed\n\n- No more 500s (HOTFIX-1)\n";
        for (what, existing, expected) in [
            ("nothing there", "", format!("{HEAD}\n{section}")),
            ("no version yet", "# Log", format!("# Log\n\n{section}")),
            ("above the newest", "# L\n\n## 2.3.1\n- x\n", format!("# L\n\n{section}\n## 2.3.1\n- x\n")),
            (
                "below the unreleased",
                "## [Unreleased]\n- u\n\n## [2.3.1]\n",
                format!("## [Unreleased]\n- u\n\n{section}\n## [2.3.1]\n"),
            ),
            ("before the links", "# L\n\n[1]: http://x\n", format!("# L\n\n{section}\n[1]: http://x\n")),
            (
                "in its version",
                "## [2.3.2-hotfix.1]\n\n### Added\n\n- a\n\n## 1\n",
                "## [2.3.2-hotfix.1]\n\n### Added\n\n- a\n\n### Fixed\n\n- No more 500s (HOTFIX-1)\n\n## 1\n"
                    .to_owned(),
            ),
            (
                "among others of its kind",
                "## 2.3.2-hotfix.1\n### fixed\n- a\n## 1\n",
                "## 2.3.2-hotfix.1\n### fixed\n- a\n- No more 500s (HOTFIX-1)\n## 1\n".to_owned(),
            ),
            ("an example is no version", "```\n## 1\n```\n", format!("```\n## 1\n```\n\n{section}")),
            ("a comment is no version", "<!--\n## 1\n-->\n## 1\n", format!("<!--\n## 1\n-->\n\n{section}\n## 1\n")),
            ("never closed", "# L\n<!--\n## 1\n", format!("# L\n\n{section}\n<!--\n## 1\n")),
        ] {
            assert_eq!(changelog(existing, ENTRY), expected, "{what}");
        }
    }

    #[test]
    fn line_breaks_are_those_of_the_file() {
        let text = changelog("# L\r\n\r\n## 1\r\n", ENTRY);
        assert!(!text.replace("\r\n", "").contains('\n'), "{text:?}");
    }

    #[test]
    fn a_hostile_line_stays_one_item() {
        let entry = Entry { kind: Kind::Security, line: "a\n## [9]\n<!-- $(b)", ..ENTRY };
        let text = changelog("## 1\n", entry);
        assert_eq!(text, "## [2.3.2-hotfix.1] - 2026-11-20\n\n### Security\n\n- a ## \\[9\\] \\<!-- $(b)\n\n## 1\n");
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_twice_is_once(
            lines in prop::collection::vec(
                prop_oneof![
                    Just("".to_owned()), Just("## [1.0.0]".to_owned()), Just("### Fixed".to_owned()),
                    Just("## [2.3.2-hotfix.1]".to_owned()), Just("```".to_owned()), Just("<!--".to_owned()),
                    Just("-->".to_owned()), Just("[x]: y".to_owned()), Just("- item\r".to_owned()), "[ -~é]{0,12}",
                ],
                0..20,
            ),
            ends in any::<bool>(),
        ) {
            let existing = lines.join("\n") + if ends { "\n" } else { "" };
            let once = changelog(&existing, ENTRY);
            prop_assert_eq!(&changelog(&once, ENTRY), &once);
            let mut after = once.lines();
            for line in existing.lines() {
                prop_assert!(after.any(|other| other.trim_end() == line.trim_end()), "{line:?} is gone");
            }
        }
    }
}
