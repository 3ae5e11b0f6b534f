//! The result of one run of the tests.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::cache;
use crate::process::Ended;

/// The tests by their names, with how each ended.
pub type Marks = BTreeMap<String, Mark>;

/// How one test ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    Passed,
    Skipped,
    /// It ran and did not hold, with the reason if the report has one.
    Failed(String),
    /// It could not be run as intended: something that it needs is missing, or it took too long.
    Invalid(String),
}

/// One run of the tests on one tree.
#[derive(Clone, Debug, PartialEq)]
pub struct Tested {
    pub marks: Marks,
    /// The tests that the run was for; others may have been run with them. `None` for all.
    pub asked: Option<BTreeSet<String>>,
    /// Why the run as a whole has no result.
    pub trouble: Option<Trouble>,
    /// How the runner ended, in words.
    pub ended: String,
    pub seconds: f64,
    /// The end of what it printed.
    pub output: String,
    /// The bytes of its report.
    pub report: Vec<u8>,
}

/// Why a run has no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    #[error("{what} can't be started here: {hint}")]
    NotInstalled { what: String, hint: String },
    /// With what it printed.
    #[error("it does not build: {shown}")]
    Build { shown: String, output: String },
    #[error("the run took longer than {} s", .0.as_secs())]
    TimedOut(Duration),
    #[error("no test was run")]
    Empty,
    #[error("{0}")]
    Unreadable(String),
    #[error("the runner and its report contradict each other: {0}")]
    Contradiction(String),
}

impl Trouble {
    /// What did not build, with the first `lines` of its output that show why.
    pub fn build(what: &str, ended: &Ended, lines: usize) -> Trouble {
        let shown = format!("{what}\n{}", ended.first_error(lines)).trim_end().to_owned();
        Trouble::Build { shown, output: ended.output.clone() }
    }
}

impl Tested {
    /// A run without results.
    pub fn failed(trouble: Trouble, seconds: f64) -> Tested {
        let output = match &trouble {
            Trouble::Build { output, .. } => output.clone(),
            _ => String::new(),
        };
        let ended = trouble.to_string();
        Tested { marks: Marks::new(), asked: None, trouble: Some(trouble), ended, seconds, output, report: Vec::new() }
    }

    /// Whether the run says something about this test, be it that the test is not there.
    pub fn is_about(&self, test: &str) -> bool {
        self.marks.contains_key(test) || self.asked.as_ref().is_none_or(|asked| asked.contains(test))
    }

    /// The first test that could not be run, with the reason.
    pub fn not_run(&self) -> Option<(&str, &str)> {
        self.marks.iter().find_map(|(name, mark)| match mark {
            Mark::Invalid(reason) => Some((name.as_str(), reason.as_str())),
            _ => None,
        })
    }

    pub fn count(&self, is: impl Fn(&Mark) -> bool) -> usize {
        self.marks.values().filter(|mark| is(mark)).count()
    }
}

impl Mark {
    pub fn has_failed(&self) -> bool {
        matches!(self, Mark::Failed(_) | Mark::Invalid(_))
    }

    /// Of two results under one name, as parameters may give, the worse.
    pub fn worse(self, other: Mark) -> Mark {
        let rank = |mark: &Mark| match mark {
            Mark::Skipped => 0,
            Mark::Passed => 1,
            Mark::Failed(_) => 2,
            Mark::Invalid(_) => 3,
        };
        if rank(&other) > rank(&self) { other } else { self }
    }
}

/// The most bytes of a name that are kept as they are.
const NAME: usize = 500;

/// Returns a test's name, or a part of it, as it is kept: of a longer one the beginning, and a digest
/// that tells it apart from others with that beginning.
pub fn name(text: &str) -> String {
    if text.len() <= NAME {
        return text.to_owned();
    }
    let beginning = &text[..text.floor_char_boundary(NAME)];
    format!("{beginning}... {}", &cache::digest([text])[..16])
}

/// Adds a test's result to those of a run.
pub fn add(marks: &mut Marks, name: String, mark: Mark) {
    let mark = match marks.remove(&name) {
        Some(before) => before.worse(mark),
        None => mark,
    };
    marks.insert(name, mark);
}
