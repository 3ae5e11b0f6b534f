//! What the program says of itself.

use std::fs;

use insta::assert_snapshot;

use crate::env::TestEnv;

/// The pages are made from the help texts, so what holds for them holds for `--help`.
#[test]
fn every_command_has_a_page_with_an_example() {
    let env = TestEnv::new();
    assert_eq!(env.hotfix(&["man", "--to", "pages"]).status, Some(0));
    let pages: Vec<_> = fs::read_dir(env.path("work/pages")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(pages.len() > 30, "{} pages", pages.len());
    for page in pages {
        let text = fs::read_to_string(&page).unwrap();
        assert!(text.contains("Example"), "{}: no example", page.display());
    }
    assert_snapshot!(env.hotfix(&["man", "backprt"]), @"
    exit status: 2
    --- stderr
    error: there is no command `backprt`
    hint: hotfix --help
    ");
}

#[test]
fn every_shell_has_completions() {
    let env = TestEnv::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = env.hotfix(&["completions", shell]);
        assert!(script.stdout.contains("backport"), "{shell}");
    }
}
