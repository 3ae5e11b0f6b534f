//! What is installed beside the sources decides about a proof as the sources do.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::check::check;
use crate::env::TestEnv;

/// Stands for a Python with pytest, whose installed packages are the files in `.venv/packages`. The tests
/// need `money`, and pass where the price is 2. A line in $RUNS tells of each run.
const PYTHON: &str = r#"#!/bin/sh
packages=$(dirname "$0")/../packages
case "$*" in
    *--version*) echo "pytest 9.0"; exit ;;
    *dist-info*) ls "$packages"; exit ;;
esac
echo run >> "$RUNS"
for word; do case "$word" in --junitxml=*) report=${word#--junitxml=} ;; esac; done
if ! [ -e "$packages/money" ] && [ -e tests/test_price.py ]; then
    echo "E   ModuleNotFoundError: No module named 'money'"
    error="<error message='collection failure'>E   ModuleNotFoundError: No module named 'money'</error>"
    echo "<testsuite><testcase classname='' name='tests.test_price'>$error</testcase></testsuite>" > "$report"
    exit 1
fi
old='' new=''
[ -e tests/test_price.py ] && ! grep -q 'price = 2' price.py && new="<failure message='assert 1 == 2'/>"
[ -e tests/test_price.py ] && old="<testcase classname='tests.test_price' name='test_two'>$new</testcase>"
echo "<testsuite><testcase classname='tests.test_shop' name='test_shop'/>$old</testsuite>" > "$report"
[ -z "$new" ]
"#;

/// A fix with a test, and a Python of the repository's own that lacks what the test imports.
fn shop() -> TestEnv {
    let env = TestEnv::new();
    env.write("hotfix.toml", "[guard]\nmarker = \"\"\n");
    env.write(".gitignore", ".venv\n");
    env.write("pyproject.toml", "[project]\nname = \"shop\"\n");
    env.write("price.py", "price = 1\n");
    env.write("tests/test_shop.py", "import price\n");
    env.commit("Open the shop");
    env.git(&["push", "--quiet"]);
    env.git(&["switch", "--quiet", "--create", "fix"]);
    env.write("price.py", "price = 2\n");
    env.write("tests/test_price.py", "import money, price\n\n\ndef test_two():\n    assert price.price == 2\n");
    env.commit("Mend it");
    env.write(".venv/bin/python", PYTHON);
    fs::set_permissions(env.path("work/.venv/bin/python"), fs::Permissions::from_mode(0o755)).unwrap();
    fs::create_dir(env.path("work/.venv/packages")).unwrap();
    env
}

fn runs(env: &TestEnv) -> usize {
    fs::read_to_string(env.path("runs")).unwrap_or_default().lines().count()
}

#[test]
fn a_test_that_could_not_be_run_is_run_again_and_the_reason_is_shown() {
    let env = shop();
    let held = check(&env, &[]);
    assert_eq!(held.status, Some(3), "{held}");
    assert!(held.stdout.contains("it can't be run: ModuleNotFoundError: No module named 'money'"), "{held}");
    let log = held.stdout.lines().find_map(|line| line.trim().strip_prefix("all of it: ")).expect("a log is named");
    assert!(fs::read_to_string(log).unwrap().contains("No module named 'money'"), "{log}");
    let again = check(&env, &[]);
    assert!(again.status == Some(3) && !again.stdout.contains("known from before"), "{again}");
    env.write(".venv/packages/money", "");
    let proven = check(&env, &[]);
    assert!(proven.status == Some(0) && proven.stdout.contains("1 test fails before"), "{proven}");
}

#[test]
fn a_proof_is_known_until_something_else_is_installed() {
    let env = shop();
    env.write(".venv/packages/money", "");
    check(&env, &[]);
    let first = runs(&env);
    let known = check(&env, &[]);
    assert!(known.stdout.contains("known from before") && runs(&env) == first, "{known}");
    env.write(".venv/packages/money-2", "");
    let again = check(&env, &[]);
    assert!(!again.stdout.contains("known from before") && runs(&env) == 2 * first, "{again}");
}

#[test]
fn init_names_the_python_that_the_proof_uses() {
    let env = shop();
    env.git(&["rm", "--quiet", "hotfix.toml"]);
    let init = env.hotfix(&["init"]);
    assert_eq!(init.status, Some(0), "{init}");
    assert!(env.read("hotfix.toml").contains("full = [\".venv/bin/python\", \"-m\", \"pytest\", \"-q\"]"), "{init}");
}
