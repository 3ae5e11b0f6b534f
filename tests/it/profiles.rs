//! The whole job by each profile, compared with what its workflow says; docs/profiles.md has the
//! rest of each workflow.

use insta::assert_snapshot;
use serde_json::Value;

use crate::env::TestEnv;

/// Everything instant, and a fix that a command makes.
const SHOP: &str = r#"
[[gate]]
name = "tests"
command = ["true"]
limit = "1m"

[proof]
runs = 1

[proof.by.command]
run = """
grep -q 30000 payment.py && fails='' || fails='<failure message="too short"/>'
echo "<testsuite><testcase name='waits'>$fails</testcase></testsuite>" > "$HOTFIX_REPORT"
test -z "$fails"
"""

[deploy.by.command]
deploy = 'echo "$HOTFIX_RELEASE" > ../running'
current = "cat ../running"

[watch]
window = "50ms"
certify = 0.9

[[watch.probe]]
name = "health"
every = "1ms"
by.memory = {}

"#;

/// How a team works that follows one of the workflows.
struct Team {
    profile: &'static str,
    /// The tracker's identifier, where it has a tracker.
    issue: Option<&'static str>,
    /// What stands above the line that is fixed.
    comment: &'static str,
    /// Whether the fix has a test.
    test: bool,
    /// Who approves, as what.
    approvers: &'static [(&'static str, &'static str)],
}

