//! `hotfix check` on a branch, without an incident, and in the job.

use std::fs;

use insta::assert_snapshot;

use crate::env::{Output, TestEnv};

/// Runs each file tests/*.case as a test, and writes JUnit XML. A line in ../runs tells of each run.
pub const RUNNER: &str = r#"echo run >> "$RUNS"
{
    echo '<testsuite name="cases">'
    status=0
    for case in tests/*.case; do
        [ -e "$case" ] || continue
        name=$(basename "$case" .case)
        if sh "$case" >/dev/null 2>&1; then
            echo "<testcase classname='cases' name='$name'/>"
        else
            echo "<testcase classname='cases' name='$name'><failure message='it is not so'/></testcase>"
            status=1
        fi
    done
    echo '</testsuite>'
} > "$HOTFIX_REPORT"
exit $status
"#;

pub const CONFIG: &str = r#"
[guard]
marker = ""
tests = ["tests/**"]

[proof]
limit = "20s"

[proof.by.command]
run = ["sh", "tests/run.sh"]

[sandbox]
environment = ["RUNS"]
"#;

/// A repository with a price that is wrong, and a test that does not see it. The branch `fix` is
/// checked out, with nothing on it yet.
pub fn shop() -> TestEnv {
    let env = TestEnv::new();
    env.settings(CONFIG);
    env.write("tests/run.sh", RUNNER);
    env.write("tests/old.case", "grep -q price src/shop.txt");
    env.write("src/shop.txt", "price 1\n\n\nname shop\n\n\ncolour red\n");
    env.commit("Open the shop");
    env.git(&["push", "--quiet"]);
    env.git(&["switch", "--quiet", "--create", "fix"]);
    env
}

/// Writes the files and commits them.
pub fn fix(env: &TestEnv, files: &[(&str, &str)]) {
    files.iter().for_each(|(path, text)| env.write(path, text));
    env.commit("Mend it");
}

pub const MENDED: (&str, &str) = ("src/shop.txt", "price 2\n\n\nname shop\n\n\ncolour red\n");
pub const NEW_TEST: (&str, &str) = ("tests/new.case", "grep -q 'price 2' src/shop.txt");

pub fn check(env: &TestEnv, arguments: &[&str]) -> Output {
    let arguments = [&["check", "--only", "proof"], arguments].concat();
    let mut command = env.hotfix_command(&arguments);
    let mut output = env.run(command.env("RUNS", env.path("runs")));
    // What is said on the way comes in no order.
    output.stderr =
        output.stderr.lines().filter(|line| line.starts_with("error") || line.starts_with("hint")).collect();
    output
}

fn runs(env: &TestEnv) -> usize {
    fs::read_to_string(env.path("runs")).unwrap_or_default().lines().count()
}

#[test]
fn a_test_that_fails_before_and_passes_after_is_a_proof() {
    let env = shop();
    fix(&env, &[MENDED, NEW_TEST]);
    assert_snapshot!(check(&env, &[]));
    assert_eq!(runs(&env), 7, "production's code once, the others three times");
    assert_eq!(env.git(&["status", "--porcelain"]), "");
}

#[test]
fn the_same_is_not_proven_twice_unless_that_is_wanted() {
    let env = shop();
    fix(&env, &[MENDED, NEW_TEST]);
    check(&env, &[]);
    let again = check(&env, &[]);
    assert!(again.status == Some(0) && again.stdout.contains("known from before"), "{again}");
    assert_eq!(runs(&env), 7);
    check(&env, &["--no-cache"]);
    assert_eq!(runs(&env), 14);
    env.write("src/shop.txt", "price 2 \n");
    env.commit("Change it once more");
    check(&env, &[]);
    assert!(runs(&env) >= 21);
}

#[test]
fn what_proves_nothing_is_held_and_says_why() {
    let env = shop();
    fix(&env, &[MENDED]);
    assert_snapshot!("no_test", check(&env, &[]));
    fix(&env, &[("tests/new.case", "true")]);
    assert_snapshot!("a_test_that_passes_before", check(&env, &[]));
    fix(&env, &[("tests/new.case", "grep -q 'price 3' src/shop.txt")]);
    assert_snapshot!("a_test_that_fails_after", check(&env, &[]));
    fix(&env, &[NEW_TEST, ("src/shop.txt", "cost 2; price 2\n"), ("tests/old.case", "true")]);
    assert_eq!(check(&env, &[]).status, Some(0));
    fix(&env, &[("src/shop.txt", "Price 2; price 2\n"), ("tests/old.case", "grep -q 'price 1' src/shop.txt")]);
    assert_snapshot!("a_test_that_the_fix_breaks", check(&env, &[]));
}

#[test]
fn a_run_that_tells_nothing_is_no_pass() {
    let env = shop();
    let with = |runner: &str| {
        let text = CONFIG.replace(r#"["sh", "tests/run.sh"]"#, &format!("{runner:?}")).replace("20s", "1s");
        env.settings(&text);
        check(&env, &[]).to_string()
    };
    fix(&env, &[MENDED, NEW_TEST]);
    assert_snapshot!("hangs", with("sleep 60"));
    assert_snapshot!("is_empty", with("echo '<testsuite/>' > \"$HOTFIX_REPORT\""));
    assert_snapshot!("is_cut_off", with("echo '<testsuite><testcase name=\"a\"' > \"$HOTFIX_REPORT\""));
    assert_snapshot!("is_not_written", with("true"));
    assert_snapshot!(
        "contradicts_itself",
        with("echo '<testsuite><testcase name=\"a\"/></testsuite>' > \"$HOTFIX_REPORT\"; exit 1")
    );
    env.settings(&CONFIG.replace(
        "[proof.by.command]\nrun = [\"sh\", \"tests/run.sh\"]",
        "[proof.by.pytest]\nprogram = [\"no-such-python\"]",
    ));
    assert_snapshot!("is_not_installed", check(&env, &[]));
}

#[test]
fn a_report_may_be_many_files() {
    let env = shop();
    let many = RUNNER.replace(
        "{\n    echo '<testsuite",
        "mkdir \"$HOTFIX_REPORT\" \"$HOTFIX_REPORT/shop\" || exit 9\n{\n    echo '<testsuite",
    );
    env.write("tests/run.sh", &many.replace("} > \"$HOTFIX_REPORT\"", "} > \"$HOTFIX_REPORT/shop/test.xml\""));
    env.commit("Write many files");
    env.git(&["push", "--quiet", "origin", "HEAD:main"]);
    fix(&env, &[MENDED, NEW_TEST]);
    let output = check(&env, &[]);
    assert!(output.status == Some(0) && output.stdout.contains("1 test fails before"), "{output}");
}

/// As a test does that needs the network, where there is none.
const NEEDS_NETWORK: &str = "git ls-remote git://127.0.0.1:1/price";

#[test]
fn a_test_that_needs_the_network_counts_for_nothing_where_there_is_none() {
    let env = shop();
    env.write("tests/remote.case", NEEDS_NETWORK);
    env.commit("Ask for the price");
    env.git(&["push", "--quiet", "origin", "HEAD:main"]);
    fix(&env, &[MENDED, NEW_TEST]);
    assert_snapshot!("a_test_that_fails_in_every_tree", check(&env, &[]));
    fix(&env, &[("tests/new.case", &format!("{NEEDS_NETWORK} && grep -q 'price 2' src/shop.txt"))]);
    assert_snapshot!("a_new_test_that_fails_in_every_tree", check(&env, &[]));
    env.settings(&CONFIG.replace("20s", "1s"));
    fix(&env, &[NEW_TEST, ("tests/remote.case", "sleep 60 # for an answer")]);
    assert_snapshot!("a_test_that_waits_for_the_network", check(&env, &[]));
}

#[test]
fn a_flaky_test_counts_for_nothing() {
    let env = shop();
    let flaky = "echo x >> \"$RUNS.$(basename $(dirname \"$PWD\"))\"; [ $(wc -l < \"$RUNS.$(basename $(dirname \"$PWD\"))\") -ne 2 ]";
    fix(&env, &[MENDED, NEW_TEST, ("tests/flaky.case", flaky)]);
    assert_snapshot!(check(&env, &[]));
}

#[test]
fn a_part_that_no_test_misses_is_named() {
    let env = shop();
    fix(&env, &[NEW_TEST, ("src/shop.txt", "price 2\n\n\nname shop\n\n\ncolour blue\n"), ("src/more.txt", "x\n")]);
    assert_snapshot!(check(&env, &[]));
}

#[test]
fn a_fix_of_configuration_alone_asks_for_a_test() {
    let env = shop();
    fix(&env, &[("deploy.yaml", "replicas: 2\n")]);
    assert_snapshot!("configuration", check(&env, &[]));
    env.git(&["switch", "--quiet", "--create", "image", "main"]);
    fs::write(env.path("work/logo.png"), [0, 1, 2]).unwrap();
    env.commit("Change the logo");
    assert_snapshot!("binary", check(&env, &[]));
    env.git(&["switch", "--quiet", "--create", "words", "main"]);
    fix(&env, &[("README.md", "shop\n")]);
    assert_eq!(check(&env, &[]).status, Some(0));
}

/// Cargo tells by times what is fresh: a tree must never be tested with what was built of another.
#[test]
fn each_tree_is_tested_with_its_own_build() {
    let env = TestEnv::new();
    env.settings("[guard]\nmarker = \"\"\n[proof]\nruns = 1\n[proof.by.cargo]\n");
    env.write("Cargo.toml", "[package]\nname = \"shop\"\nedition = \"2024\"\n[workspace]\n");
    env.write(".gitignore", "target\nCargo.lock\n");
    let source = |twice: &str, tests: &str| {
        format!("pub fn twice(x: i32) -> i32 {{\n    {twice}\n}}\n\n#[cfg(test)]\nmod tests {{\n{tests}\n}}\n")
    };
    let test = |x: i32| {
        format!("    #[test]\n    fn twice_{x}() {{\n        assert_eq!(super::twice({x}), {});\n    }}\n", 2 * x)
    };
    env.write("src/lib.rs", &source("x + 2", &test(2)));
    env.commit("Begin");
    env.git(&["switch", "--quiet", "--create", "fix"]);
    for (number, twice) in [(3, "2 * x"), (4, "x * 2"), (5, "x + x")] {
        fix(&env, &[("src/lib.rs", &source(twice, &format!("{}{}", test(2), test(number))))]);
        let mut command = env.hotfix_command(&["check", "--base", "main", "--only", "proof", "--json"]);
        // The compiler is found by its user's home, which this run does not have.
        let home = std::env::var("HOME").unwrap();
        for (name, place) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
            command.env(name, std::env::var(name).unwrap_or_else(|_| format!("{home}/{place}")));
        }
        let output = env.run(&mut command);
        let check: serde_json::Value = serde_json::from_str(&output.stdout).unwrap_or_else(|_| panic!("{output}"));
        let proven = format!("shop/lib shop tests::twice_{number}");
        assert_eq!(check["proof"]["fail_to_pass"], serde_json::json!([proven]), "{output}");
        assert_eq!(check["proof"]["pass_to_pass"], 1, "{output}");
    }
}

#[test]
fn a_clone_without_the_base_says_what_it_lacks() {
    let env = shop();
    fix(&env, &[MENDED, NEW_TEST]);
    env.git(&["push", "--quiet", "origin", "fix"]);
    let remote = format!("file://{}", env.path("remote.git").display());
    env.git_in(".", &["clone", "--quiet", "--depth=1", "--branch=fix", &remote, "shallow"]);
    let base = env.git(&["rev-parse", "main"]);
    let shallow = env.path("shallow").display().to_string();
    assert_snapshot!(env.hotfix(&["-C", &shallow, "check", "--base", &base]));
    assert_snapshot!(env.hotfix(&["-C", &shallow, "check"]));
}

#[test]
fn gates_run_at_once_on_what_concerns_them_and_what_they_print_is_kept() {
    let env = shop();
    env.settings(&format!(
            "{CONFIG}\n[[gate]]\nname = \"lint\"\ncommand = [\"ls\"]\npaths = [\"src/**\"]\nappend = true\nlimit = \"5s\"\n\
             [[gate]]\nname = \"build\"\ncommand = \"grep -q 'price 1' src/shop.txt || {{ seq 30; echo 'error: no such thing'; seq 40; exit 3; }}\"\nlimit = \"5s\"\n\
             [[gate]]\nname = \"docs\"\ncommand = \"exit 1\"\npaths = [\"docs/**\"]\nlimit = \"5s\"\n"
        ),
    );
    fix(&env, &[MENDED]);
    let mut output = env.hotfix(&["check", "--only", "gates"]);
    output.stderr.clear();
    assert_snapshot!(output);
    let commit = env.git(&["rev-parse", "HEAD"]);
    let log = |gate: &str| env.read(&format!(".git/hotfix/check/{commit}/gate-{gate}.log"));
    assert_eq!(log("lint"), "./src/shop.txt\n");
    assert_eq!(log("build").lines().count(), 71);
    assert_eq!(env.hotfix(&["check", "--only", "gates", "--format", "junit"]).status, Some(3));
}

#[test]
fn a_job_is_held_by_its_check_until_it_is_waived() {
    let env = TestEnv::new();
    env.instant();
    env.settings(&(env.read("hotfix.toml").replace("regression_test = false", "regression_test = true")));
    env.commit("Ask for tests");
    env.git(&["push", "--quiet"]);
    env.hotfix(&["start", "Payment API returns 500", "--issue-id", "001"]);
    let commit = env.fix("001");
    let held = env.hotfix(&["check"]);
    assert_eq!(held.status, Some(3), "{held}");
    assert_snapshot!(held.stdout.split("\n\n").next().unwrap());
    env.hotfix(&["waive", "regression-test", "--reason", "a text"]);
    assert_eq!(env.hotfix(&["ship"]).status, Some(0));
    let tree = env.git(&["rev-parse", &format!("{commit}^{{tree}}")]);
    let journal = env.hotfix(&["timeline", "001", "--events", "--json"]).stdout;
    assert!(journal.contains(&tree), "{journal}");
}

/// Debian's python3-pytest, which `./test` installs.
#[test]
#[ignore = "needs pytest: ./test"]
fn python_is_proven_by_pytest() {
    let env = TestEnv::new();
    env.write("pyproject.toml", "[project]\nname = \"shop\"\n");
    env.write("shop/__init__.py", "");
    env.write("shop/money.py", "def cents(text):\n    return int(text)\n");
    env.write("tests/test_money.py", "from shop.money import cents\n\n\ndef test_one():\n    assert cents('1') == 1\n");
    env.write("tests/test_other.py", "def test_other():\n    assert False\n");
    env.commit("Begin");
    env.git(&["push", "--quiet"]);
    env.git(&["switch", "--quiet", "--create", "fix"]);
    let mended = "def cents(text: str) -> int:\n    # HOTFIX: amounts have fractions\n    return round(float(text))\n";
    let new = format!("{}\n\ndef test_two():\n    assert cents('1.2') == 1\n", env.read("tests/test_money.py"));
    fix(&env, &[("shop/money.py", mended), ("tests/test_money.py", &new)]);
    let proven = env.hotfix(&["check", "--only", "proof", "--json"]);
    let check: serde_json::Value = serde_json::from_str(&proven.stdout).unwrap_or_else(|_| panic!("{proven}"));
    assert_eq!(check["proof"]["fail_to_pass"], serde_json::json!(["tests.test_money::test_two"]));
    assert_eq!(check["proof"]["pass_to_pass"], 1, "the other test is not affected");

    fix(&env, &[("shop/money.py", &mended.replace("cents", "round_cents"))]);
    fix(
        &env,
        &[(
            "tests/test_money.py",
            "from shop.money import round_cents\n\n\ndef test_two():\n    assert round_cents('1.2') == 1\n",
        )],
    );
    let invalid = check_text(&env);
    assert!(invalid.contains("invalid: without the fix") && invalid.contains("ImportError"), "{invalid}");
}

fn check_text(env: &TestEnv) -> String {
    let held = check(env, &[]);
    assert_eq!(held.status, Some(3), "{held}");
    held.stdout
}
