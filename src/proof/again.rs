//! Which tests are worth another run. Pure.

use std::collections::BTreeSet;

use super::judge::Runs;
use super::run::{Mark, Tested};
use crate::domain::proof::Tree;

/// Tests to run again.
#[derive(Debug, Default, PartialEq)]
pub struct Again {
    /// The fix's own: one that fails sometimes is never proof, so each is run as often as the policy says.
    pub own: BTreeSet<String>,
    /// Others that do not end alike before and with the fix: broken by it, or flaky.
    pub different: BTreeSet<String>,
}

/// Returns the tests that another run says more about, from the first run of each tree. `is_own` tells the fix's
/// own tests by their names; a test that is not there before is one, too.
pub fn again(runs: &Runs, is_own: impl Fn(&str) -> bool) -> Again {
    let mut again = Again::default();
    let first = [&runs.base, &runs.tests, &runs.fix].map(|runs| runs.first());
    let names: BTreeSet<&String> = first.iter().flatten().flat_map(|run| run.marks.keys()).collect();
    for name in names {
        let [base, tests, fix] = first.map(|run| run.and_then(|run| run.marks.get(name)));
        let can_run = |mark: Option<&Mark>| matches!(mark, Some(Mark::Passed | Mark::Failed(_)));
        if is_own(name) || base.is_none() {
            // What can't be run proves nothing, however often it is tried.
            if can_run(tests) || can_run(fix) {
                again.own.insert(name.clone());
            }
        } else if can_run(base) && [tests, fix].into_iter().flatten().any(|mark| differs(base, mark)) {
            again.different.insert(name.clone());
        }
    }
    again
}

/// Whether one of the two passed, and the other failed.
fn differs(base: Option<&Mark>, mark: &Mark) -> bool {
    let has_failed = |mark: &Mark| match mark {
        Mark::Passed => Some(false),
        Mark::Failed(_) | Mark::Invalid(_) => Some(true),
        Mark::Skipped => None,
    };
    let (base, mark) = (base.and_then(has_failed), has_failed(mark));
    base.is_some() && mark.is_some() && base != mark
}

/// Returns those of `tests` that there is something to learn about on a tree, after its first run: not those that
/// can't be there.
pub fn on(tree: Tree, first: Option<&Tested>, tests: &BTreeSet<String>) -> BTreeSet<String> {
    let is_there = |name: &&String| first.is_some_and(|run| run.marks.contains_key(*name));
    // The first run of production's code with the fix's tests may have been of these alone.
    let may_be = |name: &&String| is_there(name) || tree == Tree::Tests && first.is_some_and(|run| run.asked.is_some());
    tests.iter().filter(may_be).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proof::judge::tests::run;

    #[test]
    fn only_what_tells_more_is_run_again() {
        // By the trees: base, tests, fix. `a` is of a file that the fix changes.
        for (base, tests, fix, own, different) in [
            ("pp", "pp", "pp", "a", ""),
            ("ff", "ff", "ff", "a", ""),
            ("-p", "fp", "pp", "a", ""),
            ("--", "-f", "-p", "b", ""),
            ("--", "-i", "-p", "b", ""),
            ("--", "-i", "-i", "", ""),
            ("pp", "pp", "pf", "a", "b"),
            ("pp", "pp", "pi", "a", "b"),
            ("pf", "pf", "pp", "a", "b"),
            ("pp", "pf", "pp", "a", "b"),
            ("pi", "pi", "pp", "a", ""),
            ("pp", "pp", "ps", "a", ""),
            ("pp", "pp", "p-", "a", ""),
        ] {
            let runs = Runs { base: vec![run(base)], tests: vec![run(tests)], fix: vec![run(fix)] };
            let found = again(&runs, |name| name == "a");
            let [found_own, found_different] =
                [&found.own, &found.different].map(|set| set.iter().cloned().collect::<String>());
            assert_eq!((found_own.as_str(), found_different.as_str()), (own, different), "{base} {tests} {fix}");
        }
    }

    #[test]
    fn a_test_is_not_looked_for_where_it_can_not_be() {
        let wanted = BTreeSet::from(["a".to_owned(), "b".to_owned()]);
        let all = run("p-");
        let some = Tested { asked: Some(BTreeSet::new()), ..run("p-") };
        let on = |tree, first| on(tree, Some(first), &wanted).into_iter().collect::<String>();
        assert_eq!(on(Tree::Base, &all), "a");
        assert_eq!(on(Tree::Tests, &all), "a");
        assert_eq!(on(Tree::Tests, &some), "ab", "the others were not run there yet");
    }
}
