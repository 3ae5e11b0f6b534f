//! Names made from untrusted text: slugs, branch names, titles on one line.

use std::borrow::Cow;
use std::collections::BTreeMap;

/// Returns `title` as lower-case ASCII words joined by `-`, at most 40 characters; `incident` if
/// nothing is left. Safe in a branch name, a file name and a URL.
pub fn slug(title: &str) -> String {
    let mut slug = String::new();
    for word in title.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        if slug.len() + word.len() + 1 > 40 {
            if slug.is_empty() {
                slug.push_str(&word[..40]);
            }
            break;
        }
        if !slug.is_empty() {
            slug.push('-');
        }
        slug.push_str(&word.to_ascii_lowercase());
    }
    if slug.is_empty() { "incident".to_owned() } else { slug }
}

/// Whether a character has no width, or changes the order of those after it: it makes a text look like another
/// one.
pub fn is_deceptive(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Returns `text` with each such character as `\u{...}`.
pub fn plain(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || !text.contains(is_deceptive) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        if is_deceptive(c) { plain.extend(c.escape_unicode()) } else { plain.push(c) }
    }
    Cow::Owned(plain)
}

/// Returns `text` as one line without control characters, cut to `most` characters with `…`.
pub fn line(text: &str, most: usize) -> String {
    let mut line = String::new();
    let mut length = 0;
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        for c in (!line.is_empty()).then_some(' ').into_iter().chain(word.chars()) {
            if length == most {
                line.pop();
                line.push('…');
                return line;
            }
            line.push(c);
            length += 1;
        }
    }
    line
}

/// Returns up to three of `known` that `name` most likely means, the best first.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Vec<String> {
    let likely = known.map(|other| (strsim::jaro_winkler(name, other), other)).filter(|(likeness, _)| *likeness > 0.75);
    let mut likely: Vec<_> = likely.collect();
    likely.sort_by(|a, b| b.0.total_cmp(&a.0));
    likely.into_iter().take(3).map(|(_, other)| other.to_owned()).collect()
}

/// Returns `pattern` with each `{name}` replaced by its value.
///
/// Fails with the name if it has no value; values are inserted unchanged.
pub fn fill(pattern: &str, values: &BTreeMap<&str, String>) -> Result<String, String> {
    let mut filled = String::new();
    let mut rest = pattern;
    while let Some(open) = rest.find('{') {
        filled.push_str(&rest[..open]);
        let close = rest[open..].find('}').ok_or_else(|| format!("`{pattern}` has a `{{` without a `}}`"))? + open;
        let name = &rest[open + 1..close];
        let value = values.get(name).ok_or_else(|| {
            let known: Vec<_> = values.keys().map(|key| format!("{{{key}}}")).collect();
            format!("`{pattern}` has an unknown `{{{name}}}`; known are {}", known.join(", "))
        })?;
        filled.push_str(value);
        rest = &rest[close + 1..];
    }
    filled.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_plain_whatever_the_title() {
        for (title, expected) in [
            ("Payment API returns 500", "payment-api-returns-500"),
            ("$(rm -rf /) `x` \"y\"\nz", "rm-rf-x-y-z"),
            ("💥", "incident"),
            ("../../etc/passwd", "etc-passwd"),
            (
                "a sentence that is much longer than any branch name should be",
                "a-sentence-that-is-much-longer-than-any",
            ),
        ] {
            assert_eq!(slug(title), expected);
        }
        assert_eq!(slug(&"x".repeat(10_000)).len(), 40);
    }

    #[test]
    fn a_line_is_one_line() {
        assert_eq!(line("a\n\tb \u{1b}[31mc", 80), "a b [31mc");
        assert_eq!(line("abcdef", 4), "abc…");
        assert_eq!(line("abcd", 4), "abcd");
    }

    #[test]
    fn patterns_are_filled_or_refused() {
        let values = BTreeMap::from([("id", "7".to_owned()), ("slug", "{id}".to_owned())]);
        assert_eq!(fill("hotfix/{id}-{slug}", &values).unwrap(), "hotfix/7-{id}");
        assert_eq!(fill("{ID}", &values).unwrap_err(), "`{ID}` has an unknown `{ID}`; known are {id}, {slug}");
        assert!(fill("{id", &values).is_err());
    }
}
