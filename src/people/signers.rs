//! Keys in OpenSSH's file of allowed signers (ssh-keygen(1), ALLOWED SIGNERS).

use globset::Glob;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::key::{Key, Validity};
use super::signature::NAMESPACE;

/// The most lines that are read.
const MOST: usize = 10_000;

/// A line of the file.
#[derive(Clone, Debug)]
pub struct Signer {
    /// As they are written, in lower case; patterns are nobody's address.
    pub principals: Vec<String>,
    /// Or why it is none.
    pub key: Result<Key, String>,
}

/// Returns the signers of `text` whose keys may sign approvals. Certificates' authorities are left out.
pub fn read(text: &str) -> Vec<Signer> {
    let lines = text.lines().take(MOST).map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.filter_map(signer).collect()
}

fn signer(line: &str) -> Option<Signer> {
    let (principals, rest) = word(line);
    let principals = principals.trim_matches('"').split(',').map(|one| one.trim().to_lowercase()).collect();
    let (first, after) = word(rest);
    let is_key = ["ssh-", "ecdsa-", "sk-"].iter().any(|kind| first.starts_with(kind));
    let (options, key) = if is_key { ("", rest) } else { (first, after) };
    let mut valid = Validity::default();
    for option in options_of(options) {
        let (name, value) = option.split_once('=').unwrap_or((&option, ""));
        let value = value.trim_matches('"');
        match name.to_lowercase().as_str() {
            "cert-authority" => return None,
            "namespaces" if !is_ours(value) => return None,
            "namespaces" => {}
            "valid-after" => valid.after = Some(time(value)?),
            "valid-before" => valid.before = Some(time(value)?),
            // What is not understood may be a limit.
            _ => return None,
        }
    }
    Some(Signer { principals, key: Key::read(key, valid) })
}

/// The first word, in which a part in quotes may have spaces, and the rest.
fn word(text: &str) -> (&str, &str) {
    let mut quoted = false;
    let end = text.find(|c: char| {
        quoted ^= c == '"';
        !quoted && c.is_whitespace()
    });
    let (word, rest) = text.split_at(end.unwrap_or(text.len()));
    (word, rest.trim_start())
}

fn options_of(text: &str) -> Vec<String> {
    let mut quoted = false;
    let options = text.split(|c: char| {
        quoted ^= c == '"';
        !quoted && c == ','
    });
    options.filter(|option| !option.is_empty()).map(str::to_owned).collect()
}

fn is_ours(patterns: &str) -> bool {
    patterns.split(',').any(|one| Glob::new(one).is_ok_and(|glob| glob.compile_matcher().is_match(NAMESPACE)))
}

/// `YYYYMMDD`, with `HHMM` or `HHMMSS` behind it, in UTC whether `Z` says so or not: whose time zone it would be is
/// not known.
fn time(text: &str) -> Option<Timestamp> {
    let text = text.trim_end_matches(['Z', 'z']);
    let padded = match (text.len(), text.bytes().all(|byte| byte.is_ascii_digit())) {
        (8 | 12 | 14, true) => format!("{text:0<14}"),
        _ => return None,
    };
    let at = DateTime::strptime("%Y%m%d%H%M%S", padded).ok()?.to_zoned(TimeZone::UTC).ok()?;
    Some(at.timestamp())
}

#[cfg(test)]
mod tests {
    use super::read;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJl3dIeudNqd0DPMRD6OIh65tjkxFNOtKXCjFwd+6DJo";

    #[test]
    fn lines_are_read_as_ssh_keygen_reads_them() {
        let shown = |line: String| match &read(&line)[..] {
            [one] => {
                let key = one.key.as_ref().expect("a key");
                format!("{} {:?} {:?}", one.principals.join(" "), key.valid.after, key.valid.before)
            }
            _ => "left out".to_owned(),
        };
        for (line, expected) in [
            (format!("Ada@X {KEY} comment"), "ada@x None None"),
            (format!("a@x,b@x {KEY}"), "a@x b@x None None"),
            (format!("a@x namespaces=\"git,hotfix-*\" {KEY}"), "a@x None None"),
            (format!("a@x namespaces=\"git\" {KEY}"), "left out"),
            (format!("a@x cert-authority {KEY}"), "left out"),
            (format!("a@x something-new {KEY}"), "left out"),
            (
                format!("a@x valid-after=\"20260101\",valid-before=\"202601021530Z\" {KEY}"),
                "a@x Some(2026-01-01T00:00:00Z) Some(2026-01-02T15:30:00Z)",
            ),
            (format!("a@x valid-before=\"tomorrow\" {KEY}"), "left out"),
            ("# comment".to_owned(), "left out"),
            (String::new(), "left out"),
        ] {
            assert_eq!(shown(line.clone()), expected, "{line}");
        }
        assert!(read("a@x ssh-ed25519 AAAA")[0].key.is_err());
    }
}
