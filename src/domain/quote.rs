//! Lines of a log and statements of a database in the texts of a fact. An event has their digests only, so that it
//! can be published without them; the lines themselves stay in the store.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::hex::hex;

/// Where a quoted line begins and ends in a text. Noncharacters are for a program's own use, and no text from outside
/// has them (Unicode, 23.7).
const BEGIN: char = '\u{fdd0}';
const END: char = '\u{fdd1}';

/// What a digest begins with in place of its line.
const NAMED: &str = "sha256:";

/// What is shown where a line is not here.
const ELSEWHERE: &str = "(a line that the working clone keeps)";

/// The lines that a text only names, by digest.
pub type Lines = BTreeMap<String, String>;

/// Returns `line` marked as one that is not published.
pub fn quote(line: &str) -> String {
    format!("{BEGIN}{}{END}", plain(line))
}

/// Returns `text` without the marks.
pub fn plain(text: &str) -> String {
    text.chars().filter(|c| !matches!(*c, BEGIN | END)).collect()
}

/// Whether a text has, or names, a line that is not published.
pub fn has_quotes(text: &str) -> bool {
    text.contains(BEGIN)
}

/// Returns a text in JSON with the digest of each marked line in its place, and the lines.
pub fn detach(json: &str) -> (String, Lines) {
    let mut lines = Lines::new();
    let detached = replace(json, |written| {
        let line: String = serde_json::from_str(&format!("\"{written}\"")).unwrap_or_else(|_| written.to_owned());
        let digest = hex(&Sha256::digest(&line));
        let named = format!("{BEGIN}{NAMED}{digest}{END}");
        lines.insert(digest, line);
        named
    });
    (detached, lines)
}

/// Returns the digests that a text from [`detach`] names.
pub fn named(json: &str) -> Vec<String> {
    let mut digests = Vec::new();
    replace(json, |written| {
        digests.extend(written.strip_prefix(NAMED).map(str::to_owned));
        String::new()
    });
    digests
}

/// Returns a text from [`detach`] with its lines in their places; what is missing, or is not the line of its digest,
/// is said to be elsewhere.
pub fn attach(json: &str, lines: &Lines) -> String {
    replace(json, |written| {
        let digest = written.strip_prefix(NAMED).unwrap_or_default();
        let line = lines.get(digest).filter(|line| hex(&Sha256::digest(line)) == digest);
        let text = line.map_or(ELSEWHERE, String::as_str);
        let quoted = serde_json::to_string(text).expect("a string is JSON");
        quoted[1..quoted.len() - 1].to_owned()
    })
}

/// Replaces each marked part of a text in JSON. One without an end, as where a text was cut, ends with its string.
fn replace(json: &str, mut with: impl FnMut(&str) -> String) -> String {
    let mut parts = json.split(BEGIN);
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (written, rest) = match part.split_once(END) {
            Some((written, rest)) if end_of_string(written) == written.len() => (written, rest),
            _ => part.split_at(end_of_string(part)),
        };
        text.push_str(&with(written));
        text.push_str(rest);
    }
    text
}

/// Where the JSON string ends that `text` is in the middle of.
fn end_of_string(text: &str) -> usize {
    let mut escaped = false;
    text.char_indices()
        .find_map(|(at, c)| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends.then_some(at)
        })
        .unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_put_back_as_they_were() {
        for line in ["plain", "with \"quotes\" and \\", "ümlaut\nand a break", "", "\\\""] {
            let json = serde_json::to_string(&format!("3 times: {}, and {}", quote(line), quote("more"))).unwrap();
            let (detached, lines) = detach(&json);
            assert!(line.is_empty() || !detached.contains(line), "{detached}");
            assert_eq!(named(&detached).len(), 2);
            let back: String = serde_json::from_str(&attach(&detached, &lines)).unwrap();
            assert_eq!(back, format!("3 times: {line}, and more"));
            let without: String = serde_json::from_str(&attach(&detached, &Lines::new())).unwrap();
            assert_eq!(without, format!("3 times: {ELSEWHERE}, and {ELSEWHERE}"));
        }
    }

    #[test]
    fn a_line_that_was_cut_ends_with_its_string() {
        let json = format!(r#"{{"a":"{BEGIN}cut","b":"kept"}}"#);
        let (detached, lines) = detach(&json);
        assert_eq!(lines.values().collect::<Vec<_>>(), ["cut"]);
        assert_eq!(attach(&detached, &lines), r#"{"a":"cut","b":"kept"}"#);
    }

    #[test]
    fn another_line_of_the_same_digest_is_not_shown() {
        let (detached, mut lines) = detach(&serde_json::to_string(&quote("true")).unwrap());
        lines.values_mut().for_each(|line| *line = "forged".to_owned());
        assert!(!attach(&detached, &lines).contains("forged"));
    }
}
