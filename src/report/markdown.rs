//! Untrusted text in Markdown documents.

use crate::domain::name::{line, plain};

/// The most characters of one value that a document shows.
const MOST: usize = 1_000;

/// Returns `value` as one line that Markdown shows unchanged in a heading, a list item or a table's cell.
/// Words between single backticks stay code.
pub fn text(value: &str) -> String {
    let value: Vec<char> = line(&plain(value), MOST).chars().collect();
    let spans = has_code_spans(&value);
    let mut in_code = false;
    let mut text = String::with_capacity(value.len());
    for (index, &c) in value.iter().enumerate() {
        in_code ^= spans && c == '`';
        let escaped = if spans && (in_code || c == '`') { c == '|' } else { is_markup(&value, index) };
        if escaped {
            text.push('\\');
        }
        text.push(c);
    }
    text
}

/// Whether every backtick is part of a pair with text in between.
fn has_code_spans(value: &[char]) -> bool {
    let backticks = value.iter().filter(|c| **c == '`').count();
    backticks > 0 && backticks % 2 == 0 && !value.windows(2).any(|pair| pair == ['`', '`'])
}

/// Whether the character at `index`, outside code, may have a meaning in Markdown.
fn is_markup(value: &[char], index: usize) -> bool {
    let before = index.checked_sub(1).map(|index| value[index]);
    let after = value.get(index + 1).copied();
    match value[index] {
        '\\' | '`' | '*' | '[' | ']' | '<' | '|' | '~' => true,
        // It has no meaning inside a word.
        '_' => !(before.is_some_and(char::is_alphanumeric) && after.is_some_and(char::is_alphanumeric)),
        '&' => after.is_some_and(|c| c == '#' || c.is_alphanumeric()),
        // At the start of a line: a quotation, a list, a rule, a heading.
        '>' => before.is_none(),
        c @ ('-' | '+' | '=') => before.is_none() && after.is_none_or(|after| after == ' ' || after == c),
        '#' => before.is_none() || (before == Some(' ') && value[index..].iter().all(|&c| c == '#')),
        '.' | ')' => after.is_none_or(|c| c == ' ') && value[..index].iter().all(char::is_ascii_digit),
        _ => false,
    }
}

/// Returns `value` as a code span on one line; nothing if empty.
pub fn code(value: &str) -> String {
    let value = line(&plain(value), MOST);
    if value.is_empty() {
        return value;
    }
    let longest = value.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let space = if value.starts_with('`') || value.ends_with('`') { " " } else { "" };
    format!("{fence}{space}{value}{space}{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        for (value, expected) in [
            ("Payment API returns 500", "Payment API returns 500"),
            ("snake_case_name and _this_", r"snake_case_name and \_this\_"),
            ("# not a heading\n## nor this", r"\# not a heading ## nor this"),
            ("a title ##", r"a title \##"),
            ("see #12", "see #12"),
            ("C# is fine", "C# is fine"),
            ("- item", r"\- item"),
            ("12. item", r"12\. item"),
            ("12.5 s", "12.5 s"),
            ("v1.2) x", "v1.2) x"),
            ("> quote, a -> b", r"\> quote, a -> b"),
            ("a | b *d* ~~e~~", r"a \| b \*d\* \~\~e\~\~"),
            ("`a_b*`, `c|d` and *e*", r"`a_b*`, `c\|d` and \*e\*"),
            ("one ` only", r"one \` only"),
            ("``` is no fence ```", r"\`\`\` is no fence \`\`\`"),
            ("+3 min, -3 min", "+3 min, -3 min"),
            ("---", r"\---"),
            ("<script>[x](y)![z](w)", r"\<script>\[x\](y)!\[z\](w)"),
            ("R&D, a & b, &lt;", r"R\&D, a & b, \&lt;"),
            ("$(rm -rf /) \"q\" 💥", "$(rm -rf /) \"q\" 💥"),
            ("a\u{202e}b\u{200b}", r"a\\u{202e}b\\u{200b}"),
            ("", ""),
        ] {
            assert_eq!(text(value), expected);
        }
        assert_eq!(text(&"x".repeat(10_000)).chars().count(), MOST);
    }

    #[test]
    fn a_code_span_holds_its_own_fence() {
        for (value, expected) in [
            ("hotfix/1-a", "`hotfix/1-a`"),
            ("a`b", "``a`b``"),
            ("``a", "``` ``a ```"),
            ("a\nb", "`a b`"),
            ("a\u{202e}b", r"`a\u{202e}b`"),
            ("", ""),
        ] {
            assert_eq!(code(value), expected);
        }
    }
}
