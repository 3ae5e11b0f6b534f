//! Removes secrets from text before anyone sees it.

use std::borrow::Cow;

/// Returns `text` with the user information of every URL (`scheme://user:password@host`) replaced
/// by `***`, so that what git or a command prints may go into the journal, a log or a message.
pub fn redact(text: &str) -> Cow<'_, str> {
    if !text.contains("://") {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        clean.push_str(before);
        let authority = after
            .find(|c: char| c == '/' || c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>'))
            .unwrap_or(after.len());
        // The last `@`, because a password may contain one.
        match after[..authority].rfind('@') {
            Some(host) => {
                clean.push_str("***");
                rest = &after[host..];
            }
            None => rest = after,
        }
    }
    clean.push_str(rest);
    Cow::Owned(clean)
}

#[cfg(test)]
mod tests {
    use super::redact;

    #[test]
    fn user_information_is_replaced() {
        for (text, clean) in [
            ("plain", "plain"),
            ("https://example.org/a@b", "https://example.org/a@b"),
            ("fatal: 'https://me:s3cret@example.org/x.git' gone", "fatal: 'https://***@example.org/x.git' gone"),
            ("postgres://u:p@ss@db/x and ssh://git@h/y", "postgres://***@db/x and ssh://***@h/y"),
            ("https://token@", "https://***@"),
        ] {
            assert_eq!(redact(text), clean);
        }
    }
}