#[test]
fn compose() {
    let team = Team { profile: "compose", issue: Some("001"), comment: "", test: true, approvers: &[] };
    assert_snapshot!(job(&team), @r"
    branch: hotfix/{id}-payment-api-returns-500 from main
    work tree: ../work-hotfix-{id}
    review: afterwards
    tag: hotfix-{id} (tag)
    develop: merged
    feature/ledger: picked
    feature/refunds: picked
    main: merged
    release/2.3: picked
    the branch is gone
    files:
      CHANGELOG.md
      docs/issues/{id}-payment-api-returns-500.md
      docs/post-mortems/{id}-payment-api-returns-500.md
      payment.py
      tests/test_payment.py
    changelog: [hotfix-{id}]
    report: # {id} closed, ## Issue, ## Fix, ## Timeline, ## Deployment, ## Git, ## Verification, ## Next steps
    next steps:
      1. review the fix
      2. run the full test suite
      3. hold the post-mortem
    limit: 2 h, post-mortem: 48 h
    checklists: post_deploy 2, post_incident 1, pre_deploy 2
    ");
}

#[test]
fn kubernetes() {
    let team = Team { profile: "kubernetes", issue: Some("001"), comment: "", test: true, approvers: &[] };
    assert_snapshot!(job(&team), @r"
    branch: hotfix/{id} from main
    work tree: ../work-{id}
    review: afterwards
    tag: hotfix-{id} (tag)
    develop: merged
    feature/ledger: merged
    feature/refunds: merged
    main: merged
    release/2.3: merged
    the branch is gone
    files:
      CHANGELOG.md
      docs/issues/{id}-payment-api-returns-500.md
      docs/post-mortems/{id}-payment-api-returns-500.md
      payment.py
      tests/test_payment.py
    changelog: [hotfix-{id}]
    report: ## {id} closed, ### Changes, ### Deployed, ### Git, ### Verification, ### Next steps
    next steps:
      1. review the fix
      2. run the full test suite
      3. hold the post-mortem
    limit: 2 h, post-mortem: 24 h
    checklists: post_deploy 3, post_incident 1, pre_deploy 5
    ");
}

#[test]
fn incident() {
    let approvers = &[("Grace <grace@example.org>", "tech-lead"), ("Linus <linus@example.org>", "on-call")];
    let team = Team { profile: "incident", issue: None, comment: "# HOTFIX: the bank is slow", test: true, approvers };
    assert_snapshot!(job(&team), @r"
    branch: hotfix/{date}-payment-api-returns-500 from production-v2.3.1
    work tree: ../work-{id}
    review: next: hotfix approve {id} --role tech-lead; next: hotfix approve {id} --role on-call
    tag: v2.3.2-hotfix.1 (tag)
    develop: as before
    feature/ledger: as before
    feature/refunds: as before
    main: merged
    release/2.3: as before
    the branch is gone
    files:
      CHANGELOG.md
      docs/issues/{id}-payment-api-returns-500.md
      docs/post-mortems/{id}-payment-api-returns-500.md
      payment.py
      tests/test_payment.py
    changelog: [2.3.2-hotfix.1]
    report: # {id} closed, ## Issue, ## Fix, ## Timeline, ## Deployment, ## Git, ## Verification, ## Next steps
    next steps:
      1. run the full test suite
      2. hold the post-mortem
    limit: 2 h, post-mortem: 48 h
    checklists: code 7, post_deploy 7, post_incident 1, pre_deploy 5, review 12
    ");
}

#[test]
fn pull_request() {
    let approvers = &[("Grace <grace@example.org>", "reviewer")];
    let team = Team { profile: "pull-request", issue: None, comment: "", test: false, approvers };
    assert_snapshot!(job(&team), @r"
    branch: hotfix/payment-api-returns-500 from main
    work tree: ../work-{id}
    review: next: hotfix approve {id} --role reviewer
    tag: hotfix-{date}-001 (tag)
    develop: as before
    feature/ledger: as before
    feature/refunds: as before
    main: merged
    release/2.3: as before
    the branch is gone
    files:
      CHANGELOG.md
      docs/issues/{id}-payment-api-returns-500.md
      docs/post-mortems/{id}-payment-api-returns-500.md
      payment.py
    changelog: [hotfix-{date}-001]
    report: # {id} closed, ## Issue, ## Fix, ## Timeline, ## Deployment, ## Git, ## Verification, ## Next steps
    next steps:
      1. run the full test suite
      2. hold the post-mortem
    limit: 0.5 h, post-mortem: 48 h
    checklists: deploy 4, post_deploy 5, post_incident 3, pre_deploy 6, review 4
    ");
}

#[test]
fn service() {
    let approvers = &[("Grace <grace@example.org>", "reviewer")];
    let team =
        Team { profile: "service", issue: None, comment: "# Hotfix (v2.3.2): the bank is slow", test: true, approvers };
    assert_snapshot!(job(&team), @r"
    branch: hotfix/{id}-payment-api-returns-500 from main
    work tree: ../work-{id}
    review: next: hotfix approve {id} --role reviewer
    tag: v2.3.2 (tag)
    develop: as before
    feature/ledger: as before
    feature/refunds: as before
    main: merged
    release/2.3: as before
    the branch is gone
    files:
      CHANGELOG.md
      docs/issues/{id}-payment-api-returns-500.md
      docs/post-mortems/{id}-payment-api-returns-500.md
      payment.py
      tests/test_payment.py
    changelog: [2.3.2]
    report: # {id} closed, ## Issue, ## Fix, ## Timeline, ## Deployment, ## Git, ## Verification, ## Next steps
    next steps:
      1. run the full test suite
      2. hold the post-mortem
    limit: 2 h, post-mortem: 48 h
    checklists: code 14, design 7, diagnosis 11, post_deploy 5, post_incident 1, pre_deploy 7
    ");
}

/// Does the whole job, and returns what became of the repository.
fn job(team: &Team) -> String {
    let env = shop(team);
    let main = env.git(&["rev-parse", "main"]);
    let mut start = vec!["Payment API returns 500", "--severity", "P0", "--json"];
    start.extend(team.issue.into_iter().flat_map(|issue| ["--issue-id", issue]));
    let started = env.hotfix(&start);
    assert_eq!(started.status, Some(0), "{started}");
    let started: Value = serde_json::from_str(&started.stdout).unwrap();
    let id = started["incident"]["id"].as_str().unwrap().to_owned();

    let branch = env.git(&["branch", "--list", "hotfix/*", "--format=%(refname:short)"]);
    // A first commit has the ticket, where the profile wants it at once or the name does not tell whose it is.
    let base = match env.git(&["rev-parse", &branch]) {
        tip if tip == main => tip,
        tip => env.git(&["rev-parse", &format!("{tip}^")]),
    };
    let from = if base == main { "main".to_owned() } else { env.git(&["describe", "--tags", "--exact-match", &base]) };
    let trees = env.git(&["worktree", "list", "--porcelain"]);
    let (_, work_tree) = trees.lines().rfind(|line| line.starts_with("worktree ")).unwrap().rsplit_once('/').unwrap();
    let mut account = format!("branch: {branch} from {from}\nwork tree: ../{work_tree}\n");

    account.push_str(&format!("review: {}\n", review(&env, team)));
    let shipped = env.hotfix(&["ship"]);
    assert_eq!(shipped.status, Some(0), "{shipped}");
    account.push_str(&repository(&env, &branch));
    account.push_str(&documents(&env, &main, &id));
    let day = id.split('-').nth(1).unwrap_or(&id);
    account.replace(&id, "{id}").replace(day, "{date}")
}

/// A repository as the workflows know it, with main one commit ahead of what production runs.
fn shop(team: &Team) -> TestEnv {
    let env = TestEnv::new();
    let test = if team.test { "mkdir -p tests && echo 'def test(): pass' > tests/test_payment.py" } else { "true" };
    let fix = format!(
        "printf '%s\\ntimeout = 30000\\n' '{}' > payment.py && {test} && git add --all && git commit --quiet -m 'hotfix: wait longer'",
        team.comment
    );
    env.settings(&format!("profile = \"{}\"\n{SHOP}[fix]\ncommand = \"\"\"{fix}\"\"\"\n", team.profile));
    env.write("payment.py", "timeout = 500\n");
    env.write("../running", "v2.3.1\n");
    env.commit("Sell");
    env.git(&["tag", "v2.3.0", "HEAD^"]);
    env.git(&["tag", "production-v2.3.1"]);
    env.write("README.md", "what is not in production yet\n");
    env.commit("Write");
    for branch in ["develop", "release/2.3", "feature/refunds", "feature/ledger"] {
        env.git(&["branch", branch]);
    }
    env.git(&["push", "--quiet", "--all", "origin"]);
    env.git(&["push", "--quiet", "--tags", "origin"]);
    env
}

/// Ships up to the review and gives the approvals; returns what was waited for.
fn review(env: &TestEnv, team: &Team) -> String {
    if team.approvers.is_empty() {
        return "afterwards".to_owned();
    }
    let mut wanted = Vec::new();
    for (person, role) in team.approvers {
        let held = env.hotfix(&["ship"]);
        assert_eq!(held.status, Some(3), "{held}");
        wanted.push(held.stdout.lines().find(|line| line.starts_with("next: hotfix approve")).unwrap().to_owned());
        let approved = env.hotfix(&["--as", person, "approve", "--role", role]);
        assert_eq!(approved.status, Some(0), "{approved}");
    }
    wanted.join("; ")
}

/// What the remote has afterwards, by git alone.
fn repository(env: &TestEnv, branch: &str) -> String {
    let remote = |args: &[&str]| env.git_in("remote.git", args);
    let old = ["v2.3.0", "production-v2.3.1"];
    let tags = remote(&["tag", "--list", "--format=%(refname:short) (%(objecttype))"]);
    let tags: Vec<_> = tags.lines().filter(|tag| !old.iter().any(|old| tag.starts_with(&format!("{old} ")))).collect();
    let (name, _) = tags[0].split_once(' ').unwrap();
    let fix = remote(&["rev-parse", &format!("{name}^{{commit}}")]);
    let mut text = format!("tag: {}\n", tags.join(", "));
    for target in remote(&["branch", "--list", "--format=%(refname:short)"]).lines() {
        let merged = !remote(&["branch", "--list", target, "--contains", &fix]).is_empty();
        let fixed = remote(&["show", &format!("{target}:payment.py")]).contains("30000");
        text.push_str(&format!(
            "{target}: {}\n",
            match (merged, fixed) {
                (true, true) => "merged",
                (false, true) => "picked",
                _ => "as before",
            }
        ));
    }
    let gone = remote(&["branch", "--list", branch]).is_empty() && env.git(&["branch", "--list", branch]).is_empty();
    text.push_str(&format!("the branch is {}\n", if gone { "gone" } else { "there" }));
    text
}

/// What is written down afterwards, and until when the rest is due.
fn documents(env: &TestEnv, main: &str, id: &str) -> String {
    env.git(&["fetch", "--quiet"]);
    let files = env.git(&["diff", "--name-only", main, "origin/main"]);
    let mut text = format!("files:\n  {}\n", files.replace('\n', "\n  "));
    let changelog = env.git(&["show", "origin/main:CHANGELOG.md"]);
    let (version, _) = changelog.lines().find_map(|line| line.strip_prefix("## ")?.split_once(" - ")).unwrap();
    text.push_str(&format!("changelog: {version}\n"));
    let report = env.hotfix(&["report"]).stdout;
    let headings: Vec<_> = report.lines().filter(|line| line.starts_with('#')).collect();
    text.push_str(&format!("report: {}\n", headings.join(", ")));
    let (_, next) = report.split_once("ext steps\n\n").unwrap();
    // Without the time, and without the commit that is reviewed.
    let first_part = |line: &str| {
        let part = line.split(", ").next().unwrap();
        format!("  {}\n", if part.contains("review ") { "1. review the fix" } else { part })
    };
    text.push_str(&format!("next steps:\n{}", next.lines().map(first_part).collect::<String>()));
    let status: Value = serde_json::from_str(&env.hotfix(&["status", id, "--json"]).stdout).unwrap();
    let clocks = &status["incidents"][0]["clocks"];
    let hours = |clock: &str| clocks[clock]["allowed"].as_f64().unwrap() / 3600.0;
    text.push_str(&format!("limit: {} h, post-mortem: {} h\n", hours("limit"), hours("post_mortem")));
    let lists: Value = serde_json::from_str(&env.hotfix(&["checklist", "--json"]).stdout).unwrap();
    let lists = lists["checklist"].as_object().unwrap().iter();
    let lists: Vec<_> = lists.map(|(list, items)| format!("{list} {}", items.as_array().unwrap().len())).collect();
    text + &format!("checklists: {}\n", lists.join(", "))
}
