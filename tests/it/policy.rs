//! Whose rules are in force, and what happens when they change.

use std::fs;

use crate::env::{Output, TestEnv};

const START: [&str; 6] = ["start", "Payment API returns 500", "--severity", "P0", "--issue-id", "001"];

/// Two people have to approve a P0.
const TWO: (&str, &str) = ("P0 = []", "P0 = [\"tech-lead\", \"on-call\"]");

fn ok(output: &Output) {
    assert_eq!(output.status, Some(0), "{output}");
}

/// A clone with a declared incident whose fix is committed; two have to approve it.
fn declared() -> TestEnv {
    let env = TestEnv::new();
    env.instant();
    env.configure(TWO.0, TWO.1);
    ok(&env.hotfix(&START));
    env.fix("001");
    env
}

#[test]
fn what_a_work_tree_says_lowers_nothing() {
    let env = declared();
    env.write("hotfix.toml", &env.read("hotfix.toml").replace(TWO.1, TWO.0));
    let shipped = env.hotfix(&["ship"]);
    assert_eq!(shipped.status, Some(3), "{shipped}");
    assert!(shipped.stderr.contains("0 of 2 approvals"), "{shipped}");
    // Nor on the branch of a fix.
    fs::write(env.path("work-001/hotfix.toml"), env.read("hotfix.toml")).unwrap();
    env.git_in("work-001", &["commit", "--quiet", "--all", "--message", "Ask nobody"]);
    let shipped = env.hotfix(&["ship"]);
    assert_eq!(shipped.status, Some(3), "{shipped}");
    assert!(shipped.stderr.contains("judging: the fix changes hotfix's rules"), "{shipped}");
    let declared = env.hotfix(&["declare", "Payment API returns 501", "--severity", "P0"]);
    assert!(declared.stderr.contains("note: hotfix.toml here is another one than origin/main at "), "{declared}");
}

#[test]
fn rules_that_change_hold_until_one_who_may_approve_accepts_them() {
    let env = declared();
    let held = env.hotfix(&["ship"]);
    assert!(held.stderr.contains("0 of 2 approvals"), "{held}");
    env.configure(TWO.1, TWO.0);
    let held = env.hotfix(&["ship"]);
    assert_eq!(held.status, Some(3), "{held}");
    for part in [
        "the rules are not those that the incident was declared under",
        "P0 needs 0 approvals, and needed 2",
        "-P0 = [\"tech-lead\"",
        "+P0 = []",
    ] {
        assert!(held.stderr.contains(part), "{part}: {held}");
    }
    let name = held.stdout.split_whitespace().find(|word| word.starts_with("policy/")).expect("a name").to_owned();
    let by_author = env.hotfix(&["waive", &name, "--reason", "in a hurry"]);
    assert!(by_author.status == Some(1) && by_author.stderr.contains("an author of the fix"), "{by_author}");
    let by_agent = env.hotfix(&["--as", "Bot <a[bot]@example.org>", "waive", &name, "--reason", "in a hurry"]);
    assert!(by_agent.status == Some(1) && by_agent.stderr.contains("not a person"), "{by_agent}");
    ok(&env.hotfix(&["--as", "Grace <grace@example.org>", "waive", &name, "--reason", "nobody else is awake"]));
    ok(&env.hotfix(&["ship"]));
}

#[test]
fn another_change_needs_another_decision_and_the_old_rules_need_none() {
    let env = declared();
    let rules = env.read("hotfix.toml");
    env.settings(&(rules.clone() + "# one\n"));
    let held = env.hotfix(&["ship"]);
    let name = held.stdout.split_whitespace().find(|word| word.starts_with("policy/")).expect("a name").to_owned();
    // The number of approvals is the same, so it is anybody's decision.
    ok(&env.hotfix(&["waive", &name, "--reason", "a comment"]));
    assert!(env.hotfix(&["ship"]).stderr.contains("0 of 2 approvals"));
    env.settings(&(rules.clone() + "# two\n"));
    let held = env.hotfix(&["ship"]);
    assert!(held.stderr.contains("+# two") && !held.stderr.contains(&name), "{held}");
    env.settings(&rules);
    assert!(env.hotfix(&["ship"]).stderr.contains("0 of 2 approvals"));
}

#[test]
fn a_profile_of_ones_own_choice_is_a_change_of_the_rules() {
    let env = declared();
    let held = env.hotfix(&["--profile", "compose", "ship"]);
    assert_eq!(held.status, Some(3), "{held}");
    assert!(held.stderr.contains("the profile is `compose`, and was none"), "{held}");
    assert!(env.hotfix(&["ship"]).stderr.contains("0 of 2 approvals"));
}

