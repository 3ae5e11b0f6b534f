//! Finds the errors in a log. Pure.

use std::collections::HashMap;
use std::sync::LazyLock;

use jiff::Timestamp;
use regex::Regex;

use crate::domain::investigation::{ErrorGroup, LogExcerpt};
use crate::domain::name;
use crate::redact::redact;

const ERRORS: &[&str] = &["error", "exception", "panic", "fatal", "fail", "traceback", "refused", "timed out", " 500 "];

/// The most that is looked at of a line, in characters.
const LINE: usize = 4_000;

/// Returns the errors in `text`: lines that mention one, grouped if they differ only in numbers, the
/// most frequent first, at most 20 groups. A stack trace is one error, shown by the line that names it.
pub fn excerpt(text: &str) -> LogExcerpt {
    let mut groups: HashMap<String, ErrorGroup> = HashMap::new();
    for Named { line, at } in named(text) {
        let example = || ErrorGroup { count: 0, example: line.chars().take(LINE).collect(), first: at };
        groups.entry(shape(&line.to_lowercase())).or_insert_with(example).count += 1;
    }
    let mut errors: Vec<_> = groups.into_values().collect();
    errors.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.example.cmp(&b.example)));
    errors.truncate(20);
    // Only what is kept is searched for secrets, and before it is cut: a part of one is not recognised.
    for group in &mut errors {
        group.example = name::line(&redact(&group.example), 200);
    }
    LogExcerpt { lines: text.lines().count(), errors }
}

/// The line that names an error, and when it was logged.
#[derive(Clone, Copy)]
struct Named<'a> {
    line: &'a str,
    at: Option<Timestamp>,
}

/// The line that names each error, in order. One without a time has that of the line before it.
fn named(text: &str) -> Vec<Named<'_>> {
    let mut found = Vec::new();
    let mut current: Option<Named<'_>> = None;
    let mut at = None;
    // In Python the exception comes below its trace, and elsewhere above.
    let mut is_below = false;
    for line in text.lines() {
        at = time(line).or(at);
        if line.contains("Traceback (most recent call last)") {
            current.get_or_insert(Named { line, at });
            is_below = true;
        } else if current.is_some() && continues(line) {
        } else if is_below {
            current = Some(Named { line, at });
            is_below = false;
        } else {
            found.extend(current.take());
            current = error_shape(line).map(|_| Named { line, at });
        }
    }
    found.extend(current);
    found
}

/// Whether a line belongs to the error above it: a frame of its trace, or what links two exceptions.
fn continues(line: &str) -> bool {
    const LINKS: [&str; 4] =
        ["Caused by:", "During handling of the above", "The above exception was", "stack backtrace:"];
    line.trim().is_empty() || line.starts_with([' ', '\t']) || LINKS.iter().any(|link| line.starts_with(link))
}

/// The part of an error line that is the same in all lines of its group; `None` if it mentions no
/// error.
pub fn error_shape(line: &str) -> Option<String> {
    let lower = line.to_lowercase();
    ERRORS.iter().any(|word| lower.contains(word)).then(|| shape(&lower))
}

/// The line with every word that has a digit replaced: times, numbers and identifiers.
fn shape(line: &str) -> String {
    let words = line.split(|c: char| !c.is_alphanumeric());
    let words = words.map(|word| if word.contains(|c: char| c.is_ascii_digit()) { "#" } else { word });
    name::line(&words.collect::<Vec<_>>().join(" "), 200)
}

/// The time that the line has, if it has its zone: RFC 3339 and alike, or that of access logs.
fn time(line: &str) -> Option<Timestamp> {
    let found = TIMES.captures(line)?;
    let part = |name: &str| found.name(name).map(|part| part.as_str());
    let zone = part("zone")?.replace(':', "");
    let zone = if zone.starts_with(['Z', 'U']) { "+0000" } else { &zone };
    let (form, day) = match part("date") {
        Some(date) => ("%Y-%m-%d %H:%M:%S %z", date),
        None => ("%d/%b/%Y %H:%M:%S %z", part("day")?),
    };
    Timestamp::strptime(form, format!("{day} {} {zone}", part("time")?)).ok()
}

