//! Finds the errors in a log. Pure.

use std::collections::HashMap;

use crate::domain::investigation::{ErrorGroup, LogExcerpt};
use crate::domain::name;

const ERRORS: &[&str] = &["error", "exception", "panic", "fatal", "fail", "traceback", "refused", "timed out", " 500 "];

/// Returns the errors in `text`: lines that mention one, grouped if they differ only in numbers, the
/// most frequent first, at most 20 groups.
pub fn excerpt(text: &str) -> LogExcerpt {
    let mut groups: HashMap<String, ErrorGroup> = HashMap::new();
    let mut lines = 0;
    for line in text.lines() {
        lines += 1;
        if let Some(shape) = error_shape(line) {
            let example = || ErrorGroup { count: 0, example: name::line(line, 200) };
            groups.entry(shape).or_insert_with(example).count += 1;
        }
    }
    let mut errors: Vec<_> = groups.into_values().collect();
    errors.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.example.cmp(&b.example)));
    errors.truncate(20);
    LogExcerpt { lines, errors }
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

#[cfg(test)]
mod tests {
    use super::*;

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
