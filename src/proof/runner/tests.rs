//! Reports as the runners wrote them, shortened.

use super::reported::{Reporting, Status};
use super::*;
use crate::proof::run::Mark;

/// `name: how it ended`, a line each.
fn read(runner: &dyn Reporting, report: &str) -> Vec<String> {
    let place = Place { directory: "/tree".into(), ..Place::default() };
    let marks = runner.read(report.as_bytes(), &place).unwrap();
    let lines = marks.iter().map(|(name, mark)| match mark {
        Mark::Passed => format!("{name}: passed"),
        Mark::Skipped => format!("{name}: skipped"),
        Mark::Failed(reason) => format!("{name}: FAILED {reason}"),
        Mark::Invalid(reason) => format!("{name}: INVALID {reason}"),
    });
    lines.collect()
}

#[test]
fn pytest_tells_what_could_not_be_collected_from_what_failed() {
    let report = r#"<?xml version="1.0" encoding="utf-8"?><testsuites><testsuite name="pytest" errors="1" failures="2" tests="5">
        <testcase classname="tests.test_a" name="test_sum[1]" time="0.001"><failure message="AssertionError: assert 3 == 2">def</failure></testcase>
        <testcase classname="tests.test_a" name="test_import"><failure message="ImportError: cannot import name 'x' from 'shop'">x</failure></testcase>
        <testcase classname="" name="tests.test_b"><error message="collection failure">ImportError while importing&#10;E   ImportError: no 'x'</error></testcase>
        <testcase classname="tests.test_a" name="test_skip"><skipped type="pytest.skip" message="no"/></testcase>
        <testcase classname="tests.test_a" name="test_ok"/></testsuite></testsuites>"#;
    assert_eq!(
        read(&pytest::Pytest(Program::default()), report),
        [
            "::tests.test_b: INVALID ImportError: no 'x'",
            "tests.test_a::test_import: INVALID ImportError: cannot import name 'x' from 'shop'",
            "tests.test_a::test_ok: passed",
            "tests.test_a::test_skip: skipped",
            "tests.test_a::test_sum[1]: FAILED AssertionError: assert 3 == 2",
        ]
    );
}

#[test]
fn jest_tells_a_file_that_can_not_be_loaded() {
    let report = r#"{"success":false,"testResults":[
        {"name":"/tree/tests/a.test.js","status":"failed","message":"x","assertionResults":[
            {"fullName":"sum adds","status":"passed","failureMessages":[]},
            {"fullName":"sum fails","status":"failed","failureMessages":["Error: expect(received).toBe(expected)\n at x"]},
            {"fullName":"sum waits","status":"failed","failureMessages":["Error: thrown: \"Exceeded timeout of 5000 ms"]},
            {"fullName":"sum later","status":"pending","failureMessages":[]}]},
        {"name":"/tree/tests/b.test.js","status":"failed","message":"\n  ● Test suite failed to run\n","assertionResults":[]}]}"#;
    assert_eq!(
        read(&jest::Jest(Program::default()), report),
        [
            "tests/a.test.js > sum adds: passed",
            "tests/a.test.js > sum fails: FAILED Error: expect(received).toBe(expected)",
            "tests/a.test.js > sum later: skipped",
            "tests/a.test.js > sum waits: INVALID Error: thrown: \"Exceeded timeout of 5000 ms",
            "tests/b.test.js: INVALID ● Test suite failed to run",
        ]
    );
}

#[test]
fn vitest_tells_a_file_that_can_not_be_loaded() {
    let report = r#"<testsuites><testsuite name="tests/a.test.js"><testcase classname="tests/a.test.js" name="two"></testcase></testsuite>
        <testsuite name="tests/y.test.js"><testcase classname="tests/y.test.js" name="tests/y.test.js">
        <failure message="Failed to load url ../src/z.js" type="Error">Error</failure></testcase></testsuite></testsuites>"#;
    assert_eq!(
        read(&vitest::Vitest(Program::default()), report),
        [
            "tests/a.test.js > two: passed",
            "tests/y.test.js > tests/y.test.js: INVALID Error: Failed to load url ../src/z.js",
        ]
    );
}

#[test]
fn go_tells_a_package_that_does_not_build() {
    let report = r##"# shop/cart [shop/cart.test]
{"Action":"run","Package":"shop/money","Test":"TestTwo"}
{"Action":"output","Package":"shop/money","Test":"TestTwo","Output":"=== RUN   TestTwo\n"}
{"Action":"output","Package":"shop/money","Test":"TestTwo","Output":"    money_test.go:7: not four\n"}
{"Action":"fail","Package":"shop/money","Test":"TestTwo","Elapsed":0}
{"Action":"pass","Package":"shop/money","Test":"TestOne","Elapsed":0}
{"Action":"fail","Package":"shop/money","Elapsed":0}
{"Action":"output","Package":"shop/cart","Output":"FAIL\tshop/cart [build failed]\n"}
{"Action":"fail","Package":"shop/cart","Elapsed":0}
"##;
    assert_eq!(
        read(&go::Go(Program::default()), report),
        [
            "shop/cart: INVALID the package's tests could not be run",
            "shop/money.TestOne: passed",
            "shop/money.TestTwo: FAILED money_test.go:7: not four",
        ]
    );
}

