//! What somebody does to the journal, its lists or its anchors behind the program's back is named.

use std::fs;

use hotfix::domain::actor::Actor;
use hotfix::domain::event::digest;
use insta::assert_snapshot;
use jiff::Timestamp;
use sqlx::{AnyConnection, Connection, Row};

use crate::database::{Kind, execute};
use crate::env::{Output, TestEnv};

/// A clone with the incident 001, deployed and closed.
fn shipped() -> TestEnv {
    let env = TestEnv::new();
    env.instant();
    ship(&env, "001");
    env
}

fn ship(env: &TestEnv, id: &str) {
    ok(&env.hotfix(&["start", "Payment API returns 500", "--severity", "P0", "--issue-id", id]));
    env.fix(id);
    ok(&env.hotfix(&["ship"]));
}

fn ok(output: &Output) {
    assert_eq!(output.status, Some(0), "{output}");
}

/// Changes the database as its owner can.
fn tamper(env: &TestEnv, statements: &str) {
    let free = "drop trigger if exists event_update; drop trigger if exists event_delete;";
    execute(&env.journal(), &format!("{free} {statements}"));
}

/// Another clone, with a store of its own.
fn colleague(env: &TestEnv, args: &[&str]) -> Output {
    if !env.path("colleague").exists() {
        env.git_in(".", &["clone", "--quiet", "remote.git", "colleague"]);
    }
    env.run(env.hotfix_command(args).args(["-C", "../colleague"]).env("HOTFIX_STORE", "sqlite"))
}

/// The subjects of an anchor's commits on the remote, the newest first.
fn anchored(env: &TestEnv, id: &str) -> Vec<String> {
    let log = env.git_in("remote.git", &["log", "--format=%s", &format!("refs/hotfix/{id}")]);
    log.lines().map(str::to_owned).collect()
}

#[test]
fn a_line_of_a_list_that_the_journals_contradict_is_named() {
    let env = shipped();
    ok(&env.hotfix(&["audit", "verify"]));
    for (change, back, expected) in [
        (
            "update release set verdict = 'BAD' where name = 'hotfix-001'",
            "update release set verdict = 'VERIFIED' where name = 'hotfix-001'",
            "`hotfix-001` of 001 in the list of releases was edited",
        ),
        (
            "update release set images = 'app@sha256:00' where name = 'hotfix-001'",
            "update release set images = ''",
            "`hotfix-001` of 001 in the list of releases was edited",
        ),
        (
            "insert into release select service, incident, 999, environment, 'v6.6.6', commit_id, at + 1, deployer,
             reason, verdict, images from release where name = 'hotfix-001'",
            "delete from release where seq = 999",
            "`v6.6.6` of 001 in the list of releases was inserted",
        ),
        (
            "create table kept as select * from release where name = 'hotfix-001';
             delete from release where name = 'hotfix-001'",
            "insert into release select * from kept; drop table kept",
            "`hotfix-001` of 001 in the list of releases was removed",
        ),
        (
            "update incident set status = 'open'",
            "update incident set status = 'closed'",
            "`001` in the list of incidents was edited",
        ),
        (
            "insert into incident select service, '002', '002', title, severity, status, step, declared, detected,
             updated, ended, kind from incident",
            "delete from incident where key = '002'",
            "`002` in the list of incidents was inserted",
        ),
    ] {
        execute(&env.journal(), change);
        let audited = env.hotfix(&["audit", "verify"]);
        assert_eq!(audited.status, Some(1), "{change} {audited}");
        assert_eq!(audited.stdout, format!("{expected}\nthe journal was tampered with\n"), "{change}");
        execute(&env.journal(), back);
        ok(&env.hotfix(&["audit", "verify"]));
    }
}

