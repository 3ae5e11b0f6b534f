//! What `--json` prints is promised: docs/json.md says what, docs/schema/ holds it, and every run of the
//! tests is compared with it (`env/promise.rs`).

use std::collections::BTreeSet;
use std::fmt::Write;

use serde_json::{Value, json};

use crate::env::TestEnv;
use crate::env::promise::{breaches, names};

/// Runs commands with `--json`, and keeps an account of what they printed.
struct Account {
    env: TestEnv,
    text: String,
    commands: BTreeSet<String>,
}

impl Account {
    fn new() -> Account {
        let env = TestEnv::new();
        env.instant();
        env.configure("P0 = []", "P0 = [\"on-call\"]");
        env.commit("Ask for an approval");
        env.git(&["tag", "v1.0.0"]);
        env.git(&["push", "--quiet", "origin", "main", "main:feature/one", "v1.0.0"]);
        Account { env, text: String::new(), commands: BTreeSet::new() }
    }

    /// Runs a command, whose output `hotfix` compares with its schema, and returns it.
    fn run(&mut self, line: &str) -> Value {
        let words: Vec<&str> = line.split(' ').chain(["--json"]).collect();
        let output = self.env.hotfix(&words);
        // Of several lines the last one is the end.
        let printed = serde_json::from_str(&output.stdout);
        let last = || serde_json::from_str(output.stdout.lines().last().unwrap_or_default());
        let printed: Value = printed.or_else(|_| last()).unwrap_or_else(|_| panic!("{line}: {output}"));
        let keys: Vec<_> = printed.as_object().unwrap().keys().map(String::as_str).collect();
        let _ = writeln!(self.text, "{line}: {}", keys.join(", "));
        self.commands.insert(words[0].to_owned());
        printed
    }
}

