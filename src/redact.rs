//! Removes secrets from text before anyone sees it.

use std::borrow::Cow;

use crate::guard::secret;

/// What stands in a secret's place.
const STARS: &str = "***";

/// No secret is shorter, with its name or its scheme.
const SHORTEST: usize = 8;

/// Returns `text` with its secrets replaced by `***`, so that what git, a command or a log says may go into
/// the journal, a ticket or a message: the user information of every URL (`scheme://user:password@host`), the
/// values of its query, and every key, token and password that the guard's scanner knows. The time is linear
/// in the text.
pub fn redact(text: &str) -> Cow<'_, str> {
    if text.len() < SHORTEST {
        return Cow::Borrowed(text);
    }
    let without = in_urls(text);
    let places = secret::places(without.as_bytes());
    if places.is_empty() {
        return without;
    }
    let mut clean = String::with_capacity(without.len());
    let mut end = 0;
    for place in places {
        // A form is ASCII, but what is beside it need not be.
        let (from, to) = (without.floor_char_boundary(place.start), without.ceil_char_boundary(place.end));
        clean.push_str(&without[end..from.max(end)]);
        clean.push_str(STARS);
        end = to.max(end);
    }
    clean.push_str(&without[end..]);
    Cow::Owned(clean)
}

/// Returns `text` without any of the parts of `url` that may be secret, wherever they are: a driver's error
/// repeats a value that it does not like.
pub fn redact_parts(text: &str, url: &str) -> String {
    let mut clean = redact(text).into_owned();
    for part in parts(url).into_iter().filter(|part| part.len() >= 3) {
        clean = clean.replace(part, STARS);
    }
    clean
}

/// The user information of a URL and its parts, and the values of its query.
fn parts(url: &str) -> Vec<&str> {
    let Some((_, rest)) = url.split_once("://") else { return Vec::new() };
    let (address, query) = rest.split_once('?').unwrap_or((rest, ""));
    let user = address.rsplit_once('@').map(|(user, _)| user);
    let users = user.into_iter().chain(user.and_then(|user| user.split_once(':')).map(|(_, password)| password));
    users.chain(query.split('&').filter_map(|pair| pair.split_once('=')).map(|(_, value)| value)).collect()
}

/// Names in a query whose values an `http` address may show.
const SHOWN: &[&str] = &["page", "id", "q", "query", "limit", "offset", "from", "to", "start", "end", "step", "v"];

fn in_urls(text: &str) -> Cow<'_, str> {
    if !text.contains("://") {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        clean.push_str(before);
        let is_end = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>');
        let authority = after.find(|c: char| matches!(c, '/' | '?') || is_end(c)).unwrap_or(after.len());
        // The last `@`, because a password may contain one.
        rest = match after[..authority].rfind('@') {
            Some(host) => {
                clean.push_str(STARS);
                &after[host..]
            }
            None => after,
        };
        // Up to the next URL, which may be part of this one, so that nothing is looked at twice.
        let next = rest.find("://").unwrap_or(rest.len());
        let Some(url) = rest[..next].find(is_end).or((next == rest.len()).then_some(next)) else { continue };
        let is_http = before.ends_with("http://") || before.ends_with("https://");
        if let Some(query) = rest[..url].find('?') {
            clean.push_str(&rest[..=query]);
            push_query(&mut clean, &rest[query + 1..url], is_http);
            rest = &rest[url..];
        }
    }
    clean.push_str(rest);
    Cow::Owned(clean)
}

/// Appends a query with the values that may be shown.
fn push_query(clean: &mut String, query: &str, is_http: bool) {
    for (index, pair) in query.split('&').enumerate() {
        clean.push_str(if index > 0 { "&" } else { "" });
        match pair.split_once('=') {
            Some((name, value)) => {
                let plain = value.is_empty() || is_http && SHOWN.contains(&name.to_ascii_lowercase().as_str());
                clean.push_str(name);
                clean.push('=');
                clean.push_str(if plain { value } else { STARS });
            }
            None => clean.push_str(pair),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::{redact, redact_parts};

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

    #[test]
    fn values_of_a_query_are_replaced() {
        for (text, clean) in [
            (
                "postgres://db/x?sslmode=require&password=hunter2 refused",
                "postgres://db/x?sslmode=***&password=*** refused",
            ),
            ("postgres://u:p@db?user=a", "postgres://***@db?user=***"),
            ("GET https://h/pay?id=7&sig=AbC HTTP/1.1", "GET https://h/pay?id=7&sig=*** HTTP/1.1"),
            ("https://h/a?next=https://u:p@x/", "https://h/a?next=https://***@x/"),
            ("https://h/?", "https://h/?"),
        ] {
            assert_eq!(redact(text), clean);
        }
        let url = "postgres://pay:hunter2@db/x?sslmode=s3cr3t";
        let error = "unknown value \"s3cr3t\" for `ssl_mode`, user pay, hunter2";
        assert_eq!(redact_parts(error, url), "unknown value \"***\" for `ssl_mode`, user pay, ***");
    }

    #[test]
    fn keys_tokens_and_passwords_are_replaced_and_words_are_not() {
        let aws = format!("AK{}", "IAQ7RKZVXWLMTZUWBN");
        let github = format!("gh{}", "p_q7Rk2Vx9Lm4Tz8Wb3Nc6Yd1Hf5Js0PgAeUoK");
        let pem =
            format!("-----BEGIN {} KEY-----\nMIIEpAIBAAKCAQEAq7Rk2Vx9\nLm4Tz8Wb3Nc6Yd1Hf5Js0P==\nnext", "PRIVATE");
        for (text, clean) in [
            (format!("ERROR denied for {aws}, retry"), "ERROR denied for ***, retry"),
            (format!("é{github}é pushed"), "é***é pushed"),
            (format!("a {aws} b {aws} c {github}"), "a *** b *** c ***"),
            ("login password=hunter2 failed".to_owned(), "login password=*** failed"),
            ("DB_PASSWORD=hunter2\nDB_HOST=db".to_owned(), "DB_PASSWORD=***\nDB_HOST=db"),
            ("Authorization: Bearer abcdefgh12345678.x".to_owned(), "Authorization: Bearer ***"),
            (r#"{"api_key":"q7Rk2Vx9Lm4Tz8Wb3Nc6Yd"}"#.to_owned(), r#"{"api_key":"***"}"#),
            (pem, "***\nnext"),
            ("unexpected token: identifier".to_owned(), "unexpected token: identifier"),
            ("the token expired, password is wrong".to_owned(), "the token expired, password is wrong"),
            ("token=***".to_owned(), "token=***"),
        ] {
            assert_eq!(redact(&text), clean);
            assert_eq!(redact(clean), clean, "once more");
        }
    }

    #[test]
    fn the_time_is_linear() {
        for part in [
            "token=\"",
            "a://b?c=",
            "://@",
            "password=a ",
            "-----BEGIN A PRIVATE KEY-----",
            "secret_",
            "ERROR at x.rs:17 \n",
        ] {
            let text = part.repeat(2_000_000 / part.len());
            let start = Instant::now();
            redact(&text);
            assert!(start.elapsed().as_secs() < 60, "{part}");
        }
    }
}
