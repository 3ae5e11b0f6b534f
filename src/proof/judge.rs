//! What follows from the runs of the three trees. Pure.

use std::collections::BTreeSet;

use super::run::{Mark, Tested, Trouble};
use crate::domain::proof::Tree;

/// The runs of each tree.
#[derive(Debug, Default)]
pub struct Runs {
    pub base: Vec<Tested>,
    /// None where the fix has no tests of its own.
    pub tests: Vec<Tested>,
    pub fix: Vec<Tested>,
}

impl Runs {
    /// The first tree whose runs have no result. Without the fix there may be no tests yet, so an empty run
    /// is allowed there.
    pub fn first_trouble(&self) -> Option<(Tree, Trouble)> {
        let of = |tree: Tree, runs: &[Tested]| {
            let mut troubles = runs.iter().filter_map(|run| run.trouble.as_ref());
            let trouble = troubles.find(|trouble| !(tree == Tree::Base && **trouble == Trouble::Empty))?;
            Some((tree, trouble.clone()))
        };
        // What is wrong with the fix itself comes first: it is what a person can change.
        of(Tree::Fix, &self.fix).or_else(|| of(Tree::Tests, &self.tests)).or_else(|| of(Tree::Base, &self.base))
    }
}

/// What follows from the runs.
#[derive(Debug, Default, PartialEq)]
pub struct Judgement {
    pub fail_to_pass: Vec<String>,
    /// Passed on base in every run that was about them, and still do.
    pub pass_to_pass: Vec<String>,
    pub flaky: Vec<String>,
    /// Fail on base and with the fix.
    pub failing: Vec<String>,
    /// Passed on base in every run, and fail in every run with the fix.
    pub broken: Vec<String>,
    /// Passed on base in every run, and are not there with the fix.
    pub gone: Vec<String>,
    /// New with the fix, and pass without its source as well.
    pub pass_before: Vec<String>,
    /// New with the fix, and fail with it.
    pub fail_after: Vec<String>,
    /// Could not be run without the fix's source, with the reason.
    pub invalid: Vec<(String, String)>,
    /// Of each tree the first test that could not be run, with the reason.
    pub not_run: Vec<(Tree, String, String)>,
    /// The tree whose runs have no result, with the reason.
    pub trouble: Option<(Tree, Trouble)>,
}

/// How a test ended in all runs of a tree.
#[derive(Clone, Debug, PartialEq)]
enum Stable {
    Passed,
    Failed,
    Invalid(String),
    Skipped,
    Absent,
    Mixed,
}

/// Returns what follows from the runs. A run without a result never counts as passed.
pub fn judge(runs: &Runs) -> Judgement {
    let mut judgement = Judgement { trouble: runs.first_trouble(), ..Judgement::default() };
    if judgement.trouble.is_some() {
        return judgement;
    }
    let all = [&runs.base, &runs.tests, &runs.fix];
    for (tree, runs) in [Tree::Base, Tree::Tests, Tree::Fix].into_iter().zip(all) {
        let first = runs.iter().find_map(Tested::not_run);
        judgement.not_run.extend(first.map(|(test, reason)| (tree, test.to_owned(), reason.to_owned())));
    }
    let names: BTreeSet<&String> = all.iter().flat_map(|runs| runs.iter()).flat_map(|run| run.marks.keys()).collect();
    for name in names {
        let [base, tests, fix] = all.map(|runs| stable(runs, name));
        let list = match (base, tests, fix) {
            (Stable::Mixed, ..) | (_, Stable::Mixed, _) | (.., Stable::Mixed) => &mut judgement.flaky,
            // An existing test that fails now because it was changed proves as much.
            (_, Stable::Failed, Stable::Passed) => &mut judgement.fail_to_pass,
            // A file that can't be loaded is reported by its own name, which is gone when it can.
            (_, Stable::Invalid(reason), Stable::Passed | Stable::Absent) => {
                judgement.invalid.push((name.clone(), reason));
                continue;
            }
            (Stable::Passed, _, Stable::Passed) => &mut judgement.pass_to_pass,
            (Stable::Passed, _, Stable::Failed | Stable::Invalid(_)) => &mut judgement.broken,
            (Stable::Passed, _, Stable::Absent) => &mut judgement.gone,
            (Stable::Absent, Stable::Passed, Stable::Passed) => &mut judgement.pass_before,
            (Stable::Absent, _, Stable::Failed | Stable::Invalid(_)) => &mut judgement.fail_after,
            (Stable::Failed | Stable::Invalid(_), _, Stable::Failed | Stable::Invalid(_)) => &mut judgement.failing,
            _ => continue,
        };
        list.push(name.clone());
    }
    judgement
}

impl Judgement {
    /// Whether the same trees would give the same answer again: every test that was asked for could be run, the
    /// answer was alike in every run, and it says something about the fix's tests, if it `has_tests`.
    pub fn is_settled(&self, has_tests: bool) -> bool {
        let tells = !(self.fail_to_pass.is_empty() && self.pass_before.is_empty() && self.fail_after.is_empty());
        self.trouble.is_none() && self.flaky.is_empty() && self.not_run.is_empty() && (tells || !has_tests)
    }

    /// The first of these tests that could not be run on a tree, with the reason.
    pub fn why_not_run(&self, tree: Tree, tests: &[String]) -> Option<&str> {
        let why = self.not_run.iter().find(|(of, test, _)| *of == tree && tests.contains(test));
        why.map(|(.., reason)| reason.as_str())
    }
}

