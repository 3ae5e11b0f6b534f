//! `hotfix backport`, alone in a repository without any setup.

use std::fs;

use insta::assert_snapshot;

use crate::env::TestEnv;

/// Branches that stand differently towards a fix of `README.md`, and the fix.
fn branches() -> (TestEnv, String) {
    let env = TestEnv::new();
    let branch = |name: &str, readme: &str| {
        env.git(&["checkout", "--quiet", "--detach", "main"]);
        env.write("README.md", readme);
        env.write("own.txt", name);
        env.commit(name);
        env.git(&["push", "--quiet", "origin", &format!("HEAD:refs/heads/{name}")]);
    };
    branch("feature/clean", "payment-api\n");
    branch("feature/conflict", "payments\n");
    branch("feature/conflict-too", "payments\n");
    branch("feature/fixed", "payment-api, fixed\n");
    env.git(&["checkout", "--quiet", "main"]);
    env.write("README.md", "payment-api, fixed\n");
    let fix = env.commit("Fix it");
    (env, fix)
}

#[test]
fn a_dry_run_moves_nothing() {
    let (env, fix) = branches();
    let before = env.git_in("remote.git", &["for-each-ref"]);
    let output = env.hotfix(&["backport", &fix, "--to", "feature/*", "--dry-run"]);
    assert_snapshot!(output, @r"
    exit status: 0
    --- stdout
    needs it     feature/clean         [COMMIT] -> [COMMIT]
    conflict     feature/conflict      README.md
    conflict     feature/conflict-too  README.md
    equivalent   feature/fixed         has it by [COMMIT]

    1 branch would move, 2 of 4 need a person, [DURATION]
    ");
    assert_eq!(env.git_in("remote.git", &["for-each-ref"]), before);
}

#[test]
fn from_the_fix_to_every_branch() {
    let (env, fix) = branches();
    assert_snapshot!(env.hotfix(&["backport", &fix, "--to", "feature/*", "--id", "H1"]), @r"
    exit status: 4
    --- stdout
    picked       feature/clean         [COMMIT] -> [COMMIT]
    conflict     feature/conflict      README.md
    conflict     feature/conflict-too  README.md
    equivalent   feature/fixed         has it by [COMMIT]

    1 branch moved in [DURATION]; 2 of 4 need a person
    next: hotfix backport --resolve feature/conflict
    ");
    assert_snapshot!(env.hotfix(&["backport", "--verify"]), @r"
    exit status: 1
    --- stdout
    equivalent   feature/clean         has it by [COMMIT]
    conflict     feature/conflict      README.md
    conflict     feature/conflict-too  README.md
    equivalent   feature/fixed         has it by [COMMIT]

    2 of 4 targets have the fix
    next: hotfix backport --resolve feature/conflict
    ");
    assert_snapshot!(env.hotfix(&["backport", "--resolve", "feature/conflict"]), @r"
    exit status: 0
    --- stdout
    the conflict of feature/conflict is in [SANDBOX]/work/.git/hotfix/backports/H1/feature-conflict
      README.md
    next: edit these, `git add` them there, then `hotfix backport --continue`
    ");
    assert_snapshot!(env.hotfix(&["backport", "--continue"]), @r"
    exit status: 1
    --- stderr
    error: `feature/conflict` is not resolved yet: README.md
    hint: edit these in [SANDBOX]/work/.git/hotfix/backports/H1/feature-conflict, then `git add` them
    ");
    let place = env.path("work/.git/hotfix/backports/H1/feature-conflict");
    fs::write(place.join("README.md"), "payments, fixed\n").unwrap();
    env.git(&["-C", &place.display().to_string(), "add", "."]);
    assert_snapshot!(env.hotfix(&["backport", "--continue", "--yes"]), @r"
    exit status: 0
    --- stdout
    equivalent   feature/clean         has it by [COMMIT]
    picked       feature/conflict      [COMMIT] -> [COMMIT], resolved by Ada <ada@example.org>
    picked       feature/conflict-too  [COMMIT] -> [COMMIT], resolved by Ada <ada@example.org>
    equivalent   feature/fixed         has it by [COMMIT]

    2 branches moved in [DURATION]; 0 of 4 need a person
    ");
    assert_eq!(env.git_in("remote.git", &["show", "feature/conflict-too:README.md"]), "payments, fixed");
    assert_eq!(env.git_in("remote.git", &["show", "feature/conflict-too:own.txt"]), "feature/conflict-too");
    assert!(!place.exists());
    assert_snapshot!(env.hotfix(&["backport", "--verify"]), @r"
    exit status: 0
    --- stdout
    equivalent   feature/clean         has it by [COMMIT]
    resolved     feature/conflict      by Ada <ada@example.org> in [COMMIT]
    resolved     feature/conflict-too  by Ada <ada@example.org> in [COMMIT]
    equivalent   feature/fixed         has it by [COMMIT]

    4 of 4 targets have the fix
    ");
}

#[test]
fn a_fix_of_two_commits_shows_which_of_them_is_in_conflict() {
    let env = TestEnv::new();
    for name in ["one.txt", "two.txt"] {
        env.write(name, "theirs\n");
    }
    env.git(&["checkout", "--quiet", "--detach", "main"]);
    env.commit("Ours");
    env.git(&["push", "--quiet", "origin", "HEAD:refs/heads/feature/a"]);
    env.git(&["checkout", "--quiet", "main"]);
    env.write("one.txt", "fixed\n");
    env.commit("Fix one");
    env.write("two.txt", "fixed\n");
    env.commit("Fix two");
    env.hotfix(&["backport", "main~2..main", "--to", "feature/*", "--id", "H1"]);
    let place = env.path("work/.git/hotfix/backports/H1/feature-a");
    let settle = |file: &str| {
        env.hotfix(&["backport", "--resolve", "feature/a"]);
        fs::write(place.join(file), "theirs, fixed\n").unwrap();
        env.git(&["-C", &place.display().to_string(), "add", "."]);
        env.hotfix(&["backport", "--continue"])
    };
    assert_snapshot!(settle("one.txt"), @r"
    exit status: 4
    --- stdout
    conflict     feature/a  commit 2 of 2: two.txt

    0 branches moved in [DURATION]; 1 of 1 need a person
    next: hotfix backport --resolve feature/a
    ");
    assert_snapshot!(env.hotfix(&["backport", "--continue"]), @r"
    exit status: 4
    --- stdout
    conflict     feature/a  commit 2 of 2: two.txt

    0 branches moved in [DURATION]; 1 of 1 need a person
    next: hotfix backport --resolve feature/a
    ");
    assert_eq!(env.hotfix(&["backport", "--verify"]).status, Some(1));
    assert_snapshot!(settle("two.txt"), @r"
    exit status: 0
    --- stdout
    picked       feature/a  [COMMIT] -> [COMMIT], resolved by Ada <ada@example.org>

    1 branch moved in [DURATION]; 0 of 1 need a person
    ");
    assert_snapshot!(env.hotfix(&["backport", "--verify"]), @r"
    exit status: 0
    --- stdout
    resolved     feature/a  by Ada <ada@example.org> in [COMMIT]

    1 of 1 targets have the fix
    ");
}

#[test]
fn undo_puts_back_what_did_not_go_on() {
    let (env, fix) = branches();
    env.hotfix(&["backport", &fix, "--to", "feature/clean", "--to", "main"]);
    assert_snapshot!(env.hotfix(&["backport", "--undo"]), @r"
    exit status: 2
    --- stderr
    error: to put back the branches that the backport of `[HASH]` moved, somebody has to agree
    hint: add --yes
    ");
    assert_snapshot!(env.hotfix(&["backport", "--undo", "--yes"]), @r"
    exit status: 0
    --- stdout
    2 branches put back
    ");
    assert_eq!(env.git_in("remote.git", &["show", "feature/clean:README.md"]), "payment-api");
}

#[test]
fn what_is_no_commit_is_refused() {
    let env = TestEnv::new();
    assert_snapshot!(env.hotfix(&["backport", "nothing", "--to", "*"]), @r"
    exit status: 1
    --- stderr
    error: `nothing` is not a commit, a range or a branch
    hint: git fetch, or look for it with `git log --all`
    ");
    assert_snapshot!(env.hotfix(&["backport", "--continue"]), @r"
    exit status: 1
    --- stderr
    error: there is no backport to continue
    hint: hotfix backport COMMIT --to GLOB
    ");
}

#[test]
fn a_pattern_that_fits_no_branch_is_a_mistake() {
    let (env, fix) = branches();
    assert_snapshot!(env.hotfix(&["backport", &fix, "--to", "feature/*", "--to", "feature/claen", "--dry-run"]), @r"
    exit status: 2
    --- stderr
    error: no branch of `origin` fits `feature/claen`
    hint: did you mean `feature/clean` or `feature/conflict` or `feature/fixed`?
    ");
    let before = env.git_in("remote.git", &["for-each-ref"]);
    for mistake in [&["--to", "nothing/*"][..], &["--to", "feature/*", "--except", "feature/fix"]] {
        let output = env.hotfix(&[&["backport", &fix], mistake].concat());
        assert_eq!(output.status, Some(2), "{output}");
    }
    assert_eq!(env.git_in("remote.git", &["for-each-ref"]), before);
}