#[test]
fn every_command_prints_what_is_promised() {
    let mut account = Account::new();
    let run = &mut account;
    before(run);
    job(run);
    taken_over(run);
    orders(run);
    backports(run);
    // tests/it/demo.rs runs the demo; any command may print an error.
    let missing: Vec<_> =
        names().filter(|name| !run.commands.contains(*name) && !["demo", "error"].contains(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    insta::assert_snapshot!(account.text, @r"
    issue checkout-is-slow: file, route, rule, severity
    init --dry-run: guessed, path, text
    completions bash: script, shell
    man: name, page
    man --to ../man: directory
    people: differs, from, people, problems, proof, touch
    resume: incident, late_notices
    status: incidents, orders, post_mortems, requests
    status NONE: error
    watch --name alone: errors, final, forecast, outage, p95_ms, reasons, replay, replay_latency, requests, seconds, tests, verdict, went_on
    start Outage --severity P1 --dry-run: chosen_by, severity, steps
    declare Outage --severity P1 --issue-id 001: approvals_wanted, backports, incident, next, next_action, release, steps, working
    ack: approvals_wanted, backports, incident, next, next_action, release, steps, working
    inbox: requests, sent
    note seen: approvals_wanted, backports, incident, next, next_action, release, steps, working
    severity P0 --reason worse: approvals_wanted, backports, incident, next, next_action, release, steps, working
    investigate: approvals_wanted, backports, incident, investigation, next, next_action, release, steps, working
    decide: approvals_wanted, backports, incident, next, next_action, release, steps, working
    ship --dry-run: plan
    ship: approvals_wanted, backports, incident, next, next_action, release, steps, working
    check: approvals_wanted, backports, check, incident, next, next_action, release, steps, working
    waive size --reason tried: approvals_wanted, backports, incident, next, next_action, release, steps, working
    ship: approvals_wanted, backports, incident, next, next_action, release, steps, working
    diff: base, check, commit, diff, incident
    approve --role on-call --as Eva<eva@example.org>: approvals_wanted, backports, incident, next, next_action, release, steps, working
    deploy: approvals_wanted, backports, incident, next, next_action, release, steps, working
    rollback --dry-run: from, rung, to
    abort --reason tried --dry-run: undo
    resume --dry-run: plan
    resume: approvals_wanted, backports, incident, next, next_action, release, steps, working
    action add prevent Alert --owner ada: actions, incident
    checklist: checklist
    status: incidents, orders, post_mortems, requests
    timeline: timeline
    timeline --events: events
    report: incident, report
    postmortem: incident, post_mortem
    start Again --severity P1 --issue-id 002: approvals_wanted, backports, incident, next, next_action, release, steps, working
    status: incidents, orders, post_mortems, requests
    abort --reason tried --yes: approvals_wanted, backports, incident, next, next_action, release, steps, working
    list: incidents
    takeover 003 --reason gone --dry-run: elsewhere, events, incident, may_still_run
    takeover 003 --reason gone --yes: approvals_wanted, backports, incident, next, next_action, release, steps, working
    abort 003 --reason tried --yes: approvals_wanted, backports, incident, next, next_action, release, steps, working
    deploy v1.0.0 --dry-run: plan
    deploy v1.0.0 --yes: approvals_wanted, next, next_action, order, steps, working
    deploy v1.0.0 --yes: nothing_to_do
    rollback --dry-run: plan
    rollback --yes: approvals_wanted, next, next_action, order, steps, working
    timeline --events: events
    log: environment, releases
    audit verify: elsewhere, incidents, intact, lists, missing, retreats, unreachable
    lease: commands, leases
    notify list: pending
    store import sqlite: imported, unchanged
    check --base v1.0.0 --only guard: base, commit, gates, seconds, tree, violations
    backport [HASH] --to feature/* --dry-run: fix, left_out, pushed, seconds, targets
    backport [HASH] --to feature/*: fix, left_out, pushed, seconds, targets
    backport [HASH] --to feature/* --verify: fix, left_out, pushed, seconds, targets
    backport --resolve feature/two: branch, files, work_tree
    backport --undo --yes: back, refused, went_on
    ");
}

/// What needs no incident.
fn before(run: &mut Account) {
    run.run("issue checkout-is-slow");
    run.run("init --dry-run");
    run.run("completions bash");
    run.run("man");
    run.run("man --to ../man");
    run.run("people");
    run.run("resume");
    run.run("status");
    run.run("status NONE");
    run.run("watch --name alone");
}

/// An incident from its declaration to its end, and one that is aborted.
fn job(run: &mut Account) {
    run.run("start Outage --severity P1 --dry-run");
    run.run("declare Outage --severity P1 --issue-id 001");
    run.run("ack");
    run.run("inbox");
    run.run("note seen");
    run.run("severity P0 --reason worse");
    run.run("investigate");
    run.run("decide");
    run.run("ship --dry-run");
    run.run("ship");
    run.env.fix("001");
    run.run("check");
    run.run("waive size --reason tried");
    run.run("ship");
    run.run("diff");
    run.run("approve --role on-call --as Eva<eva@example.org>");
    run.run("deploy");
    run.run("rollback --dry-run");
    run.run("abort --reason tried --dry-run");
    run.run("resume --dry-run");
    run.run("resume");
    run.run("action add prevent Alert --owner ada");
    run.run("checklist");
    run.run("status");
    run.run("timeline");
    run.run("timeline --events");
    run.run("report");
    run.run("postmortem");
    run.run("start Again --severity P1 --issue-id 002");
    run.run("status");
    run.run("abort --reason tried --yes");
    run.run("list");
}

/// An incident that another clone has declared.
fn taken_over(run: &mut Account) {
    run.env.clone_to("other");
    let declared = run.env.hotfix_in("other", &["declare", "Search is down", "--severity", "P1", "--issue-id", "003"]);
    assert_eq!(declared.status, Some(0), "{declared}");
    run.run("takeover 003 --reason gone --dry-run");
    run.run("takeover 003 --reason gone --yes");
    run.run("abort 003 --reason tried --yes");
}

/// A deploy and a rollback without an incident.
fn orders(run: &mut Account) {
    run.run("deploy v1.0.0 --dry-run");
    run.run("deploy v1.0.0 --yes");
    run.run("deploy v1.0.0 --yes");
    run.run("rollback --dry-run");
    run.run("rollback --yes");
    run.run("timeline --events");
    run.run("log");
    run.run("audit verify");
    run.run("lease");
    run.run("notify list");
    run.run("store import sqlite");
}

/// A backport that is in conflict.
fn backports(run: &mut Account) {
    run.env.git(&["checkout", "--quiet", "--detach", "main"]);
    run.env.write("README.md", "payments\n");
    run.env.commit("Rename it");
    run.env.git(&["push", "--quiet", "origin", "HEAD:refs/heads/feature/two"]);
    run.env.git(&["checkout", "--quiet", "main"]);
    run.env.write("README.md", "payment-api, fixed\n");
    let fix = run.env.commit("Fix it");
    run.run("check --base v1.0.0 --only guard");
    run.run(&format!("backport {fix} --to feature/* --dry-run"));
    run.run(&format!("backport {fix} --to feature/*"));
    run.run(&format!("backport {fix} --to feature/* --verify"));
    run.run("backport --resolve feature/two");
    run.run("backport --undo --yes");
}

#[test]
fn what_is_not_promised_is_refused() {
    let action = json!({ "id": "1", "kind": "prevent", "text": "Alert", "owner": "ada",
                         "due": "2026-11-29T00:00:00Z", "done": null });
    let with = |pointer: &str, value: Value| {
        let mut document = json!({ "incident": "001", "actions": [action] });
        *document.pointer_mut(pointer).unwrap() = value;
        document
    };
    assert_eq!(breaches("action", &with("/incident", json!("002"))), [""; 0]);
    let mut more = action.clone();
    more["more"] = json!(1);
    for (what, document) in [
        ("a field of another type", with("/incident", json!(1))),
        ("a field within that is not known", with("/actions/0", more)),
        ("a field within that is missing", with("/actions/0", json!({ "id": "1" }))),
        ("a field that is not known", json!({ "incident": "001", "actions": [], "more": 1 })),
        ("a field that is missing", json!({ "incident": "001" })),
        ("another command's output", json!({ "incidents": [] })),
        ("an error of an unknown kind", json!({ "error": { "kind": "odd", "message": "", "hints": [] } })),
    ] {
        assert_ne!(breaches("action", &document), [""; 0], "{what}: {document}");
    }
}
