//! Which parts of a judgement hold the fix, and which only warn. Pure.

use std::time::Duration;

use super::judge::Judgement;
use super::run::Trouble;
use super::split::{Part, Split};
use crate::domain::check::Violation;
use crate::domain::proof::Tree;

/// The names of the proof's findings, by which they are waived.
pub const PROOF: &str = "proof";
pub const BROKEN: &str = "proof/broken";
pub const GONE: &str = "proof/gone";
pub const FLAKY: &str = "proof/flaky";
pub const UNNEEDED: &str = "proof/unneeded";
pub const SUPPORT: &str = "proof/support";
pub const UNDONE: &str = "proof/undone";
/// The guard has a finding of this name too; one is enough.
pub const REGRESSION_TEST: &str = "regression-test";

/// Every name that a finding of the proof can have.
pub const ALL: &[&str] = &[PROOF, BROKEN, GONE, FLAKY, UNNEEDED, SUPPORT, UNDONE, REGRESSION_TEST];

/// How many tests a message names.
const NAMED: usize = 5;

/// Returns what the judgement means for the fix. `log` is the file with what the runner printed on a tree; empty
/// where there is none.
pub fn findings(judgement: &Judgement, split: &Split<'_>, log: impl Fn(Tree) -> String) -> Vec<Violation> {
    let mut found = Vec::new();
    match &judgement.trouble {
        None => {}
        // There are no tests, and the fix brings none.
        Some((_, Trouble::Empty)) if !split.has_tests() => return found,
        Some((tree, reason)) => {
            let finding = blocking(PROOF, trouble(*tree, &reason.to_string()), split);
            // What production runs is not the fix's fault, where there is nothing to prove on it.
            let blocks = split.has_tests() || *tree == Tree::Fix;
            found.push(Violation { blocks, log: log(*tree), ..finding });
            return found;
        }
    }
    if judgement.fail_to_pass.is_empty() && split.has_tests() {
        let tree = if judgement.fail_after.is_empty() { Tree::Tests } else { Tree::Fix };
        found.push(Violation { log: log(tree), ..blocking(PROOF, unproven(judgement), split) });
    } else if !judgement.fail_after.is_empty() {
        found.push(Violation { log: log(Tree::Fix), ..blocking(PROOF, fails_after(judgement), split) });
    }
    if !judgement.broken.is_empty() {
        let why = because(judgement, &judgement.broken);
        let message = format!("passed before, fails with the fix: {}{why}", named(&judgement.broken));
        found.push(Violation { log: log(Tree::Fix), ..blocking(BROKEN, message, split) });
    }
    if !judgement.gone.is_empty() {
        found.push(warning(GONE, format!("passed before, is gone with the fix: {}", named(&judgement.gone))));
    }
    if !judgement.flaky.is_empty() {
        let message = format!("ends differently from run to run, so it does not count: {}", named(&judgement.flaky));
        found.push(warning(FLAKY, message));
    }
    found
}

fn trouble(tree: Tree, reason: &str) -> String {
    match tree {
        Tree::Tests => format!("invalid: without the fix its tests have no result: {reason}"),
        tree => format!("{} could not be tested: {reason}", tree.words()),
    }
}

/// Why no test fails before and passes after.
fn unproven(judgement: &Judgement) -> String {
    let Judgement { fail_after, invalid, pass_before, flaky, .. } = judgement;
    if !fail_after.is_empty() {
        return fails_after(judgement);
    }
    if let Some((test, reason)) = invalid.first() {
        return format!("invalid: without the fix `{test}` can't be run, which is not a failure: {reason}");
    }
    if !pass_before.is_empty() {
        return format!("passes without the fix too, which proves nothing: {}", named(pass_before));
    }
    if !flaky.is_empty() {
        return format!("no test fails before and passes with the fix in every run; flaky: {}", named(flaky));
    }
    if let Some((_, test, reason)) = judgement.not_run.iter().find(|(tree, ..)| *tree == Tree::Fix) {
        return format!("`{test}` can't be run, with the fix or before: {reason}");
    }
    "no test fails before and passes with the fix: the tests that it changes were not run, or end as before".to_owned()
}

