//! What is known of a fix from running its tests on the code with it and without it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The tests' results on three trees, and what follows from them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Proof {
    pub trees: Trees,
    /// Which runner ran the tests, with its version.
    pub runner: String,
    /// The command of the tests, as it would be typed.
    pub command: String,
    /// The digest of the environment that the tests ran in, after the system's name.
    pub environment: String,
    pub selection: Selected,
    /// Every run, in the order of the trees.
    pub runs: Vec<Run>,
    /// The tests that fail without the fix and pass with it, in every run of them.
    pub fail_to_pass: Vec<String>,
    /// The number of tests that passed before in every run of them and still do.
    pub pass_to_pass: usize,
    /// The tests that did not end the same way in every run of them on a tree.
    pub flaky: Vec<String>,
    /// The tests that fail before and with the fix: known failures.
    pub failing: Vec<String>,
    /// How many parts of the fix were left out in turn, to see whether a test misses them.
    pub parts_dropped: usize,
    /// What was not done within the proof's budget, in words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub undone: Vec<String>,
}

/// The git trees that were tested.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Trees {
    /// What production runs.
    pub base: String,
    /// The same with the fix's tests, but not its source.
    pub tests: String,
    /// All of the fix: what is to be released.
    pub fix: String,
}

/// Which tests were run, and why these.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Selected {
    /// What was selected, such as `3 packages`.
    pub what: String,
    pub confidence: Confidence,
    pub reason: String,
}

/// How certain it is that no test is missing that the fix could break.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// By names and places alone.
    Low,
    /// By imports, which may also be dynamic.
    Medium,
    /// By the build's own data, or all tests.
    #[default]
    High,
}

/// One run of the tests on one tree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Run {
    pub tree: Tree,
    /// Whether it was of some tests only: the fix's own, or those that had not ended alike.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub some: bool,
    pub passed: usize,
    pub failed: usize,
    pub seconds: f64,
    /// How the runner ended.
    pub ended: String,
    /// The SHA-256 of the runner's output, and that of its report; empty if there was none.
    pub output_digest: String,
    pub report_digest: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Tree {
    Base,
    Tests,
    Fix,
}

impl Confidence {
    pub fn as_str(self) -> &'static str {
        match self {
            Confidence::Low => "low",
            Confidence::Medium => "medium",
            Confidence::High => "high",
        }
    }
}

impl Tree {
    /// The name of the tree for people.
    pub fn words(self) -> &'static str {
        match self {
            Tree::Base => "production's code",
            Tree::Tests => "production's code with the fix's tests",
            Tree::Fix => "the fix",
        }
    }
}