static TIMES: LazyLock<Regex> = LazyLock::new(|| {
    let form = r"(?:(?<date>\d{4}-\d\d-\d\d)[T ]|(?<day>\d\d/[A-Z][a-z]{2}/\d{4}):)(?<time>\d\d:\d\d:\d\d)(?:[.,]\d+)? ?(?<zone>Z|UTC|[+-]\d\d:?\d\d)";
    Regex::new(form).expect("it is constant")
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_of_error_is_as_old_as_its_first_line() {
        for (log, first) in [
            (
                "2026-11-29T10:00:01Z GET /\n2026-11-29T10:00:02.5Z error: 7\n2026-11-29T10:00:09Z error: 8\n",
                "10:00:02Z",
            ),
            ("2026-11-29 11:00:02,123 +0100 error: 7\n", "10:00:02Z"),
            ("1.2.3.4 - - [29/Nov/2026:10:00:02 +0000] \"GET / HTTP/1.1\" 500 12\n", "10:00:02Z"),
            (
                "[2026-11-29 10:00:02 +0000] GET\nTraceback (most recent call last):\n  File\nValueError: no\n",
                "10:00:02Z",
            ),
            ("2026-11-29 10:00:02 error: a time without its zone\n", ""),
            ("2026-19-39T10:00:02Z error: no such day\n", ""),
        ] {
            let expected = (!first.is_empty()).then(|| format!("2026-11-29T{first}").parse::<Timestamp>().unwrap());
            assert_eq!(excerpt(log).errors[0].first, expected, "{log}");
        }
    }

    #[test]
    fn a_trace_is_one_error() {
        let flask = "[2026-11-29 10:00:01] ERROR in app: Exception on /pay [POST]\nTraceback (most recent call last):\n  \
                     File \"/app/errors.py\", line 3, in pay\n    raise LimitError(-1)\nLimitError: negative limit -1\n\nDuring \
                     handling of the above exception, another exception occurred:\n\nTraceback (most recent call \
                     last):\n  File \"/app/errors.py\", line 9, in pay\nValueError: no limit for error 5\n10:00:02 GET / 200\n";
        let java = "java.lang.IllegalStateException: no account 7\n\tat com.example.Errors.fail(Errors.java:9)\nCaused by: \
                    java.io.IOException: failed\n\t... 12 more\n";
        let rust = "thread 'main' panicked at src/amount.rs:28:33:\n   0: core::panicking::panic_fmt\n";
        for (log, name) in [
            (flask, "ValueError: no limit for error 5"),
            (java, "java.lang.IllegalStateException: no account 7"),
            (rust, "thread 'main' panicked at src/amount.rs:28:33:"),
        ] {
            let excerpt = excerpt(&log.repeat(3));
            let groups: Vec<_> = excerpt.errors.iter().map(|group| (group.count, group.example.as_str())).collect();
            assert_eq!(groups, [(3, name)]);
        }
    }

    #[test]
    fn a_secret_in_a_line_is_not_kept() {
        let key = format!("AK{}", "IAQ7RKZVXWLMTZUWBN");
        let excerpt = excerpt(&format!("{} error: denied for {key}\n", "x".repeat(170)));
        assert!(excerpt.errors[0].example.ends_with(" error: denied for ***"), "{excerpt:?}");
    }

    #[test]
    fn alike_errors_are_one_group() {
        let log =
            "10:00:01 GET / 200\n10:00:02 error: payment 17 failed\n10:00:03 error: payment 18 failed\nPANIC at x\n";
        let excerpt = excerpt(log);
        assert_eq!(excerpt.lines, 4);
        let groups: Vec<_> = excerpt.errors.iter().map(|group| (group.count, group.example.as_str())).collect();
        assert_eq!(groups, [(2, "10:00:02 error: payment 17 failed"), (1, "PANIC at x")]);
    }
}