/// Returns the finding about a fix without a test, if it has any source.
pub fn without_test(split: &Split<'_>) -> Option<Violation> {
    let sources = split.sources();
    let all = |is: fn(&str) -> bool| sources.iter().all(|path| is(path));
    let what = match sources.is_empty() {
        true => return None,
        false if all(is_binary) => "the fix changes binary files only",
        false if all(is_configuration) => "the fix changes configuration only",
        false => "no test is added or changed",
    };
    Some(Violation {
        file: None,
        ..blocking(REGRESSION_TEST, format!("{what}: nothing shows that it fixes anything"), split)
    })
}

fn ends(path: &str, endings: &[&str]) -> bool {
    let ending = path.rsplit('.').next().unwrap_or_default().to_lowercase();
    endings.contains(&ending.as_str())
}

fn is_configuration(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    ends(path, &["json", "yaml", "yml", "toml", "ini", "cfg", "conf", "env", "properties", "tf", "tfvars", "xml"])
        || name.starts_with(".env")
}

fn is_binary(path: &str) -> bool {
    ends(
        path,
        &[
            "png", "jpg", "jpeg", "gif", "ico", "webp", "pdf", "zip", "gz", "jar", "so", "dll", "exe", "bin", "woff",
            "woff2", "ttf",
        ],
    )
}

/// The finding that there is nothing to run the fix's tests with.
pub fn no_runner(split: &Split<'_>) -> Violation {
    let message = "no test runner is known for the fix's tests; set [proof.by.command] in hotfix.toml".to_owned();
    blocking(PROOF, message, split)
}

/// The finding that the runner is not installed.
pub fn not_installed(split: &Split<'_>, message: String) -> Violation {
    Violation { blocks: split.has_tests(), ..blocking(PROOF, message, split) }
}

/// The finding that the tests would not import the tree that they are to test.
pub fn imported(split: &Split<'_>, module: &str, origin: &str) -> Violation {
    let message = format!("the tests import `{module}` from {origin}, not from the tree that is tested");
    Violation { blocks: split.has_tests(), ..blocking(PROOF, message, split) }
}

/// The finding that the step's time ran out.
pub fn too_late(budget: Duration) -> Violation {
    let message = format!("the proof was not finished within the {} s that a check may take", budget.as_secs());
    Violation { blocks: true, ..warning(PROOF, message) }
}

/// The finding about a part of the fix that no test misses.
pub fn unneeded(part: &Part) -> Violation {
    let message = "all tests pass without this part of the fix: it is not needed, or not tested".to_owned();
    Violation { file: Some(part.path.clone()), line: part.line, ..warning(UNNEEDED, message) }
}

/// The finding about what was not done within the proof's own budget.
pub fn undone(what: &[String], budget: Duration) -> Option<Violation> {
    let message = format!("not all was done within the {} s of proof.budget: {}", budget.as_secs(), what.join("; "));
    (!what.is_empty()).then(|| warning(UNDONE, message))
}

/// The finding about a file that was taken for a test's, and that the source names.
pub fn support(file: &str, by: &str) -> Violation {
    let message = format!("`{file}` was taken for a test's, but `{by}` names it: is it part of the fix?");
    Violation { file: Some(file.to_owned()), ..warning(SUPPORT, message) }
}

fn blocking(check: &str, message: String, split: &Split<'_>) -> Violation {
    let file = split.tests().first().map(|path| (*path).to_owned());
    Violation { blocks: true, file, ..warning(check, message) }
}

fn warning(check: &str, message: String) -> Violation {
    Violation { check: check.to_owned(), message, ..Violation::default() }
}

fn fails_after(judgement: &Judgement) -> String {
    let why = because(judgement, &judgement.fail_after);
    format!("a test of the fix fails with the fix: {}{why}", named(&judgement.fail_after))
}

/// Why one of these tests could not be run with the fix, if one could not.
fn because(judgement: &Judgement, tests: &[String]) -> String {
    let why = judgement.why_not_run(Tree::Fix, tests);
    why.map(|reason| format!("; it can't be run: {reason}")).unwrap_or_default()
}

/// The first of the names, and how many more there are.
pub fn named(names: &[String]) -> String {
    let mut text = names[..names.len().min(NAMED)].join(", ");
    if names.len() > NAMED {
        text.push_str(&format!(" and {} more", names.len() - NAMED));
    }
    text
}