#[test]
fn an_exception_is_a_failure_where_it_may_be_the_incident() {
    let report = r#"<testsuite name="shop.MoneyTest" tests="3" errors="2">
        <testcase name="rounds" classname="shop.MoneyTest"><error message="null" type="java.lang.NullPointerException">at</error></testcase>
        <testcase name="links" classname="shop.MoneyTest"><error message="'int x()'" type="java.lang.NoSuchMethodError">at</error></testcase>
        <testcase name="adds" classname="shop.MoneyTest"/></testsuite>"#;
    assert_eq!(
        read(&maven::Maven(Program::default()), report),
        [
            "shop.MoneyTest.adds: passed",
            "shop.MoneyTest.links: INVALID java.lang.NoSuchMethodError: 'int x()'",
            "shop.MoneyTest.rounds: FAILED java.lang.NullPointerException: null",
        ]
    );
    let report = r#"<testsuites><testsuite name="MoneyTest"><testcase name="testA" class="MoneyTest" classname="MoneyTest">
        <error type="Error">Error: Call to undefined function twice()</error></testcase></testsuite></testsuites>"#;
    let lines = read(&phpunit::Phpunit(Program::default()), report);
    assert_eq!(lines, ["MoneyTest::testA: INVALID Error: Call to undefined function twice()"]);
}

#[test]
fn rspec_tells_what_is_outside_of_the_examples() {
    let report = r#"{"examples":[
        {"file_path":"./spec/a_spec.rb","full_description":"a is","status":"failed","exception":{"class":"RSpec::Expectations::ExpectationNotMetError","message":"\nexpected: 6\n"}},
        {"file_path":"./spec/a_spec.rb","full_description":"a waits","status":"pending"}],
        "summary":{"errors_outside_of_examples_count":1},"messages":["\nAn error occurred while loading ./spec/b_spec.rb."]}"#;
    assert_eq!(
        read(&rspec::Rspec(Program::default()), report),
        [
            "outside of the examples: INVALID An error occurred while loading ./spec/b_spec.rb.",
            "spec/a_spec.rb > a is: FAILED RSpec::Expectations::ExpectationNotMetError: expected: 6",
            "spec/a_spec.rb > a waits: skipped",
        ]
    );
}

#[test]
fn dotnet_tells_by_outcome() {
    let report = r#"<?xml version="1.0"?><TestRun xmlns="http://microsoft.com/schemas/VisualStudio/TeamTest/2010"><Results>
        <UnitTestResult testName="Shop.A" outcome="Passed"/><UnitTestResult testName="Shop.B" outcome="Failed"><Output><ErrorInfo>
        <Message>Assert.Equal() Failure</Message></ErrorInfo></Output></UnitTestResult>
        <UnitTestResult testName="Shop.C" outcome="Timeout"/></Results></TestRun>"#;
    assert_eq!(
        read(&dotnet::Dotnet(Program::default()), report),
        ["Shop.A: passed", "Shop.B: FAILED Assert.Equal() Failure", "Shop.C: INVALID Timeout",]
    );
}

#[test]
fn an_exit_status_that_says_nothing_is_no_pass() {
    let runners: [&dyn Reporting; 4] = [
        &pytest::Pytest(Program::default()),
        &nextest::Nextest(Program::default()),
        &go::Go(Program::default()),
        &maven::Maven(Program::default()),
    ];
    for runner in runners {
        for status in [2, 3, 101, 127, -1] {
            assert_eq!(runner.means(status), Status::Broken, "{} {status}", runner.name());
        }
    }
}

#[test]
fn the_nearest_project_of_a_files_language_is_found() {
    let tree = tempfile::tempdir().unwrap();
    for path in ["Cargo.toml", "web/package.json", "web/vitest.config.ts", "api/pom.xml", "scripts/a.py"] {
        let path = tree.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "{}").unwrap();
    }
    let found = |file: &str| {
        let (config, directory) = detect(tree.path(), &[file])?;
        Some(format!("{} in `{}`", config.build().name(), directory.display()))
    };
    assert_eq!(found("web/src/a.test.ts").as_deref(), Some("vitest in `web`"));
    assert_eq!(found("api/src/test/java/A.java").as_deref(), Some("maven in `api`"));
    assert!(found("src/a.rs").is_some_and(|found| found.ends_with("in ``")));
    assert_eq!(found("scripts/a.py"), None);
    assert_eq!(found("deploy.yaml"), None);
}
