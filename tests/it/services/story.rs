//! One story of two services at the same time, on both stores: SQLite has a file for each, PostgreSQL one database
//! for both. Whatever a command prints for one is never of the other.

use std::process::Stdio;

use super::ok;
use crate::database::Kind;
use crate::env::{Output, TestEnv};
use crate::machines::until;

#[test]
fn sqlite() {
    two_services_never_mix(Kind::Sqlite);
}

#[test]
#[ignore = "needs PostgreSQL: ./test"]
fn postgres() {
    two_services_never_mix(Kind::Postgres);
}

/// A service whose words are in no other one's output.
struct Service {
    env: TestEnv,
    /// In its titles, reasons and names of people.
    word: &'static str,
}

impl Service {
    fn new(env: TestEnv, word: &'static str) -> Service {
        env.instant();
        env.configure("by.memory = {}", "by.command = { run = '! grep -q bad ../running' }");
        env.configure("window = \"50ms\"", "window = \"2s\"");
        env.configure("every = \"1ms\"", "every = \"20ms\"");
        env.configure("deploy = 'echo", "deploy = 'while test -e ../wait; do touch ../waits; sleep 0.02; done; echo");
        for release in ["v1.0.0", "v1.1.0", "v1.2.0-bad", "v1.3.0"] {
            env.write("code.txt", &format!("{word} {release}\n"));
            env.publish(&format!("Make {word} {release}"));
            env.git(&["tag", release]);
        }
        env.git(&["push", "--quiet", "origin", "--tags"]);
        Service { env, word }
    }

    fn hotfix(&self, args: &[&str]) -> Output {
        let person = format!("{0} <{0}@example.org>", self.word);
        self.env.hotfix(&[&["--as", &person], args].concat())
    }
}

fn two_services_never_mix(kind: Kind) {
    let first = TestEnv::on(kind);
    let second = first.beside();
    let (shop, pay) = (Service::new(first, "shop"), Service::new(second, "pay"));
    let both = [(&shop, &pay), (&pay, &shop)];
    // Each runs a command; what it says is looked at for the other one's words.
    let said = |args: &[&str]| {
        both.map(|(own, other)| {
            let output = own.hotfix(args);
            assert!(!output.to_string().contains(other.word), "{args:?} of {}: {output}", own.word);
            output
        })
    };

    // Orders: the same numbers. What one deploys is nothing that the other can go back to.
    ok(&shop.hotfix(&["deploy", "v1.1.0", "--yes"]));
    let [known, unknown] = said(&["rollback", "--to", "v1.0.0", "--dry-run"]);
    ok(&known);
    ok(&unknown);
    let [_, nothing] = said(&["log"]);
    assert_eq!(nothing.stdout, "nothing was deployed to production yet\n");
    ok(&pay.hotfix(&["deploy", "v1.1.0", "--yes"]));
    // A release that was BAD in one of them is not BAD in the other one.
    let bad = shop.hotfix(&["deploy", "v1.2.0-bad", "--yes"]);
    assert_ne!(bad.status, Some(0), "{bad}");
    assert_eq!(shop.env.read("../running"), "v1.1.0\n", "{bad}");
    let [held, free] = said(&["deploy", "v1.3.0", "--dry-run"]);
    assert!(held.to_string().contains("the release contains `v1.2.0-bad`, found BAD"), "{held}");
    assert!(!free.to_string().contains("BAD"), "{free}");
    let [lines, fewer] = said(&["log", "--limit", "9"]).map(|log| log.stdout.lines().count());
    assert_eq!((lines, fewer), (4, 2), "the bad one, and the way back from it");

    // An incident each, with the same number, and the only one that is open.
    let ids = both.map(|(own, _)| {
        let started = own.hotfix(&["start", &format!("{} is down", own.word), "--severity", "P0"]);
        ok(&started);
        let id = started.stdout.split_whitespace().next().unwrap_or_default().to_owned();
        assert!(started.stdout.contains("next: ") && !started.stdout.contains(&format!("ship {id}")), "{started}");
        id
    });
    assert_eq!(ids[0], ids[1]);
    for (output, (own, _)) in said(&["list"]).iter().zip(both) {
        assert_eq!(output.stdout.lines().count(), 1, "{output}");
        assert!(output.stdout.contains(&format!("{} is down", own.word)), "{output}");
    }
    // A hint that names the incident would mean that more than one is open.
    said(&["status"]).iter().for_each(ok);
    said(&["ship"]).iter().for_each(|held| assert!(!held.to_string().contains(&format!("ship {}", ids[0])), "{held}"));

    // While one deploys, the other one waits for nobody. Only where v1.2.0-bad was BAD does it hold the fix on top.
    shop.env.fix(&ids[0]);
    pay.env.fix(&ids[1]);
    let held = shop.hotfix(&["ship"]);
    assert!(held.status == Some(3) && held.stderr.contains("contains `v1.2.0-bad`, found BAD"), "{held}");
    ok(&shop.hotfix(&["waive", "bad-release", "--reason", "it is good by now"]));
    std::fs::write(shop.env.path("wait"), "").unwrap();
    let mut ship = shop.env.hotfix_command(&["ship"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until("the deploy waits", || shop.env.path("waits").exists());
    let [held, nobody] = said(&["lease"]);
    assert!(held.stdout.contains("environment/production"), "{held}");
    assert!(!nobody.stdout.contains("environment/production"), "{nobody}");
    let [waits, _] = said(&["status"]);
    assert!(waits.stdout.contains("next: wait for "), "{waits}");
    ok(&pay.hotfix(&["ship"]));
    std::fs::remove_file(shop.env.path("wait")).unwrap();
    assert!(ship.wait().unwrap().success());

    // Each goes back to what it had itself, and each journal is whole.
    ok(&pay.hotfix(&["rollback", "--to", "v1.1.0", "--yes"]));
    let fixed = shop.env.read("../running");
    assert!(fixed.starts_with("hotfix-"), "{fixed}");
    assert_eq!(pay.env.read("../running"), "v1.1.0\n");
    for args in [&["log"][..], &["list"], &["list", "--due"], &["timeline", &ids[0]], &["report", &ids[0]]] {
        said(args).iter().for_each(ok);
    }
    said(&["audit", "verify"]).iter().for_each(ok);
}