#[test]
fn fewer_approvals_are_a_decision_with_a_name_and_a_reason() {
    let env = TestEnv::new();
    env.instant();
    env.configure(TWO.0, TWO.1);
    let low = ["start", "Payment API returns 500", "--severity", "P2"];
    insta::assert_snapshot!(env.hotfix(&low), @r"
    exit status: 2
    --- stderr
    error: fewer people approve: 2 by the rules, 1 with P2 instead of P0
    hint: say why: --reason ...
    ");
    let drill = [&low[..], &["--reason", "a drill"]].concat();
    let by_agent = env.hotfix(&[&["--as", "Bot <a[bot]@example.org>"], &drill[..]].concat());
    assert!(
        by_agent.status == Some(1) && by_agent.stderr.contains("may not lower the number of approvals"),
        "{by_agent}"
    );
    ok(&env.hotfix(&drill));
    let timeline = env.hotfix(&["timeline"]);
    let decision = "1 approval instead of 2, by P2 instead of P0: a drill";
    assert!(timeline.stdout.contains(decision), "{timeline}");
}

#[test]
fn the_rules_of_the_base_judge_a_branch() {
    let env = TestEnv::new();
    env.write("hotfix.toml", "[check]\noff_alone = []\n[guard]\nmarker = \"HOTFIX:\"\nregression_test = false\n");
    env.write("pay.py", "def pay(amount):\n    return amount\n");
    env.publish("Begin");
    env.git(&["switch", "--quiet", "--create", "fix"]);
    env.write("pay.py", "def pay(amount):\n    return amount + 1\n");
    env.write("hotfix.toml", "[check]\noff_alone = []\n[guard]\nmarker = \"\"\nregression_test = false\n");
    env.commit("Fix");
    let checked = env.hotfix(&["check", "--base", "main", "--only", "guard"]);
    assert_eq!(checked.status, Some(3), "{checked}");
    assert!(checked.stdout.contains("BLOCK  marker") && checked.stdout.contains("BLOCK  judging"), "{checked}");
}

#[test]
fn without_rules_on_production_those_of_the_work_tree_are_taken_and_that_is_said() {
    let env = TestEnv::new();
    env.write("hotfix.toml", "[review.roles]\nP0 = []\n");
    let started = env.hotfix(&START);
    assert!(
        started
            .stderr
            .contains("note: `main` on `origin` has no hotfix.toml yet: the one of the work tree is followed"),
        "{started}"
    );
    env.git(&["remote", "remove", "origin"]);
    let declared = env.hotfix(&["declare", "Payment API returns 501", "--severity", "P0"]);
    assert!(
        declared.stderr.contains("note: there is no remote `origin`: the one of the work tree is followed"),
        "{declared}"
    );
}

#[test]
fn the_default_branch_says_which_one_is_production() {
    let env = TestEnv::new();
    env.write("hotfix.toml", "git.production = \"live\"\n[review.roles]\nP0 = [\"one\"]\n");
    env.publish("Begin");
    env.git(&["switch", "--quiet", "--create", "live"]);
    env.write("hotfix.toml", "git.production = \"live\"\n[review.roles]\nP0 = [\"one\", \"two\"]\n");
    env.commit("Ask two");
    env.git(&["push", "--quiet", "origin", "live"]);
    env.git(&["switch", "--quiet", "main"]);
    // A work tree that names another branch is not asked.
    env.write("hotfix.toml", "git.production = \"main\"\n");
    let declared = env.hotfix(&["declare", "Payment API returns 500", "--severity", "P0"]);
    assert!(declared.stderr.contains("note: hotfix.toml here is another one than origin/live at "), "{declared}");
}

#[test]
fn a_clone_that_is_behind_asks_the_remote_before_it_holds() {
    let env = TestEnv::new();
    env.instant();
    env.git_in(".", &["clone", "--quiet", "remote.git", "other"]);
    env.configure(TWO.0, TWO.1);
    ok(&env.hotfix(&["declare", "Payment API returns 500", "--severity", "P0"]));
    let reads = env.run(&mut env.command_in("other", &["status"]));
    ok(&reads);
    // What was fetched last, and the remote was not asked.
    let behind = env.git_in("other", &["rev-parse", "origin/main"]);
    assert_ne!(behind, env.git(&["rev-parse", "HEAD"]));
    let declared =
        env.run(&mut env.command_in("other", &["declare", "Payment API returns 502", "--severity", "P0", "--json"]));
    ok(&declared);
    assert_eq!(env.git_in("other", &["rev-parse", "origin/main"]), env.git(&["rev-parse", "HEAD"]));
}

#[test]
fn a_mistake_on_production_is_shown_at_its_place() {
    let env = TestEnv::new();
    env.write("hotfix.toml", "wotch = 1\n");
    env.publish("Begin");
    insta::assert_snapshot!(env.hotfix(&["status"]), @r"
    exit status: 2
    --- stderr
    error: there is no setting `wotch`
       ╭─[origin/main:hotfix.toml:1:1]
     1 │ wotch = 1
       · ─────
       ╰────
      help: did you mean `watch`?
    ");
}

#[test]
fn going_back_is_held_by_no_rules() {
    let env = TestEnv::new();
    env.instant();
    ok(&env.hotfix(&[&START[..4], &["--issue-id", "000"]].concat()));
    env.fix("000");
    ok(&env.hotfix(&["ship"]));
    ok(&env.hotfix(&["deploy", "hotfix-000", "--yes"]));
    ok(&env.hotfix(&START));
    env.settings(&(env.read("hotfix.toml") + "# changed\n"));
    ok(&env.hotfix(&["decide", "001", "--strategy", "A", "--reason", "at once"]));
    let back = env.hotfix(&["ship", "001"]);
    assert!(!back.stderr.contains("the rules are not those"), "{back}");
    assert!(back.stderr.contains("  ok    prepare "), "{back}");
}

#[test]
fn whoever_edits_the_rules_here_is_told_by_every_command_that_acts() {
    let env = TestEnv::new();
    env.instant();
    env.write("hotfix.toml", &(env.read("hotfix.toml") + "# edited\n"));
    for command in [&["deploy", "v1", "--dry-run"][..], &["watch"], &["rollback", "--dry-run"]] {
        let said = env.hotfix(command).stderr;
        assert_eq!(said.matches("note: hotfix.toml here is another one than origin/main at ").count(), 1, "{said}");
    }
    assert!(!env.hotfix(&["status"]).stderr.contains("note:"));
    let declared = env.hotfix(&["declare", "Payment API returns 500", "--severity", "P0"]).stderr;
    assert_eq!(declared.matches("note: hotfix.toml here").count(), 1, "{declared}");
}
