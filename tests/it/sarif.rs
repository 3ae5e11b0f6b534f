//! What forges are given: SARIF as its schema has it, and as GitHub asks for.

use serde_json::Value;

use crate::check::{CONFIG, MENDED, NEW_TEST, fix, shop};
use crate::env::TestEnv;

const SCHEMA: &str = include_str!("../sarif/schema-2.1.0.json");

/// Returns what `check` prints, after comparing it with the schema.
fn sarif(env: &TestEnv) -> Value {
    let output = env.hotfix(&["check", "--format", "sarif"]);
    let log: Value = serde_json::from_str(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output}"));
    // A pattern for languages has a bracket too many; later editions of the schema have it right.
    let schema = SCHEMA.replace("|^[a-zA-Z]{2}-[a-zA-Z]{2}]?$", "(-[a-zA-Z]{2})?$");
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(&log).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{log:#}");
    log
}

#[test]
fn findings_of_every_kind_are_valid() {
    let env = shop();
    let asking = CONFIG.replace("marker = \"\"", "marker = \"HOTFIX:\"");
    env.settings(&format!("[check]\noff_alone = []\n{asking}"));
    let long: String = (0..80).map(|line| format!("    print({line})\n")).collect();
    let paid = format!("import time\nclass Payment:\n    pass\n\ndef pay(amount):\n{long}    time.sleep(9)\n");
    fix(&env, &[("src/pay me.py", &paid), ("src/müller.py", "x = 1\n"), ("Cargo.toml", "[dependencies]\na = '1'\n")]);
    fix(&env, &[("src/shop.txt", "price 3\n")]);
    let log = sarif(&env);
    let results = log["runs"][0]["results"].as_array().unwrap();
    let mut kinds: Vec<&str> = results.iter().map(|result| result["ruleId"].as_str().unwrap()).collect();
    kinds.dedup();
    assert!(kinds.len() > 4, "{kinds:?}");
    for result in results {
        // GitHub takes no result without a place.
        let uri = result.pointer("/locations/0/physicalLocation/artifactLocation/uri").and_then(Value::as_str);
        assert!(uri.is_some_and(|uri| uri.is_ascii() && !uri.contains(' ') && !uri.starts_with('/')), "{result:#}");
        assert!(result.pointer("/message/text").and_then(Value::as_str).is_some_and(|text| !text.is_empty()));
    }
    let text = results.iter().find(|result| result["ruleId"] == "regression-test").unwrap();
    assert_eq!(text["level"], "error");
}

#[test]
fn a_fix_without_findings_is_valid() {
    let env = shop();
    fix(&env, &[MENDED, NEW_TEST]);
    assert_eq!(sarif(&env)["runs"][0]["results"], Value::Array(Vec::new()));
}