fn stable(runs: &[Tested], name: &str) -> Stable {
    let mut ends = runs.iter().filter(|run| run.is_about(name)).map(|run| match run.marks.get(name) {
        None => Stable::Absent,
        Some(Mark::Passed) => Stable::Passed,
        Some(Mark::Skipped) => Stable::Skipped,
        Some(Mark::Failed(_)) => Stable::Failed,
        Some(Mark::Invalid(reason)) => Stable::Invalid(reason.clone()),
    });
    let Some(first) = ends.next() else { return Stable::Absent };
    // Two reasons for the same end are one end.
    let alike = |a: &Stable, b: &Stable| std::mem::discriminant(a) == std::mem::discriminant(b);
    if ends.all(|end| alike(&first, &end)) { first } else { Stable::Mixed }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A run in which the tests a, b, c ... ended as these letters mean: `p`assed, `f`ailed, `i`nvalid,
    /// `s`kipped, `-` not there.
    pub fn run(ends: &str) -> Tested {
        let mark = |end| match end {
            'p' => Some(Mark::Passed),
            'f' => Some(Mark::Failed("x".to_owned())),
            'i' => Some(Mark::Invalid("no module".to_owned())),
            's' => Some(Mark::Skipped),
            _ => None,
        };
        let marks = ('a'..).zip(ends.chars()).filter_map(|(name, end)| Some((name.to_string(), mark(end)?)));
        Tested { marks: marks.collect(), trouble: None, ..Tested::failed(Trouble::Empty, 0.0) }
    }

    fn runs(base: &[&str], tests: &[&str], fix: &[&str]) -> Judgement {
        let runs_of = |ends: &[&str]| ends.iter().map(|ends| run(ends)).collect();
        judge(&Runs { base: runs_of(base), tests: runs_of(tests), fix: runs_of(fix) })
    }

    #[test]
    fn each_test_is_in_one_list() {
        let found = runs(&["pp-f--pp--"; 3], &["pffpipps-i"; 3], &["ppppppf-f-"; 3]);
        assert_eq!(found.fail_to_pass, ["b", "c"], "a changed test and a new one");
        assert_eq!(found.pass_to_pass, ["a"]);
        assert_eq!(found.invalid, ["e", "j"].map(|name| (name.to_owned(), "no module".to_owned())));
        assert_eq!(found.pass_before, ["f"]);
        assert_eq!(found.broken, ["g"]);
        assert_eq!(found.gone, ["h"]);
        assert_eq!(found.fail_after, ["i"]);
        assert_eq!((found.flaky.len(), found.failing.len()), (0, 0));
    }

    #[test]
    fn what_is_not_alike_in_every_run_counts_for_nothing() {
        assert_eq!(runs(&["-", "-"], &["f", "p"], &["p", "p"]).flaky, ["a"]);
        assert_eq!(runs(&["-", "-"], &["f", "f"], &["p", "f"]).flaky, ["a"]);
        assert_eq!(runs(&["p", "f"], &["f", "f"], &["p", "p"]).flaky, ["a"]);
        assert_eq!(runs(&["f"], &["f"], &["f"]).failing, ["a"]);
        assert_eq!(runs(&["p"], &["s"], &["s"]), Judgement::default());
    }

    #[test]
    fn a_run_says_nothing_about_tests_that_it_was_not_for() {
        let some = |ends: &str, asked: &str| {
            let asked = asked.chars().map(|name| name.to_string()).collect();
            Tested { asked: Some(asked), ..run(ends) }
        };
        // The fix's own test is `b`; `a` and `c` are others.
        let judged = |base: Vec<Tested>, tests: Vec<Tested>, fix: Vec<Tested>| judge(&Runs { base, tests, fix });
        let proven = judged(
            vec![run("p-p")],
            vec![some("-f", ""), some("-f", "b"), some("-f", "b")],
            vec![run("ppp"), some("-p", "b"), some("-p", "b")],
        );
        assert_eq!((proven.fail_to_pass, proven.pass_to_pass.len()), (vec!["b".to_owned()], 2));
        let sometimes = judged(
            vec![run("p-p")],
            vec![some("-f", ""), some("-f", "b")],
            vec![run("ppp"), some("-f", "b"), some("-p", "b")],
        );
        assert_eq!((sometimes.fail_to_pass.len(), sometimes.flaky), (0, vec!["b".to_owned()]));
        let vanished = judged(vec![run("p")], vec![some("-f", "")], vec![run("pp"), some("-", "b")]);
        assert_eq!(vanished.flaky, ["b"], "asked for, and not there");
        let passes_again = judged(
            vec![run("p"), some("p", "a")],
            vec![some("-f", "")],
            vec![run("fp"), some("p", "a"), some("p", "a")],
        );
        assert_eq!((passes_again.broken.len(), passes_again.flaky), (0, vec!["a".to_owned()]));
        let fails_again = judged(vec![run("p"), some("p", "a")], vec![some("-f", "")], vec![run("fp"), some("f", "a")]);
        assert_eq!(fails_again.broken, ["a"]);
    }

    #[test]
    fn a_run_that_tells_nothing_is_no_pass() {
        let empty = || vec![Tested::failed(Trouble::Empty, 0.0)];
        let good = || vec![run("p")];
        let trouble = |base, tests, fix| judge(&Runs { base, tests, fix }).trouble.map(|(tree, _)| tree);
        assert_eq!(trouble(empty(), good(), good()), None, "there were no tests before");
        assert_eq!(trouble(good(), empty(), good()), Some(Tree::Tests));
        assert_eq!(trouble(good(), empty(), empty()), Some(Tree::Fix));
        let build = vec![Tested::failed(Trouble::Build { shown: "no `x`".to_owned(), output: String::new() }, 0.0)];
        assert_eq!(trouble(build, good(), good()), Some(Tree::Base));
    }
}
