//! Identifiers of incidents (`HOTFIX-YYYYMMDD-NNN` in UTC, provisional ones, a tracker's own) and of
//! orders without an incident.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::order::Kind;

/// Returns the day part of an identifier, `YYYYMMDD` in UTC.
pub fn day(now: Timestamp) -> String {
    now.to_zoned(TimeZone::UTC).strftime("%Y%m%d").to_string()
}

/// The prefix of an incident's identifier.
pub const INCIDENT: &str = "HOTFIX";

/// Returns `HOTFIX-YYYYMMDD-NNN`; from the thousandth on a day the number is longer.
pub fn numbered(prefix: &str, day: &str, number: i64) -> String {
    format!("{prefix}-{day}-{number:03}")
}

/// Returns the number in `HOTFIX-{day}-NNN`, or `None` where `id` is not of that day and form.
pub fn number_of(id: &str, prefix: &str, day: &str) -> Option<i64> {
    let digits = id.strip_prefix(prefix)?.strip_prefix('-')?.strip_prefix(day)?.strip_prefix('-')?;
    (digits.len() >= 3 && digits.bytes().all(|b| b.is_ascii_digit())).then(|| digits.parse().ok())?
}

/// Returns the name of an incident until the remote can give it a number.
pub fn provisional(prefix: &str, day: &str, nonce: u32) -> String {
    format!("{prefix}-{day}-P{nonce:08x}")
}

/// Returns whether `id` is a name made by [`provisional`].
pub fn is_provisional(id: &str) -> bool {
    let ours = [INCIDENT, Kind::Deploy.prefix(), Kind::Rollback.prefix()];
    id.split_once('-').is_some_and(|(prefix, _)| ours.contains(&prefix))
        && id.rsplit_once("-P").is_some_and(|(_, hex)| hex.len() == 8 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// What refs/hotfix has besides incidents, here or on the remote.
const RESERVED: &[&str] = &["inbox", "sent", "remote", "fetched", "backport"];

/// Returns a tracker's identifier if it can be part of a branch name, a tag and a file name.
///
/// Fails with a reason if it is empty, longer than 64 characters, a name that hotfix uses itself, or has a character that is not a
/// letter, a digit, `-`, `_` or an inner `.`.
pub fn from_tracker(id: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if id.is_empty() || id.len() > 64 || !id.chars().all(plain) {
        return Err("an issue identifier has 1 to 64 letters, digits, `-`, `_` or `.`".to_owned());
    }
    if id.starts_with(['.', '-']) || id.ends_with('.') || id.contains("..") || id.ends_with(".lock") {
        return Err("an issue identifier can't begin with `-` or `.`, end with `.` or `.lock`, or have `..`".to_owned());
    }
    if RESERVED.contains(&id.to_ascii_lowercase().as_str()) {
        return Err(format!("`{id}` is a name that hotfix uses itself"));
    }
    Ok(id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_utc_and_read_back() {
        let now: Timestamp = "2026-11-20T23:30:00-05:00".parse().unwrap();
        assert_eq!(day(now), "20261121");
        assert_eq!(numbered(INCIDENT, "20261121", 7), "HOTFIX-20261121-007");
        for (id, number) in [
            ("HOTFIX-20261121-007", Some(7)),
            ("HOTFIX-20261121-1234", Some(1234)),
            ("HOTFIX-20261120-007", None),
            ("HOTFIX-20261121-07", None),
            ("HOTFIX-20261121-+07", None),
            ("HOTFIX-20261121-99999999999999999999", None),
        ] {
            assert_eq!(number_of(id, INCIDENT, "20261121"), number, "{id}");
        }
        let name = provisional(INCIDENT, "20261121", 0xbeef);
        assert_eq!(name, "HOTFIX-20261121-P0000beef");
        assert!(is_provisional(&name) && !is_provisional("HOTFIX-20261121-007"));
        assert!(is_provisional(&provisional(Kind::Deploy.prefix(), "20261121", 1)));
    }

    #[test]
    fn a_trackers_identifier_is_safe_in_a_ref_and_a_path() {
        for good in ["001", "PAY-17", "a.b_c"] {
            assert!(from_tracker(good).is_ok(), "{good}");
        }
        for bad in
            ["inbox", "Sent", "", "-x", "a/b", "a..b", "..", ".a", "a.", "x.lock", "a b", "$(id)", "é", &"x".repeat(65)]
        {
            assert!(from_tracker(bad).is_err(), "{bad}");
        }
    }
}
