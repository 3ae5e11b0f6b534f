//! The runs of a proof are spent where they tell something.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::check::check;
use crate::env::{Output, TestEnv};

/// Stands for a Python with pytest: runs the named files of tests with the shell, or all. A line in $RUNS
/// tells of each run.
pub const PYTHON: &str = r#"#!/bin/sh
case "$*" in
    *--version*) echo "pytest 9.0"; exit ;;
    *dist-info*) exit ;;
    *find_spec*)
        # An editable install comes behind PYTHONPATH; some make sure that theirs comes before it.
        checkout=$(readlink -f "$(dirname "$0")/../..")/lib
        [ -e "$checkout/first" ] && PYTHONPATH=$checkout:$PYTHONPATH || PYTHONPATH=$PYTHONPATH:$checkout
        PYTHONPATH=$PYTHONPATH exec python3 "$@" ;;
esac
files='' status=0
for word; do
    case "$word" in
        --junitxml=*) report=${word#--junitxml=} ;;
        ./*) files="$files ${word#./}" ;;
    esac
done
echo "$(basename "$(dirname "$PWD")"):${files:- all}" >> "$RUNS"
{
    echo '<testsuite>'
    for file in ${files:-tests/test_*.py}; do
        name=$(basename "$file" .py)
        if sh "$file" >&2; then end=''; else end="<failure message='it is not so'/>" status=1; fi
        echo "<testcase classname='tests.$name' name='test'>$end</testcase>"
    done
    echo '</testsuite>'
} > "$report"
exit $status
"#;

const OWN: &str = "grep -q 2 price.txt";

/// A fix of the price with the test `own`; `other` is a test that was there before. The policy is `proof`.
fn proven(own: &str, other: &str, proof: &str) -> (TestEnv, Output) {
    let env = TestEnv::new();
    // What runs is written down outside of the trees.
    let open = "[sandbox]\nenabled = false\n";
    env.write("hotfix.toml", &format!("[guard]\nmarker = \"\"\n{open}[proof]\n{proof}"));
    env.write(".gitignore", ".venv\n");
    env.write("pyproject.toml", "[project]\nname = \"shop\"\n");
    env.write("price.txt", "1\n\n\n\nshop\n");
    env.write("tests/test_name.py", "grep -q shop price.txt");
    env.write("tests/test_other.py", other);
    env.commit("Open the shop");
    env.git(&["push", "--quiet"]);
    env.git(&["switch", "--quiet", "--create", "fix"]);
    env.write("price.txt", "2\n\n\n\nour shop\n");
    env.write("tests/test_own.py", own);
    env.commit("Mend it");
    env.write(".venv/bin/python", PYTHON);
    fs::set_permissions(env.path("work/.venv/bin/python"), fs::Permissions::from_mode(0o755)).unwrap();
    let checked = check(&env, &[]);
    (env, checked)
}

/// The runs, by tree and by what was run.
fn runs(env: &TestEnv) -> Vec<String> {
    let text = fs::read_to_string(env.path("runs")).unwrap_or_default();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

#[test]
fn the_fixs_own_tests_run_three_times_and_the_others_once() {
    let (env, checked) = proven(OWN, "true", "parts = 0");
    assert_eq!(checked.status, Some(0), "{checked}");
    assert!(checked.stdout.contains("1 test fails before, passes with the fix; 2 more"), "{checked}");
    let own = |tree: &str| format!("{tree}: tests/test_own.py");
    let all = |tree: &str| format!("{tree}: all");
    let fix = [all("fix"), own("fix"), own("fix")];
    assert_eq!(runs(&env), [&[all("base")][..], &fix, &[own("tests"), own("tests"), own("tests")]].concat());
    assert!(checked.stdout.contains("7 runs of pytest 9.0, 5 of them of some tests only"), "{checked}");
}

#[test]
fn a_part_is_needed_where_the_fixs_own_test_fails_without_it() {
    let (env, checked) = proven(OWN, "true", "");
    // Without its first part the fix's own test fails; without the second none does, so all are run.
    assert!(checked.stdout.contains("all tests pass without this part"), "{checked}");
    assert_eq!(runs(&env).iter().filter(|run| run.ends_with(": all")).count(), 3, "{:?}", runs(&env));
}

#[test]
fn a_test_that_fails_once_with_the_fix_is_flaky_and_not_broken() {
    let once = "case $PWD in */fix/*) [ -e \"$RUNS.once\" ] || { touch \"$RUNS.once\"; false; } ;; esac";
    let (env, checked) = proven(OWN, once, "parts = 0");
    assert_eq!(checked.status, Some(0), "{checked}");
    assert!(checked.stdout.contains("proof/flaky") && !checked.stdout.contains("proof/broken"), "{checked}");
    let again = runs(&env).iter().filter(|run| run.contains("base: tests/test_other.py")).count();
    assert_eq!(again, 2, "{:?}", runs(&env));
}

#[test]
fn a_test_that_always_fails_with_the_fix_is_broken() {
    let (_env, checked) = proven(OWN, "grep -q 1 price.txt", "parts = 0");
    assert_eq!(checked.status, Some(3), "{checked}");
    assert!(checked.stdout.contains("passed before, fails with the fix: tests.test_other::test"), "{checked}");
}

#[test]
fn a_test_of_the_fix_that_fails_sometimes_is_no_proof() {
    for (tree, run) in [("fix", 3), ("fix", 2), ("tests", 3)] {
        let turned = format!(
            "echo x >> \"$RUNS.$(basename $(dirname $PWD))\"; expected=$(grep -c 2 price.txt)\n\
             case $PWD in */{tree}/*) [ $(wc -l < \"$RUNS.{tree}\") -eq {run} ] && expected=$((1 - expected)) ;; esac\n\
             [ $expected -eq 1 ]"
        );
        let (_env, checked) = proven(&turned, "true", "parts = 0");
        assert_eq!(checked.status, Some(3), "{tree} {run}: {checked}");
        assert!(checked.stdout.contains("flaky: tests.test_own::test"), "{tree} {run}: {checked}");
    }
}

#[test]
fn what_is_left_out_for_the_budget_is_named_and_the_own_tests_are_not() {
    let (env, checked) = proven(OWN, "grep -q 1 price.txt", "budget = \"1ms\"");
    assert_eq!(checked.status, Some(3), "{checked}");
    let named = "not run again, though they do not end alike before and with the fix: tests.test_other::test";
    assert!(checked.stdout.contains(named), "{checked}");
    assert!(checked.stdout.contains("2 of 2 parts were not left out in turn"), "{checked}");
    assert_eq!(runs(&env).iter().filter(|run| run.contains("test_own")).count(), 5, "{:?}", runs(&env));
}
