//! What was proven is what is released.

use std::fs;

use crate::check::{CONFIG, MENDED, NEW_TEST, RUNNER};
use crate::env::TestEnv;

/// A job whose fix asks for a proof, with the fix made and checked. Its work tree is `work-001`.
fn proven() -> TestEnv {
    let env = TestEnv::new();
    env.instant();
    let instant = env.read("hotfix.toml").replace("[guard]\nmarker = \"\"\nregression_test = false\n", CONFIG);
    env.settings(&instant);
    env.write("tests/run.sh", RUNNER);
    env.write("tests/old.case", "grep -q price src/shop.txt");
    env.write("src/shop.txt", "price 1\n\n\nname shop\n\n\ncolour red\n");
    env.commit("Open the shop");
    env.git(&["push", "--quiet"]);
    let started = env.hotfix(&["start", "Prices are wrong", "--severity", "P0", "--issue-id", "001"]);
    assert_eq!(started.status, Some(0), "{started}");
    commit(&env, &[MENDED, NEW_TEST]);
    let checked = env.hotfix(&["check"]);
    assert_eq!(checked.status, Some(0), "{checked}");
    env
}

/// Commits the files in the incident's work tree, and returns the tree.
fn commit(env: &TestEnv, files: &[(&str, &str)]) -> String {
    files.iter().for_each(|(path, text)| fs::write(env.path("work-001").join(path), text).unwrap());
    env.git_in("work-001", &["add", "--all"]);
    env.git_in("work-001", &["commit", "--quiet", "--message", "Mend it"]);
    env.git_in("work-001", &["rev-parse", "HEAD^{tree}"])
}

/// The trees that each check of the job has proven, in their order.
fn proven_trees(env: &TestEnv) -> Vec<String> {
    let events = env.hotfix(&["timeline", "001", "--events", "--json"]).stdout;
    let events: serde_json::Value = serde_json::from_str(&events).unwrap();
    let found = events["events"].as_array().unwrap().iter().filter_map(|event| {
        let tree = event.pointer("/fact/evidence/detail/proof/trees/fix")?;
        Some(tree.as_str()?.to_owned())
    });
    found.collect()
}

#[test]
fn a_branch_that_goes_on_after_its_check_is_proven_anew() {
    for step in ["review", "release"] {
        let env = proven();
        if step == "release" {
            // The review is begun and done; what comes next is the release.
            let events = env.hotfix(&["timeline", "001", "--events"]).stdout.lines().count();
            let killed = env.run(env.hotfix_command(&["ship"]).env("HOTFIX_CRASH", format!("before:{}", events + 3)));
            assert_eq!(killed.status, None, "{killed}");
        }
        let tree = commit(&env, &[("src/shop.txt", "price 2\n\n\nname our shop\n\n\ncolour red\n")]);
        let shipped = env.hotfix(&["ship"]);
        assert_eq!(shipped.status, Some(0), "{shipped}");
        let held = shipped.stderr.lines().find(|line| line.contains("held")).unwrap_or_default();
        assert!(held.contains(step), "{shipped}");
        let proven = proven_trees(&env);
        assert_eq!(proven.len(), 2, "{proven:?}");
        assert_eq!(proven[1], tree);
        assert_eq!(env.git_in("remote.git", &["rev-parse", "hotfix-001^{tree}"]), tree, "{shipped}");
    }
}

#[test]
fn a_branch_that_was_rewritten_after_its_review_is_proven_anew() {
    let env = proven();
    let events = env.hotfix(&["timeline", "001", "--events"]).stdout.lines().count();
    env.run(env.hotfix_command(&["ship"]).env("HOTFIX_CRASH", format!("before:{}", events + 3)));
    env.git_in("work-001", &["reset", "--quiet", "--hard", "HEAD~1"]);
    // What it is now has not the test, so that it does not pass as the other did.
    commit(&env, &[MENDED]);
    let held = env.hotfix(&["ship"]);
    assert_eq!(held.status, Some(3), "{held}");
    assert!(held.stdout.contains("regression-test") || held.stderr.contains("no test"), "{held}");
    assert_eq!(env.git_in("remote.git", &["tag", "--list"]), "");
}

#[test]
fn a_replacement_that_only_this_clone_has_proves_nothing() {
    let env = proven();
    let good = env.git_in("work-001", &["rev-parse", "HEAD"]);
    commit(&env, &[("src/shop.txt", "price 3\n\n\nname shop\n\n\ncolour red\n")]);
    env.git_in("work-001", &["replace", "HEAD", &good]);
    env.git_in("work-001", &["reset", "--quiet", "--hard"]);
    let held = env.hotfix(&["ship"]);
    assert_eq!(held.status, Some(3), "{held}");
    assert!(held.stderr.contains("changes that are not committed: src/shop.txt"), "{held}");
}
