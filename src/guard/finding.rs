//! What a check found, and where.

use super::checks::Check;
use crate::domain::check::Violation;

/// The most places that a finding names.
const PLACES: usize = 20;

/// Whether what was found holds the fix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Warn,
    Block,
}

/// Which of a file's two texts a line number is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    Before,
    After,
}

impl Side {
    pub fn other(self) -> Side {
        match self {
            Side::Before => Side::After,
            Side::After => Side::Before,
        }
    }
}

/// A breach of one rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    pub message: String,
    pub file: Option<String>,
    /// The lines that counted, from 1, each with the path that it had on its side.
    pub lines: Vec<(String, Side, usize)>,
    /// `None` for the level of the check.
    pub level: Option<Level>,
    /// `None` for the rate of the check; `Some(None)` where nothing was measured for this case.
    pub rate: Option<Option<f64>>,
}

impl Finding {
    /// Returns a finding about the change as a whole.
    pub fn new(message: impl Into<String>) -> Finding {
        Finding { message: message.into(), file: None, lines: Vec::new(), level: None, rate: None }
    }

    /// Returns a finding about a file.
    pub fn of_file(path: &str, message: impl Into<String>) -> Finding {
        Finding { file: Some(path.to_owned()), ..Finding::new(message) }
    }

    /// The same, with lines of its file that counted, from 1.
    #[must_use]
    pub fn at(mut self, path: &str, side: Side, lines: impl IntoIterator<Item = usize>) -> Finding {
        self.lines.extend(lines.into_iter().map(|line| (path.to_owned(), side, line)));
        self
    }

    /// The same, with rows of its file that counted: lines from 0, as parsers count them.
    #[must_use]
    pub fn at_rows(self, path: &str, side: Side, rows: impl IntoIterator<Item = usize>) -> Finding {
        self.at(path, side, rows.into_iter().map(|row| row + 1))
    }

    /// The same, of another level than the check's.
    #[must_use]
    pub fn level(mut self, level: Level) -> Finding {
        self.level = Some(level);
        self
    }

    /// Returns the violation of `check`.
    pub fn of(self, check: &Check) -> Violation {
        let line = self.lines.first().map(|(_, _, line)| *line);
        Violation {
            check: check.name.to_owned(),
            message: self.message,
            blocks: self.level.unwrap_or(check.level) == Level::Block,
            waived: false,
            waived_by: String::new(),
            file: self.file.or_else(|| Some(self.lines.first()?.0.clone())),
            line,
            counted: counted(&self.lines),
            log: String::new(),
            rate: self.rate.unwrap_or(check.rate),
        }
    }
}

/// Returns the places in words, lines that follow each other as one, the first `PLACES` of them.
fn counted(lines: &[(String, Side, usize)]) -> Vec<String> {
    let mut runs: Vec<(&str, Side, usize, usize)> = Vec::new();
    for (path, side, line) in lines {
        match runs.last_mut() {
            Some(run) if run.0 == path && run.1 == *side && run.3 + 1 == *line => run.3 = *line,
            _ => runs.push((path, *side, *line, *line)),
        }
    }
    let mut counted: Vec<String> = runs
        .iter()
        .take(PLACES)
        .map(|(path, side, first, last)| {
            let until = if first == last { String::new() } else { format!("-{last}") };
            let removed = if *side == Side::Before { " (removed)" } else { "" };
            format!("{path}:{first}{until}{removed}")
        })
        .collect();
    if runs.len() > PLACES {
        counted.push(format!("{} more places", runs.len() - PLACES));
    }
    counted
}

/// The command that lets a finding pass.
pub fn waive(check: &str) -> String {
    format!("To let it pass: hotfix waive {check} --reason \"...\"")
}

/// A share of 1 in per cent, such as `21%` and `0.6%`.
pub fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent >= 10.0 || (percent - percent.round()).abs() < 0.05 {
        format!("{percent:.0}%")
    } else {
        format!("{percent:.1}%")
    }
}

#[cfg(test)]
mod tests {
    use super::{Finding, Side, percent};
    use crate::guard::checks::size::CHECK;

    #[test]
    fn lines_that_follow_each_other_are_one_place() {
        let found = Finding::of_file("b", "x").at("a", Side::Before, [7]).at("b", Side::After, [1, 2, 3, 5]).of(&CHECK);
        assert_eq!(found.counted, ["a:7 (removed)", "b:1-3", "b:5"]);
        let many = Finding::new("x").at("b", Side::After, (0..1000).map(|line| line * 2)).of(&CHECK);
        assert_eq!(many.counted.len(), 21);
        assert_eq!(many.counted[20], "980 more places");
    }

    #[test]
    fn shares_are_short() {
        assert_eq!([0.24, 0.21, 0.049, 0.006, 0.001, 0.07].map(percent), ["24%", "21%", "4.9%", "0.6%", "0.1%", "7%"]);
    }
}
