//! Tests inside a source file, as in Rust.

use std::ops::Range;

/// Returns the lines of the tests in a file of this name, from 0, ends excluded: those of each item
/// behind `#[cfg(test)]`, `#[test]` or the like. Only Rust keeps tests there.
pub fn test_lines(path: &str, text: &[u8]) -> Vec<Range<usize>> {
    if !path.ends_with(".rs") {
        return Vec::new();
    }
    let code = code_only(text);
    let mut found: Vec<Range<usize>> = Vec::new();
    let (mut at, mut line) = (0, 0);
    while let Some(next) = code[at..].windows(2).position(|pair| pair == b"#[").map(|offset| at + offset) {
        line += newlines(&code[at..next]);
        let end = closing(&code, next + 1);
        if !is_test(&code[next + 2..end.saturating_sub(1).max(next + 2)]) {
            (at, line) = (end, line + newlines(&code[next..end]));
            continue;
        }
        let end = item_end(&code, end);
        let lines = newlines(&code[next..end]);
        found.push(line..line + lines + 1);
        (at, line) = (end, line + lines);
    }
    found
}

fn newlines(code: &[u8]) -> usize {
    code.iter().filter(|byte| **byte == b'\n').count()
}

/// Whether an attribute makes its item one of the tests: `test`, `tokio::test`, `rstest`, or
/// `cfg` with `test` that is not negated.
fn is_test(attribute: &[u8]) -> bool {
    let attribute: String = String::from_utf8_lossy(attribute).split_whitespace().collect();
    let name = attribute.split(['(', '=']).next().unwrap_or_default();
    let last = name.rsplit("::").next().unwrap_or_default();
    match last {
        "test" | "rstest" | "test_case" | "quickcheck" => true,
        "cfg" => attribute.split(['(', ')', ',']).any(|word| word == "test") && !attribute.contains("not(test)"),
        _ => false,
    }
}

/// Where the item ends that starts at `at`, after further attributes: behind its `;` or its block.
fn item_end(code: &[u8], mut at: usize) -> usize {
    while let Some(byte) = code.get(at) {
        match byte {
            b'{' => return closing(code, at),
            b'(' | b'[' => at = closing(code, at),
            b';' | b'}' => return at + 1,
            _ => at += 1,
        }
    }
    code.len()
}

/// Behind the bracket that closes the one at `open`, or the end where none does.
fn closing(code: &[u8], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in code.iter().enumerate().skip(open) {
        match byte {
            b'{' | b'(' | b'[' => depth += 1,
            b'}' | b')' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    code.len()
}

/// The text with comments, strings and characters blanked out, lines as they were.
fn code_only(text: &[u8]) -> Vec<u8> {
    let mut code = text.to_vec();
    let mut at = 0;
    while at < text.len() {
        let end = match &text[at..] {
            [b'/', b'/', ..] => text[at..].iter().position(|byte| *byte == b'\n').map_or(text.len(), |end| at + end),
            [b'/', b'*', ..] => comment_end(text, at),
            [b'"', ..] => string_end(text, at + 1),
            [b'r', b'"' | b'#', ..] if !is_word(text, at) => raw_string_end(text, at + 1).unwrap_or(at + 1),
            [b'\'', b'\\', ..] => quote_end(text, at + 2),
            [b'\'', _, b'\'', ..] => at + 3,
            // A character of several bytes; what is no character is a lifetime.
            [b'\'', first, ..] if !first.is_ascii() => quote_end(text, at + 1),
            _ => {
                at += 1;
                continue;
            }
        };
        let end = end.min(text.len());
        code[at..end].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
        at = end.max(at + 1);
    }
    code
}

/// Whether the byte before `at` belongs to a word that continues at `at`; `br"` is not one.
fn is_word(text: &[u8], at: usize) -> bool {
    let before = |back: usize| at.checked_sub(back).map(|at| text[at]);
    let word = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    match before(1) {
        Some(b'b' | b'c') => word(before(2)),
        byte => word(byte),
    }
}

fn comment_end(text: &[u8], start: usize) -> usize {
    let (mut depth, mut at) = (0_usize, start);
    while at < text.len() {
        match &text[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] if depth == 1 => return at + 2,
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    text.len()
}

fn string_end(text: &[u8], mut at: usize) -> usize {
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    text.len()
}

/// Behind the quote that ends a character, which is near; else `at` itself.
fn quote_end(text: &[u8], from: usize) -> usize {
    let near = &text[from.min(text.len())..text.len().min(from + 12)];
    // The first byte may be the quote itself: '\''.
    near.iter().skip(1).position(|byte| *byte == b'\'').map_or(from, |end| from + end + 2)
}

/// The most hashes around a raw string that Rust takes.
const HASHES: usize = 255;

/// Behind a raw string whose hashes begin at `from`; `None` where it is none, as in `r#match`.
fn raw_string_end(text: &[u8], from: usize) -> Option<usize> {
    let hashes = text[from..].iter().take_while(|byte| **byte == b'#').count();
    let start = from + hashes;
    if text.get(start) != Some(&b'"') || hashes > HASHES {
        return None;
    }
    let ends = |at: usize| {
        text[at] == b'"' && text[at + 1..].iter().take(hashes).take_while(|byte| **byte == b'#').count() == hashes
    };
    Some((start + 1..text.len()).find(|at| ends(*at)).map_or(text.len(), |at| at + 1 + hashes))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::test_lines;

    #[test]
    fn items_behind_a_test_attribute_are_tests() {
        let text = r##"fn a() { "#[test]"; '{'; '"'; }
// #[cfg(test)] mod no {
#[cfg(test)]
use x;
/* { /* } */ */
#[cfg(not(test))]
fn b<'a>(x: &'a str) {}

#[cfg(all(test, unix))]
#[allow(unused)]
mod tests {
    const X: &str = r#"}"#;
    #[test]
    fn one() { '\''; b'}'; }
}
fn c() {}
#[tokio::test(flavor = "x")]
async fn two() {}
"##;
        assert_eq!(test_lines("src/a.rs", text.as_bytes()), [2..4, 8..15, 16..18]);
        assert!(test_lines("src/a.py", text.as_bytes()).is_empty());
    }

    proptest! {
        #[test]
        fn nothing_is_too_odd_to_be_read(text in "(#\\[test\\]|#\\[|[\\]{}()'\"/*r#\\\\;\n]|fn a){0,60}") {
            let lines = text.lines().count() + 1;
            for range in test_lines("a.rs", text.as_bytes()) {
                prop_assert!(range.start < range.end && range.end <= lines);
            }
        }
    }
}