#[test]
fn nobody_goes_back_to_a_release_that_no_journal_has() {
    let env = shipped();
    execute(
        &env.journal(),
        "insert into release select service, incident, 999, environment, 'v6.6.6', commit_id, at + 1, deployer,
         reason, verdict, images from release where name = 'hotfix-001'",
    );
    assert_snapshot!(env.hotfix(&["rollback", "--rung", "release", "--dry-run"]), @"
    exit status: 1
    --- stderr
     WARN the list of releases has `v6.6.6`, which no journal has; it is left out: hotfix audit verify
    error: no other release than `hotfix-001`, which runs, was verified
    hint: hotfix rollback --to RELEASE
    ");
    assert!(!env.hotfix(&["log"]).stdout.contains("v6.6.6"));
}

#[test]
fn a_release_that_was_bad_is_not_good_because_the_list_says_so() {
    let env = shipped();
    env.git(&["tag", "v1.0.0"]);
    ok(&env.hotfix(&["rollback", "--to", "v1.0.0", "--yes"]));
    execute(&env.journal(), "update release set verdict = 'VERIFIED' where name = 'hotfix-001'");
    let log = env.hotfix(&["log"]).stdout;
    let line = log.lines().find(|line| line.contains("hotfix-001 ")).unwrap();
    assert!(line.contains("BAD"), "{log}");
    assert!(env.hotfix(&["audit", "verify"]).stdout.contains("`hotfix-001` of 001 in the list of releases was edited"));
}

#[test]
fn a_backports_chain_that_was_rewritten_or_removed_is_found() {
    let env = TestEnv::new();
    env.instant();
    env.git(&["push", "--quiet", "origin", "main:refs/heads/release/1"]);
    env.write("fix.txt", "fixed");
    let fix = env.commit("Fix it");
    ok(&env.hotfix(&["backport", &fix, "--to", "release/*"]));
    ok(&env.hotfix(&["audit", "verify"]));
    rewrite(&env, "backport/%", |texts| texts[0].1 = texts[0].1.replace("release/1", "release/2"));
    let audited = env.hotfix(&["audit", "verify"]);
    assert_eq!(audited.status, Some(1), "{audited}");
    assert!(audited.stdout.starts_with("backport/") && audited.stdout.contains(" was rewritten\n"), "{audited}");
    tamper(&env, "delete from event where incident like 'backport/%'");
    let audited = env.hotfix(&["audit", "verify"]);
    assert_eq!(audited.status, Some(1), "{audited}");
    assert!(audited.stdout.contains(": all of its events were removed\n"), "{audited}");
}

#[test]
fn an_anchor_that_does_not_move_forward_is_named() {
    let env = shipped();
    let tip = env.git_in("remote.git", &["rev-parse", "refs/hotfix/001"]);
    let forged = env.git(&["commit-tree", "HEAD^{tree}", "-m", "001\n\nHotfix-Journal: 99 0123"]);
    env.git(&["push", "--quiet", "origin", &format!("{forged}:refs/heads/forged")]);
    let on_the_remote = |args: &[&str]| drop(env.git_in("remote.git", &[&["update-ref"], args].concat()));
    let audit = || env.hotfix(&["audit", "verify"]);
    on_the_remote(&["-d", "refs/hotfix/001"]);
    assert_snapshot!(audit(), @"
    exit status: 1
    --- stdout
    001: its head on the remote was removed; `git push origin refs/hotfix/remote/001:refs/hotfix/001` puts it back
    the journal was tampered with
    ");
    on_the_remote(&["refs/hotfix/001", &format!("{tip}~1")]);
    assert_snapshot!(audit().stdout, @"
    001: its head on the remote was moved back; `git push origin refs/hotfix/remote/001:refs/hotfix/001` puts it back
    the journal was tampered with
    ");
    on_the_remote(&["refs/hotfix/001", &forged]);
    assert_snapshot!(audit().stdout, @"
    001: its head on the remote was replaced; `git push --force origin refs/hotfix/remote/001:refs/hotfix/001` puts it back
    the journal was tampered with
    ");
    env.git(&["push", "--quiet", "--force", "origin", "refs/hotfix/remote/001:refs/hotfix/001"]);
    ok(&audit());
}

#[test]
fn a_store_that_is_gone_is_told_from_a_journal_that_is_gone() {
    let env = shipped();
    ok(&env.hotfix(&["declare", "Checkout is slow", "--severity", "P1", "--issue-id", "002"]));
    ok(&env.hotfix(&["abort", "--reason", "false alarm", "--yes"]));
    assert_snapshot!(colleague(&env, &["audit", "verify"]), @"
    exit status: 3
    --- stdout
    001: kept elsewhere, by store [STORE]
    002: kept elsewhere, by store [STORE]
    backport/001: kept elsewhere, by store [STORE]
    no journal is here
    ");
    assert_snapshot!(colleague(&env, &["audit", "verify", "001"]), @"
    exit status: 3
    --- stdout
    001: kept elsewhere, by store [STORE]
    no journal is here
    ");
    tamper(
        &env,
        "delete from event where incident = '001'; delete from incident where key = '001'; delete from release",
    );
    assert_snapshot!(env.hotfix(&["audit", "verify"]), @"
    exit status: 1
    --- stdout
    001: all of its events were removed
    the journal was tampered with
    ");
    assert_eq!(env.hotfix(&["audit", "verify", "001"]).status, Some(1));
    fs::remove_dir_all(env.path("work/.git/hotfix")).unwrap();
    assert_snapshot!(env.hotfix(&["audit", "verify"]), @"
    exit status: 3
    --- stdout
    001: kept elsewhere, by store [STORE]
    002: kept elsewhere, by store [STORE]
    backport/001: kept elsewhere, by store [STORE]
    no journal is here
    ");
}

#[test]
fn every_journal_is_checked_after_one_that_cant_be_read() {
    let env = shipped();
    ok(&env.hotfix(&["declare", "Checkout is slow", "--severity", "P1", "--issue-id", "002"]));
    ok(&env.hotfix(&["declare", "Search is slow", "--severity", "P1", "--issue-id", "003"]));
    tamper(
        &env,
        "update event set fact = '{' where incident = '001' and seq = 2;
         update event set at = 9223372036854775807 where incident = '002';
         update event set actor = 'Mallory' where incident = '003'",
    );
    assert_snapshot!(env.hotfix(&["audit", "verify"]), @"
    exit status: 1
    --- stdout
    001: event 2 of `001` can't be read: EOF while parsing an object at line 1 column 1
    002: event 1 of `002` can't be read: parameter 'Unix timestamp milliseconds' is not in the required range of -377705023201000..=253402207200000
    003: event 1 was edited
    the journal was tampered with
    ");
}

#[test]
fn without_the_remote_the_chain_is_checked_all_the_same() {
    let env = shipped();
    env.git(&["remote", "set-url", "origin", "../gone.git"]);
    assert_snapshot!(env.hotfix(&["audit", "verify"]), @"
    exit status: 0
    --- stdout
    the remote `origin` can't be reached: '../gone.git' does not appear to be a git repository: compared with what was seen of it last
    2 journals hold
    ");
    tamper(&env, "update event set actor = 'Mallory' where seq = 1");
    assert_eq!(env.hotfix(&["audit", "verify"]).status, Some(1));
}

#[test]
fn an_approval_that_is_put_in_later_is_found_at_the_anchor() {
    let env = TestEnv::new();
    env.instant();
    env.configure("P0 = []", "P0 = [\"on-call\", \"owner\"]");
    ok(&env.hotfix(&["start", "Payment API returns 500", "--severity", "P0", "--issue-id", "001"]));
    env.fix("001");
    assert_eq!(env.hotfix(&["ship"]).status, Some(3));
    let before = anchored(&env, "001").len();
    ok(&env.hotfix(&["approve", "--role", "on-call", "--as", "Eva <eva@example.org>"]));
    assert_eq!(anchored(&env, "001").len(), before + 1);
    ok(&env.hotfix(&["audit", "verify"]));
    // Right digests, and the approval of somebody who never gave it.
    rewrite(&env, "001", |texts| {
        let approval = texts.iter().position(|(_, text)| text.contains("\"approved\"")).unwrap();
        let forged = texts[approval].1.replace("on-call", "owner");
        texts.insert(approval, ("Bob <bob@example.org>".to_owned(), forged));
    });
    execute(&env.journal(), "update incident set updated = (select max(at) from event)");
    let audited = env.hotfix(&["audit", "verify"]);
    assert_eq!(audited.status, Some(1), "{audited}");
    assert!(audited.stdout.contains("was rewritten"), "{audited}");
}

#[test]
fn a_deploy_is_anchored_before_its_watch_has_ended() {
    let env = TestEnv::new();
    env.instant();
    env.configure("by.memory = {}", "by.tcp = { address = \"127.0.0.1:1\" }");
    ok(&env.hotfix(&["start", "Payment API returns 500", "--severity", "P0", "--issue-id", "001"]));
    env.fix("001");
    ok(&env.hotfix(&["deploy"]));
    let deployed = anchored(&env, "001").len();
    let killed = env.run(env.hotfix_command(&["ship"]).env("HOTFIX_CRASH", "before:40"));
    assert!(anchored(&env, "001").len() > deployed, "{killed}");
}

#[test]
fn a_journal_is_brought_from_one_store_into_another() {
    let env = shipped();
    ok(&env.hotfix(&["start", "Checkout is slow", "--severity", "P1", "--issue-id", "002"]));
    let journal = env.path("work/.git/hotfix/journal.db").display().to_string();
    assert_snapshot!(colleague(&env, &["store", "import", &journal, "002"]), @"
    exit status: 0
    --- stdout
    imported 1 journal
    ");
    assert_snapshot!(colleague(&env, &["store", "import", &journal]), @"
    exit status: 0
    --- stdout
    imported 2 journals
    1 journal unchanged
    ");
    assert_snapshot!(colleague(&env, &["audit", "verify"]), @"
    exit status: 0
    --- stdout
    3 journals hold
    ");
    assert_eq!(colleague(&env, &["log"]).stdout, env.hotfix(&["log"]).stdout);
    assert_eq!(colleague(&env, &["timeline", "002"]).stdout, env.hotfix(&["timeline", "002"]).stdout);
    // It is continued there, and comes back.
    ok(&colleague(&env, &["note", "customers call"]));
    assert_snapshot!(env.hotfix(&["audit", "verify"]), @"
    exit status: 0
    --- stdout
    3 journals hold
    ");
    ok(&env.hotfix(&["store", "import", "../colleague/.git/hotfix/journal.db"]));
    assert!(env.hotfix(&["timeline", "002"]).stdout.contains("customers call"));
    // Without the remote nobody knows, and both continue: neither is the other one's any more.
    ok(&env.hotfix(&["note", "here"]));
    fs::rename(env.path("remote.git"), env.path("gone.git")).unwrap();
    env.git_in("colleague", &["update-ref", "-d", "refs/hotfix/remote/002"]);
    ok(&colleague(&env, &["note", "there"]));
    fs::rename(env.path("gone.git"), env.path("remote.git")).unwrap();
    assert_snapshot!(colleague(&env, &["store", "import", &journal]), @"
    exit status: 1
    --- stderr
    error: event 11 of `002` is another one in this store
    hint: hotfix audit verify
    ");
    tamper(&env, "update event set actor = 'Mallory' where incident = '001' and seq = 3");
    assert_snapshot!(colleague(&env, &["store", "import", &journal, "001"]), @"
    exit status: 1
    --- stderr
    error: event 3 of `001` was edited in the store that it comes from
    hint: hotfix audit verify, in that store
    ");
}

#[test]
#[ignore = "needs PostgreSQL: ./test"]
fn journals_of_a_team_are_brought_into_a_clone() {
    let env = TestEnv::on(Kind::Postgres);
    env.instant();
    ship(&env, "001");
    ok(&env.hotfix(&["audit", "verify"]));
    let sqlite = |args: &[&str]| env.run(env.hotfix_command(args).env("HOTFIX_STORE", "sqlite"));
    assert_eq!(sqlite(&["audit", "verify"]).status, Some(3));
    ok(&sqlite(&["store", "import", &env.journal()]));
    ok(&sqlite(&["audit", "verify"]));
    assert_eq!(sqlite(&["log"]).stdout, env.hotfix(&["log"]).stdout);
    execute(&env.journal(), "update release set verdict = 'BAD'");
    assert_eq!(env.hotfix(&["audit", "verify"]).status, Some(1));
}

/// Lets `edit` change actors and facts of the journals like `pattern`, and makes the chain right again.
fn rewrite(env: &TestEnv, pattern: &str, edit: impl FnOnce(&mut Vec<(String, String)>)) {
    tamper(env, "");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        sqlx::any::install_default_drivers();
        let mut connection = AnyConnection::connect(&env.journal()).await.unwrap();
        let select = "select actor, fact, incident, at from event where incident like $1 order by seq";
        let rows = sqlx::query(select).bind(pattern).fetch_all(&mut connection).await.unwrap();
        let mut texts = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
        let (key, mut at): (String, i64) = (rows[0].get(2), rows[0].get(3));
        edit(&mut texts);
        let delete = "delete from event where incident = $1";
        sqlx::query(delete).bind(&key).execute(&mut connection).await.unwrap();
        let mut previous = String::new();
        for ((actor, text), seq) in texts.into_iter().zip(1..) {
            at = rows.get(seq as usize - 1).map_or(at, |row| row.get(3));
            let time = Timestamp::from_millisecond(at).unwrap();
            let own = digest(&previous, &key, seq, time, &Actor::claimed(&actor), &text);
            let insert = "insert into event (service, incident, seq, at, actor, proof, fact, previous, digest)
                          values (1, $1, $2, $3, $4, '', $5, $6, $7)";
            let insert = sqlx::query(insert).bind(&key).bind(seq).bind(at).bind(actor).bind(text);
            insert.bind(&previous).bind(&own).execute(&mut connection).await.unwrap();
            previous = own;
        }
        connection.close().await.unwrap();
    });
}
