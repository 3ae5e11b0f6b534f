//! Many branches that need nothing: named together, waived together, or not asked for.

use insta::assert_snapshot;

use crate::env::{Output, TestEnv};

/// An incident whose fix conflicts with three branches, which were there before the break, up to its backport.
fn stuck(more: &[&str]) -> (TestEnv, Output) {
    let env = TestEnv::new();
    env.instant();
    let rule = "\n[[backport.rule]]\nbranches = \"feature/*\"\nmode = \"pick\"\n";
    env.write("hotfix.toml", &(env.read("hotfix.toml") + rule));
    env.write("fix.txt", "before\n");
    env.commit("Backport to features");
    for name in ["feature/a", "feature/b", "feature/c"] {
        env.git(&["push", "--quiet", "origin", &format!("HEAD:refs/heads/{name}")]);
    }
    env.write("fix.txt", "broken\n");
    let breaking = env.commit("Break it");
    env.git(&["push", "--quiet"]);
    let more: Vec<&str> = more.iter().map(|one| if *one == "BREAKING" { breaking.as_str() } else { one }).collect();
    let start = ["start", "Payment API returns 500", "--severity", "P0", "--issue-id", "001"];
    env.hotfix(&[&start[..], &more].concat());
    env.fix("001");
    let shipped = env.hotfix(&["ship"]);
    (env, shipped)
}

#[test]
fn a_pattern_waives_the_branches_that_lack_the_fix() {
    let (env, shipped) = stuck(&[]);
    assert_eq!(shipped.status, Some(4), "{shipped}");
    let expected = "the fix is not on 3 branches: conflict in fix.txt on 3 branches (feature/a, feature/b, feature/c)";
    assert!(shipped.stderr.contains(expected), "{shipped}");
    assert_snapshot!(env.hotfix(&["waive", "release/*", "--reason", "old"]), @r"
    exit status: 2
    --- stderr
    error: no branch that lacks the fix fits `release/*`
    hint: hotfix status 001
    ");
    assert_snapshot!(env.hotfix(&["waive", "feature/[ab]", "--reason", "not released"]), @r"
    exit status: 0
    --- stdout
    feature/a is waived by Ada <ada@example.org>
    feature/b is waived by Ada <ada@example.org>
    next: hotfix ship
    ");
    let again = env.hotfix(&["resume"]);
    assert!(again.stderr.contains("the fix is not on `feature/c` (conflict in fix.txt)"), "{again}");
    env.hotfix(&["waive", "feature/*", "--reason", "not released"]);
    let closed = env.hotfix(&["resume"]);
    assert_eq!(closed.status, Some(0), "{closed}");
    let report = env.hotfix(&["report", "001"]).stdout;
    let line = "- 3 branches: waived (fix.txt): `feature/a`, `feature/b`, `feature/c`\n";
    assert!(report.contains(line), "{report}");
    let events = env.hotfix(&["timeline", "--events", "001"]).stdout;
    assert_eq!(events.matches("\"event\":\"waived\"").count(), 3, "{events}");
}

#[test]
fn branches_without_the_commit_that_broke_it_are_not_asked_for() {
    let (env, shipped) = stuck(&["--broken-by", "BREAKING"]);
    assert_eq!(shipped.status, Some(0), "{shipped}");
    let report = env.hotfix(&["report", "001"]).stdout;
    assert!(report.contains("- 3 branches: not-affected, never had "), "{report}");
    let unknown = env.hotfix(&["start", "Login broken", "--severity", "P1", "--broken-by", "nothing"]);
    assert!(unknown.stderr.contains("`nothing` is not a commit of this clone"), "{unknown}");
}
