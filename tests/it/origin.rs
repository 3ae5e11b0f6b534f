//! Tests that would import the checkout instead of their own tree are found out.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::check::check;
use crate::env::TestEnv;
use crate::spent::PYTHON;

/// A project below `lib`, installed in a way that leads to the checkout.
fn editable() -> TestEnv {
    let env = TestEnv::new();
    env.write("hotfix.toml", "[guard]\nmarker = \"\"\n");
    env.write(".gitignore", ".venv\nfirst\n");
    env.write("pyproject.toml", "[project]\nname = \"shop\"\n");
    env.write("lib/shop/__init__.py", "");
    env.write("lib/shop/price.py", "price = 1\n");
    env.write("tests/test_shop.py", "true");
    env.commit("Open the shop");
    env.git(&["push", "--quiet"]);
    env.git(&["switch", "--quiet", "--create", "fix"]);
    env.write("lib/shop/price.py", "price = 2\n");
    // As a test does that imports what is found first.
    env.write("tests/test_price.py", "# import price\ngrep -q 'price = 2' ${PYTHONPATH%%:*}/shop/price.py");
    env.commit("Mend it");
    env.write(".venv/bin/python", PYTHON);
    fs::set_permissions(env.path("work/.venv/bin/python"), fs::Permissions::from_mode(0o755)).unwrap();
    env
}

#[test]
fn the_tree_comes_first_where_an_editable_install_leads_to_the_checkout() {
    let env = editable();
    let proven = check(&env, &[]);
    assert!(proven.status == Some(0) && proven.stdout.contains("1 test fails before"), "{proven}");
}

#[test]
fn a_checkout_that_is_imported_all_the_same_holds_the_fix() {
    let env = editable();
    env.write("lib/first", "");
    let held = check(&env, &[]);
    assert_eq!(held.status, Some(3), "{held}");
    let why = "the tests import `shop` from the checkout, not from the tree that is tested";
    assert!(held.stdout.contains(why) && !held.stdout.contains(&env.path("").display().to_string()), "{held}");
    assert!(!env.path("runs").exists(), "nothing was run");
}
