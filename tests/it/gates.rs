//! A gate that production's code fails as well is not the fix's fault.

use crate::check::fix;
use crate::env::{Output, TestEnv};

/// Checks a fix of `price.txt`, which is 1 before, with one gate.
fn gated(command: &str) -> Output {
    let env = TestEnv::new();
    let gate = format!("[[gate]]\nname = \"lint\"\ncommand = '{command}'\nlimit = \"10s\"\n");
    env.write("hotfix.toml", &format!("[guard]\nmarker = \"\"\n{gate}"));
    env.write("price.txt", "1\n");
    env.commit("Open the shop");
    env.git(&["push", "--quiet"]);
    env.git(&["switch", "--quiet", "--create", "fix"]);
    fix(&env, &[("price.txt", "2\n")]);
    env.hotfix(&["check", "--only", "gates"])
}

#[test]
fn a_gate_that_fails_before_as_well_is_shown_and_does_not_hold() {
    let checked = gated("echo \"$PWD/a.js: error: no x, line $(cat price.txt)\"; exit 1");
    assert_eq!(checked.status, Some(0), "{checked}");
    assert!(checked.stdout.contains("exit status 1 in the same way before and with the fix"), "{checked}");
    assert!(checked.stdout.contains("a.js: error: no x, line 2"), "{checked}");
}

#[test]
fn a_gate_that_fails_with_something_new_holds() {
    for command in [
        // It passes before.
        "grep -q 1 price.txt || { echo \"error: no x\"; exit 1; }",
        // It finds something else.
        "echo \"error: no x\"; grep -q 1 price.txt || echo \"error: no y\"; exit 1",
        // It ends in another way.
        "echo \"error: no x\"; grep -q 1 price.txt && exit 1; exit 2",
        // Before, it is not there.
        "grep -q 1 price.txt && exit 127; exit 1",
    ] {
        let checked = gated(command);
        assert_eq!(checked.status, Some(3), "{command}: {checked}");
        assert!(checked.stdout.contains("FAIL"), "{command}: {checked}");
    }
}
