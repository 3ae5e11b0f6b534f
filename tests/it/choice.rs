//! What is a matter of choice where there is no incident.

use crate::env::{Output, TestEnv};

/// Checks a fix by the guard, without an incident. `production` and `branch` are the settings there, `message` is the
/// fix's; the fix lacks a marker and has too many lines.
fn checked(production: &str, branch: &str, message: &str, arguments: &[&str]) -> Output {
    let env = TestEnv::new();
    let settings = |check: &str| format!("[check]\n{check}\n[guard]\nlines_block = 2\nregression_test = false\n");
    env.write("hotfix.toml", &settings(production));
    env.write("price.py", "price = 1\n");
    env.commit("Open the shop");
    env.git(&["push", "--quiet"]);
    env.git(&["switch", "--quiet", "--create", "fix"]);
    env.write("hotfix.toml", &settings(branch));
    env.write("price.py", "price = 2\na = 1\nb = 2\nc = 3\n");
    env.git(&["add", "--all"]);
    env.git(&["commit", "--quiet", "--message", message]);
    env.hotfix(&[&["check", "--only", "guard"], arguments].concat())
}

const WAIVED: &str = "Mend it\n\nHotfix-Waive: size the table is one";

#[test]
fn the_marker_is_not_asked_for_alone_unless_a_profile_is_named() {
    let plain = checked("", "", "Mend it", &[]);
    assert!(plain.stdout.contains("size") && !plain.stdout.contains("marker"), "{plain}");
    let wanted = checked("off_alone = []", "off_alone = []", "Mend it", &[]);
    assert!(wanted.stdout.contains("BLOCK  marker"), "{wanted}");
    let profiled = checked("", "", "Mend it", &["--profile", "service"]);
    assert!(profiled.stdout.contains("BLOCK  marker"), "{profiled}");
}

#[test]
fn an_author_waives_what_production_lets_authors_waive() {
    let allowed = "waivable_by_author = [\"size\"]";
    let waived = checked(allowed, allowed, WAIVED, &[]);
    assert_eq!(waived.status, Some(0), "{waived}");
    assert!(waived.stdout.contains("waived by its author, Ada: the table is one"), "{waived}");
    for (production, branch, message) in [
        ("", "", WAIVED),
        // What the fix itself allows does not count.
        ("", allowed, WAIVED),
        (allowed, allowed, "Mend it\n\nHotfix-Waive: size"),
        (allowed, allowed, "Mend it, and say Hotfix-Waive: size the table is one"),
    ] {
        let held = checked(production, branch, message, &[]);
        assert!(held.status == Some(3) && !held.stdout.contains("waived by"), "{message}: {held}");
    }
}

#[test]
fn a_secret_is_no_matter_of_choice() {
    for setting in ["off_alone", "waivable_by_author"] {
        for name in ["secret", "weakening", "proof", "gate/lint", "no-such"] {
            let choice = format!("{setting} = [\"{name}\"]");
            let refused = checked(&choice, &choice, "Mend it", &[]);
            assert_eq!(refused.status, Some(2), "{name}: {refused}");
            assert!(refused.stderr.contains("no check of the guard that can be left to choice"), "{refused}");
        }
    }
}
