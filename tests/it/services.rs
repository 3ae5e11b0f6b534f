//! Several services in one store, and journals from before a store told them apart.

use hotfix::store::{Claim, OpenError, Store};

use crate::database::{Database, Kind, execute};
use crate::env::{Output, TestEnv};

mod story;

mod sqlite {
    use super::*;

    #[test]
    fn journals_of_before_are_read() {
        super::journals_of_before_are_read(Kind::Sqlite);
    }
}

mod postgres {
    use super::*;

    #[test]
    #[ignore = "needs PostgreSQL: ./test"]
    fn journals_of_before_are_read() {
        super::journals_of_before_are_read(Kind::Postgres);
    }

    #[test]
    #[ignore = "needs PostgreSQL: ./test"]
    fn two_services_in_one_store_do_not_mix() {
        let shop = TestEnv::on(Kind::Postgres);
        let pay = shop.beside();
        let both = [&shop, &pay];
        for env in both {
            env.instant();
            env.git(&["tag", "v1.0.0"]);
            env.git(&["push", "--quiet", "origin", "v1.0.0"]);
        }
        // The same identifiers and the same environment, at the same time.
        ok(&shop.hotfix(&["start", "Shop is down", "--severity", "P0", "--issue-id", "001"]));
        ok(&pay.hotfix(&["start", "Payments are down", "--severity", "P0", "--issue-id", "001"]));
        shop.fix("001");
        ok(&shop.hotfix(&["ship"]));

        insta::assert_snapshot!(pay.hotfix(&["list"]).stdout, @"001                    P0  open     fix            [TIME]  Payments are down");
        insta::assert_snapshot!(pay.hotfix(&["log"]).stdout, @"[TIME]  v1.0.0                   [COMMIT]  -                    -         -  seen running by 001, not deployed by hotfix; unverified");
        insta::assert_snapshot!(shop.hotfix(&["list"]).stdout, @"001                    P0  closed                  [TIME]  Shop is down");
        let audited = pay.hotfix(&["audit", "verify"]);
        insta::assert_snapshot!(audited, @r"
        exit status: 0
        --- stdout
        1 journal holds
        ");
        // Its neighbour's release is no way back.
        ok(&pay.hotfix(&["abort", "--reason", "false alarm", "--yes"]));
        let back = pay.hotfix(&["rollback", "--dry-run"]);
        assert!(back.stderr.contains("no other release than `v1.0.0`, which runs, was verified"), "{back}");

        let everywhere = pay.hotfix(&["list", "--all-services"]).stdout;
        assert!(everywhere.contains("Payments are down") && everywhere.contains("Shop is down"), "{everywhere}");
        let json = pay.hotfix(&["list", "--all-services", "--json"]);
        let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
        let services: std::collections::BTreeSet<_> =
            json["incidents"].as_array().unwrap().iter().map(|one| one["service"].as_str().unwrap()).collect();
        assert_eq!(services.len(), 2, "{services:?}");
    }

    #[test]
    #[ignore = "needs PostgreSQL: ./test"]
    fn one_deploys_while_the_other_does_and_neither_waits() {
        let (shop, pay) = released_twice();
        // Each deploy waits until the other one has started, so that one that waits for a lease never ends.
        for (own, other) in [(&shop, &pay), (&pay, &shop)] {
            let started = other.path("started").display().to_string();
            let meet = format!("deploy = 'touch ../started; until test -e {started}; do sleep 0.02; done; echo");
            own.configure("deploy = 'echo", &meet);
        }
        std::thread::scope(|scope| {
            for env in [&shop, &pay] {
                scope.spawn(move || ok(&env.hotfix(&["deploy", "v1.1.0"])));
            }
        });
        for env in [&shop, &pay] {
            assert_eq!(env.read("../running"), "v1.1.0\n");
        }
    }

    #[test]
    #[ignore = "needs PostgreSQL: ./test"]
    fn orders_and_ways_back_are_those_of_one_service() {
        let (shop, pay) = released_twice();
        for release in ["v1.0.0", "v1.1.0"] {
            ok(&shop.hotfix(&["deploy", release]));
        }
        // The same numbers are given again, and what the neighbour verified is no way back.
        let nothing = pay.hotfix(&["rollback", "--yes"]);
        assert!(nothing.stderr.contains("no other release than `v0.9.0`, which runs, was verified"), "{nothing}");
        ok(&pay.hotfix(&["deploy", "v1.1.0"]));
        ok(&shop.hotfix(&["rollback", "--yes"]));
        assert_eq!((shop.read("../running"), pay.read("../running")), ("v1.0.0\n".to_owned(), "v1.1.0\n".to_owned()));
        insta::assert_snapshot!(shop.hotfix(&["log"]).stdout, @r"
        [TIME]  v1.0.0                   [COMMIT]  -                    VERIFIED  Ada <ada@example.org>  ROLLBACK-[DATE]-001 roll back production to v1.0.0
        [TIME]  v1.1.0                   [COMMIT]  -                    BAD       Ada <ada@example.org>  DEPLOY-[DATE]-002 deploy v1.1.0 to production
        [TIME]  v1.0.0                   [COMMIT]  -                    VERIFIED  Ada <ada@example.org>  DEPLOY-[DATE]-001 deploy v1.0.0 to production
        [TIME]  v0.9.0                   [COMMIT]  -                    -         -  seen running by DEPLOY-[DATE]-001, not deployed by hotfix; unverified
        ");
        insta::assert_snapshot!(pay.hotfix(&["log"]).stdout, @r"
        [TIME]  v1.1.0                   [COMMIT]  -                    VERIFIED  Ada <ada@example.org>  DEPLOY-[DATE]-001 deploy v1.1.0 to production
        [TIME]  v0.9.0                   [COMMIT]  -                    -         -  seen running by DEPLOY-[DATE]-001, not deployed by hotfix; unverified
        ");
    }

    #[test]
    #[ignore = "needs PostgreSQL: ./test"]
    fn backports_of_one_fix_are_recorded_for_each_service() {
        let shop = TestEnv::on(Kind::Postgres);
        let pay = shop.beside();
        for (env, text) in [(&shop, "shop\n"), (&pay, "pay\n")] {
            env.git(&["checkout", "--quiet", "-b", "feature/one"]);
            env.write("README.md", "payments\n");
            env.commit("Call it payments");
            env.git(&["push", "--quiet", "origin", "feature/one"]);
            env.git(&["checkout", "--quiet", "main"]);
            env.write("README.md", text);
            let fix = env.commit("Fix it");
            let held = env.hotfix(&["backport", &fix, "--to", "feature/*", "--id", "H1"]);
            assert_eq!(held.status, Some(4), "{held}");
        }
        // Resolving it in one says nothing of the other.
        ok(&shop.hotfix(&["backport", "--resolve", "feature/one"]));
        let continued = pay.hotfix(&["backport", "--continue"]);
        assert_eq!(continued.status, Some(4), "{continued}");
        assert!(continued.stdout.contains("0 branches moved in"), "{continued}");
        for env in [&shop, &pay] {
            ok(&env.hotfix(&["audit", "verify"]));
        }
    }

    #[test]
    #[ignore = "needs PostgreSQL: ./test"]
    fn clones_by_any_address_are_one_service() {
        let env = TestEnv::on(Kind::Postgres);
        ok(&env.hotfix(&["declare", "Shop is down", "--severity", "P0", "--issue-id", "001"]));
        let path = env.path("remote.git").canonicalize().unwrap();
        let path = path.display();
        for (url, expected) in [
            (format!("{path}"), "Shop is down"),
            (format!("file://{path}"), "Shop is down"),
            (format!("ssh://git@localhost:2222{path}"), "Shop is down"),
            (format!("https://ada:secret@127.0.0.1{path}"), "Shop is down"),
            ("https://git.example/other".to_owned(), "no incident was declared yet"),
        ] {
            env.git(&["remote", "set-url", "origin", &url]);
            let listed = env.hotfix(&["list"]);
            assert!(listed.stdout.contains(expected), "{url}: {listed}");
        }
    }

    #[test]
    #[ignore = "needs PostgreSQL: ./test"]
    fn two_repositories_with_one_name_are_refused() {
        let shop = TestEnv::on(Kind::Postgres);
        let other = shop.beside();
        for env in [&shop, &other] {
            env.settings("service = \"shop\"\n");
        }
        ok(&shop.hotfix(&["list"]));
        let refused = other.hotfix(&["list"]);
        assert_eq!(refused.status, Some(1), "{refused}");
        assert!(refused.stderr.contains("service `shop` is the repository `"), "{refused}");
        assert!(refused.stderr.contains("/remote`, and this one is `"), "{refused}");
        assert!(refused.stderr.contains("hotfix init --adopt none"), "{refused}");
        // Somebody says that both are one repository, such as one that has moved.
        ok(&other.hotfix(&["init", "--adopt", "none"]));
        ok(&other.hotfix(&["list"]));
    }

    #[test]
    #[ignore = "needs PostgreSQL: ./test"]
    fn whose_older_journals_are_is_asked_once() {
        let shop = TestEnv::on(Kind::Postgres);
        execute(&shop.journal(), include_str!("../data/journals/schema-4.postgres.sql"));
        let asked = shop.hotfix(&["list"]);
        insta::assert_snapshot!(asked, @r"
        exit status: 3
        --- stderr
        error: the store has 8 journals from before it knew services, and nothing says whose
        hint: if all of them are this repository's: hotfix init --adopt all
        hint: if some are: hotfix init --adopt ID,ID; if none is: hotfix init --adopt none
        ");
        let unknown = shop.hotfix(&["init", "--adopt", "HOTFIX-20261129-001,HOTFIX-1"]);
        assert_eq!(unknown.status, Some(2), "{unknown}");
        let some = shop.hotfix(&["init", "--adopt", "HOTFIX-20261129-001,HOTFIX-20261129-002"]);
        assert!(some.stdout.ends_with("has taken over 2 journals\n6 journals left without a service\n"), "{some}");
        ok(&shop.hotfix(&["list"]));
        assert_eq!(shop.hotfix(&["list"]).stdout.lines().count(), 2);
        // The rest is for another repository, and no number is given twice.
        let pay = shop.beside();
        ok(&pay.hotfix(&["init", "--adopt", "all"]));
        assert_eq!(pay.hotfix(&["list"]).stdout.lines().count(), 2);
        for env in [&shop, &pay] {
            let audited = env.hotfix(&["audit", "verify", "--json"]);
            assert!(audited.stdout.contains("\"breaks\": []"), "{audited}");
        }
    }

    #[tokio::test]
    #[ignore = "needs PostgreSQL: ./test"]
    async fn many_services_that_are_new_at_once_are_told_apart() {
        let directory = tempfile::Builder::new().prefix("hotfix-").tempdir().unwrap();
        let database = Database::new(Kind::Postgres, directory.path().file_name().unwrap().to_str().unwrap());
        let open = async |address: usize, name: Option<&str>| {
            let address = format!("git.example/{address}");
            let claim = Claim { name: name.map(str::to_owned), address };
            Store::open(&database.location, directory.path(), &claim).await
        };
        let opened = futures_util::future::join_all((0..8).map(|number| open(number / 2, None))).await;
        for store in &opened {
            assert!(store.is_ok(), "{:?}", store.as_ref().err());
        }
        // A name that is given later is that of the service with this address.
        open(0, Some("shop")).await.map(drop).unwrap();
        open(0, None).await.map(drop).unwrap();
        let taken = open(1, Some("shop")).await.err().unwrap();
        assert!(matches!(taken, OpenError::Taken { .. }), "{taken}");
    }
}

/// Two services in one store, each with the releases v1.0.0 and v1.1.0, and an older one that runs.
fn released_twice() -> (TestEnv, TestEnv) {
    let shop = TestEnv::on(Kind::Postgres);
    let pay = shop.beside();
    for env in [&shop, &pay] {
        env.instant();
        for release in ["v0.9.0", "v1.0.0", "v1.1.0"] {
            env.git(&["tag", release]);
        }
        env.write("../running", "v0.9.0\n");
    }
    (shop, pay)
}

/// Journals that hotfix wrote with schema 4, before it told of services and of how an actor was proven.
fn journals_of_before_are_read(kind: Kind) {
    let env = TestEnv::on(kind);
    match kind {
        Kind::Sqlite => {
            std::fs::create_dir_all(env.path("work/.git/hotfix")).unwrap();
            execute(&format!("{}?mode=rwc", env.journal()), include_str!("../data/journals/schema-4.sqlite.sql"));
        }
        Kind::Postgres => {
            execute(&env.journal(), include_str!("../data/journals/schema-4.postgres.sql"));
            let adopted = env.hotfix(&["init", "--adopt", "all"]);
            assert!(adopted.stdout.ends_with("has taken over 8 journals\n"), "{adopted}");
        }
    }
    insta::allow_duplicates! {
        insta::assert_snapshot!(env.hotfix(&["list"]).stdout, @r"
        HOTFIX-[DATE]-004    P0  held     review         [TIME]  Payment API returns 500 again
        HOTFIX-[DATE]-003    P1  aborted                 [TIME]  Prices are wrong for all
        HOTFIX-[DATE]-002    P1  aborted                 [TIME]  Login fails for everybody
        HOTFIX-[DATE]-001    P0  closed                  [TIME]  Payment API returns 500
        ");
        insta::assert_snapshot!(env.hotfix(&["log"]).stdout, @r"
        [TIME]  v1.0.0                   -          -                    VERIFIED  Ada <ada@example.org>  ROLLBACK-[DATE]-001 no, old ones
        [TIME]  v2.0.0                   [COMMIT]  -                    BAD       Ada <ada@example.org>  DEPLOY-[DATE]-001 new prices
        [TIME]  hotfix-HOTFIX-[DATE]-001 [COMMIT]  -                    -         Ada <ada@example.org>  HOTFIX-[DATE]-003 Prices are wrong for all
        [TIME]  hotfix-HOTFIX-[DATE]-003 [COMMIT]  -                    -         Ada <ada@example.org>  HOTFIX-[DATE]-003 Prices are wrong for all
        [TIME]  hotfix-HOTFIX-[DATE]-001 [COMMIT]  -                    VERIFIED  Ada <ada@example.org>  HOTFIX-[DATE]-001 Payment API returns 500
        ");
        let _counts = crate::env::counts();
        insta::assert_snapshot!(env.hotfix(&["status", "ROLLBACK-20261129-001"]).stdout, @r"
        ROLLBACK-[DATE]-001  roll back production to v1.0.0
        [DURATION]   done
          ok    prepare      production runs `v2.0.0` ([COMMIT])   [DURATION]
          ok    roll-back    production: v2.0.0 -> v1.0.0, [DURATION]   [DURATION]
          ok    confirm      [COUNTS]: VERIFIED   [DURATION]
        ");
    }
    let held = env.hotfix(&["status", "HOTFIX-20261129-004", "--json"]).stdout;
    assert!(held.contains("\"next\": \"hotfix approve HOTFIX-20261129-004 --role tech-lead\""), "{held}");
    let aborted = env.hotfix(&["timeline", "HOTFIX-20261129-003"]).stdout;
    for line in ["watch went bad: ", "roll-back stuck: ", "being aborted: put right by hand", "decide undone: "] {
        assert!(aborted.contains(line), "{line}\n{aborted}");
    }
    // Each digest is what it was, and everybody only claimed to be who they are.
    let audited = env.hotfix(&["audit", "verify"]);
    assert_eq!(audited.status, Some(0), "{audited}");
    assert!(audited.stdout.ends_with("8 journals hold\n"), "{audited}");
    let events = env.hotfix(&["timeline", "HOTFIX-20261129-001", "--events", "--json"]);
    let events: serde_json::Value = serde_json::from_str(&events.stdout).unwrap();
    for event in events["events"].as_array().unwrap() {
        assert_eq!(event["proof"], serde_json::json!({ "by": "claimed" }), "{event}");
    }
    let everywhere = env.hotfix(&["list", "--all-services"]).stdout;
    let is_named = |line: &str| !line.starts_with(' ') && line.contains("  HOTFIX-");
    assert!(everywhere.lines().all(is_named), "{everywhere}");
    // They go on: a note is chained to what was there, and the next number is a new one.
    ok(&env.hotfix(&["note", "still here", "--id", "HOTFIX-20261129-004"]));
    assert_eq!(env.hotfix(&["audit", "verify"]).status, Some(0));
}

fn ok(output: &Output) {
    assert_eq!(output.status, Some(0), "{output}");
}
