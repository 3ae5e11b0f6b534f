//! Approvals that somebody would like to pass for another person's: none counts.

use std::fs;

use hotfix::domain::actor::{Actor, Identity, Made};
use hotfix::domain::event::digest;
use hotfix::domain::statement::Statement;
use jiff::Timestamp;
use sqlx::{AnyConnection, Connection, Row};

use crate::database::execute;
use crate::people::{LEA, OLU, Team, ok, person, refused, run};

/// The last event of the journal of 001: its number, actor, proof, fact and digest.
fn last(team: &Team) -> (i64, String, String, String, String) {
    let select = "select seq, actor, proof, fact, digest from event where incident = '001' order by seq desc limit 1";
    within(async {
        let mut connection = AnyConnection::connect(&team.env.journal()).await.unwrap();
        let row = sqlx::query(select).fetch_one(&mut connection).await.unwrap();
        (row.get(0), row.get(1), row.get(2), row.get(3), row.get(4))
    })
}

/// The digest of the first event of 001.
pub fn root(team: &Team) -> String {
    within(async {
        let mut connection = AnyConnection::connect(&team.env.journal()).await.unwrap();
        let select = "select digest from event where incident = '001' and seq = 1";
        sqlx::query(select).fetch_one(&mut connection).await.unwrap().get(0)
    })
}

/// Appends an event to the journal with a right digest, as whoever writes the database can.
pub fn append(team: &Team, actor: &str, proof: &str, fact: &str) {
    let (seq, .., previous) = last(team);
    let now = Timestamp::now();
    let by = Actor::read(actor, Identity::from_written(proof).unwrap());
    let own = digest(&previous, "001", seq + 1, Timestamp::from_millisecond(now.as_millisecond()).unwrap(), &by, fact);
    let quoted = [actor, proof, fact, &previous, &own].map(|text| format!("'{}'", text.replace('\'', "''")));
    let [actor, proof, fact, previous, own] = quoted;
    let (seq, at) = (seq + 1, now.as_millisecond());
    let values = format!("(1, '001', {seq}, {at}, {actor}, {proof}, {fact}, {previous}, {own})");
    let insert = "insert into event (service, incident, seq, at, actor, proof, fact, previous, digest) values";
    execute(&team.env.journal(), &format!("{insert} {values}"));
}

fn within<T: Send>(work: impl Future<Output = T> + Send) -> T {
    sqlx::any::install_default_drivers();
    std::thread::scope(|scope| {
        let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        scope.spawn(move || runtime().block_on(work)).join().unwrap()
    })
}

/// The proof that `key` signed a fact in the name of `by`, as one who has the key can make it without hotfix.
fn signed(team: &Team, key: &str, by: &str, fact: &str) -> String {
    let made = Made { at: Timestamp::now(), nonce: "00ff".to_owned() };
    let text = Statement { incident: "001", root: &root(team), by, made: &made, fact }.text();
    let (file, path) = (team.env.path("statement"), team.env.path(&format!("home/{key}")).display().to_string());
    fs::write(&file, text).unwrap();
    let file = file.display().to_string();
    run("ssh-keygen", &["-q", "-Y", "sign", "-n", "hotfix-approval", "-f", &path, &file]);
    let signature = fs::read_to_string(format!("{file}.sig")).unwrap();
    let public = run("ssh-keygen", &["-l", "-f", &path]);
    let key = public.split_whitespace().nth(1).unwrap().to_owned();
    Identity::Signature { key, made, signature }.written()
}

fn approval(team: &Team, role: &str) -> String {
    let commit = team.env.git_in("work-001", &["rev-parse", "HEAD"]);
    format!(r#"{{"event":"approved","role":"{role}","commit":"{commit}"}}"#)
}

/// `ship` is held, and says why an approval does not count.
pub fn held(team: &Team, why: &str) {
    let shipped = team.env.hotfix(&["ship"]);
    assert_eq!(shipped.status, Some(3), "{shipped}");
    assert!(shipped.stderr.contains(why), "{why}: {shipped}");
}

fn unproven(team: &Team, why: &str) {
    let audited = team.env.hotfix(&["audit", "verify"]);
    assert_eq!(audited.status, Some(1), "{audited}");
    assert!(audited.stdout.contains("does not hold: ") && audited.stdout.contains(why), "{why}: {audited}");
    assert!(audited.stdout.contains("not every signature holds"), "{audited}");
}

const NOT_THIS: &str = "the signature is not one of what is said here";

#[test]
fn a_signature_copied_to_another_role_proves_nothing() {
    let team = Team::in_review();
    ok(&team.approve(LEA, "Lea", "tech-lead"));
    let (_, actor, proof, fact, _) = last(&team);
    append(&team, &actor, &proof.replace("nonce\":\"", "nonce\":\"0"), &fact.replace("tech-lead", "on-call"));
    held(&team, NOT_THIS);
    unproven(&team, NOT_THIS);
}

#[test]
fn a_signature_copied_to_another_commit_proves_nothing() {
    let team = Team::in_review();
    ok(&team.approve(OLU, "Olu", "on-call"));
    let (_, actor, proof, fact, _) = last(&team);
    fs::write(team.env.path("work-001/fix.txt"), "another fix\n").unwrap();
    team.env.git_in("work-001", &["commit", "--quiet", "--all", "--message", "Fix it otherwise"]);
    let _ = team.env.hotfix(&["ship"]);
    let commit = team.env.git_in("work-001", &["rev-parse", "HEAD"]);
    let start = fact.find("\"commit\":\"").unwrap() + 10;
    let moved = fact.replace(&fact[start..start + 40], &commit);
    append(&team, &actor, &proof.replace("nonce\":\"", "nonce\":\"0"), &moved);
    held(&team, NOT_THIS);
}

#[test]
fn a_signature_copied_from_another_repository_proves_nothing() {
    let (here, there) = (Team::in_review(), Team::in_review());
    // The same key, the same incident, the same fix.
    for file in ["Lea", "Lea.pub"] {
        fs::copy(there.env.path(&format!("home/{file}")), here.env.path(&format!("home/{file}"))).unwrap();
    }
    let people = there.env.read(".hotfix/people.toml");
    here.people(&people);
    ok(&there.approve(LEA, "Lea", "tech-lead"));
    let (_, actor, proof, fact, _) = last(&there);
    let own = here.env.git_in("work-001", &["rev-parse", "HEAD"]);
    let start = fact.find("\"commit\":\"").unwrap() + 10;
    append(&here, &actor, &proof, &fact.replace(&fact[start..start + 40], &own));
    held(&here, NOT_THIS);
    unproven(&here, NOT_THIS);
}

#[test]
fn what_is_no_signature_is_named_and_harms_nothing() {
    let team = Team::in_review();
    ok(&team.approve(LEA, "Lea", "tech-lead"));
    let (_, _, proof, fact, _) = last(&team);
    let begin = proof.find("-----BEGIN").unwrap();
    let proof = format!("{}\\u001b[31m nonsense\"}}", &proof[..begin]);
    append(&team, OLU, &proof, &fact.replace("tech-lead", "on-call"));
    held(&team, "the signature can't be read");
    unproven(&team, "the signature can't be read");
    // One that is only said to be signed by nobody at all.
    append(&team, OLU, "", &fact.replace("tech-lead", "on-call"));
    held(&team, "it is not signed");
}

#[test]
fn a_signature_of_a_commit_is_no_approval() {
    let team = Team::in_review();
    ok(&team.approve(LEA, "Lea", "tech-lead"));
    let (_, actor, proof, fact, _) = last(&team);
    let message = team.env.path("message");
    fs::write(&message, &fact).unwrap();
    let (key, message) = (team.env.path("home/Lea").display().to_string(), message.display().to_string());
    run("ssh-keygen", &["-q", "-Y", "sign", "-n", "git", "-f", &key, &message]);
    let signature = fs::read_to_string(format!("{message}.sig")).unwrap();
    let mut forged: serde_json::Value = serde_json::from_str(&proof).unwrap();
    forged["signature"] = signature.into();
    forged["made"]["nonce"] = "00".into();
    append(&team, &actor, &forged.to_string(), &fact);
    held(&team, "the signature was made for something else");
}

#[test]
fn a_key_that_was_removed_counts_no_longer() {
    let team = Team::in_review();
    ok(&team.approve(LEA, "Lea", "tech-lead"));
    ok(&team.approve(OLU, "Olu", "on-call"));
    let (lea, olu) = (team.key("Lea"), team.key("Olu"));
    let mallory = team.key("Mallory");
    let text = team.env.read(".hotfix/people.toml");
    team.people(&text.replace(&lea, &mallory));
    held(&team, "Lea <lea@example.org> does not count: the key SHA256:");
    refused(&team.approve(LEA, "Lea", "tech-lead"), "is nobody's by origin/main at ");
    // It was hers when she signed.
    let audited = team.env.hotfix(&["audit", "verify"]);
    assert!(audited.stdout.contains("2 signatures hold"), "{audited}");
    team.people(&text.replace(&olu, &format!("{olu} work")));
    ok(&team.env.hotfix(&["ship"]));
}

#[test]
fn one_who_writes_the_database_passes_for_nobody_with_a_key_of_before() {
    let team = Team::in_review();
    let text = team.env.read(".hotfix/people.toml");
    let (lea, new) = (team.key("Lea"), team.key("Lea-new"));
    team.people_since("2026-02-01T00:00:00Z", &text.replace(&lea, &new));
    let fact = approval(&team, "tech-lead");
    append(&team, LEA, &signed(&team, "Lea", LEA, &fact), &fact);
    held(&team, "is nobody's by origin/main at ");
    unproven(&team, "is nobody's by ");
}

#[test]
fn an_approval_or_a_waiver_without_a_signature_is_named() {
    let team = Team::in_review();
    append(&team, LEA, "", &approval(&team, "tech-lead"));
    append(&team, LEA, "", r#"{"event":"waived","check":"watch","reason":"none"}"#);
    held(&team, "it is not signed");
    let audited = team.env.hotfix(&["audit", "verify"]);
    assert_eq!(audited.stdout.matches("does not hold: it is not signed").count(), 2, "{audited}");
}

#[test]
fn a_key_that_has_expired_or_is_not_valid_yet_counts_for_nothing() {
    let team = Team::in_review();
    let key = team.key("Lea");
    let text = team.env.read(".hotfix/people.toml");
    for (limit, why) in
        [("valid-before = 2026-01-01", "expired on 2026-01-01"), ("valid-after = 2126-01-01", "is valid from")]
    {
        team.people(&text.replace(&format!("\"{key}\""), &format!("{{ key = \"{key}\", {limit} }}")));
        refused(&team.approve(LEA, "Lea", "tech-lead"), why);
    }
}

#[test]
fn a_key_in_two_peoples_names_counts_for_nobody() {
    let team = Team::in_review();
    let key = team.key("Lea");
    let more = person("Eve", "eve@example.org", "on-call", &key);
    team.people(&(team.env.read(".hotfix/people.toml") + &more));
    refused(&team.approve(LEA, "Lea", "tech-lead"), "is in two people's names, Lea and Eve");
    refused(&team.approve("Eve <eve@example.org>", "Lea", "on-call"), "is in two people's names");
}

#[test]
fn people_of_a_work_tree_or_of_the_fix_are_nobody() {
    let team = Team::in_review();
    let mallory = person("Mallory", "mal@example.org", "tech-lead", &team.key("Mallory"));
    let text = team.env.read(".hotfix/people.toml") + &mallory;
    team.env.write(".hotfix/people.toml", &text);
    fs::create_dir_all(team.env.path("work-001/.hotfix")).unwrap();
    fs::write(team.env.path("work-001/.hotfix/people.toml"), &text).unwrap();
    refused(&team.approve("Mallory <mal@example.org>", "Mallory", "tech-lead"), "is nobody's by origin/main");
    team.env.git_in("work-001", &["commit", "--quiet", "--all", "--message", "Approve it myself"]);
    let shipped = team.env.hotfix(&["ship"]);
    assert_eq!(shipped.status, Some(3), "{shipped}");
    assert!(shipped.stderr.contains("judging"), "{shipped}");
}

#[test]
fn an_author_approves_under_no_address() {
    let team = Team::in_review();
    refused(&team.approve("Ada <ada@home.example>", "Ada", "tech-lead"), "an author of the fix");
    let tree = "work-001";
    fs::write(team.env.path("work-001/fix.txt"), "fixed by two\n").unwrap();
    let message = "Fix it\n\nCo-authored-by: Lea L. <LEA@example.org>\n";
    team.env.git_in(tree, &["commit", "--quiet", "--all", "--message", message]);
    let _ = team.env.hotfix(&["ship"]);
    refused(&team.approve(LEA, "Lea", "tech-lead"), "an author of the fix");
}

#[test]
fn nobody_acts_in_anothers_name_or_role() {
    let team = Team::in_review();
    refused(&team.approve(OLU, "Lea", "on-call"), "is Lea's, and not of `olu@example.org`");
    refused(&team.approve(OLU, "Olu", "tech-lead"), "Olu has not the role `tech-lead`");
    refused(&team.by(OLU, "Lea", &["waive", "watch", "--reason", "none"]), "is Lea's, and not of");
    let bot = person("Robot", "fixer[bot]@example.org", "tech-lead", &team.key("Robot"));
    team.people(&(team.env.read(".hotfix/people.toml") + &bot));
    refused(&team.approve("Robot <fixer[bot]@example.org>", "Robot", "tech-lead"), "not a person");
}

#[test]
fn a_role_that_needs_a_touch_takes_no_other_key() {
    let team = Team::in_review();
    team.people(&(team.env.read(".hotfix/people.toml") + "[role.tech-lead]\ntouch = true\n"));
    refused(&team.approve(LEA, "Lea", "tech-lead"), "needs a key in a device that was touched");
    let people = team.env.hotfix(&["people"]);
    assert_eq!(people.status, Some(1), "{people}");
    assert!(people.stdout.contains("nobody can approve as `tech-lead`"), "{people}");
}

#[test]
fn a_clones_own_configuration_names_no_program() {
    let team = Team::in_review();
    let marker = team.env.path("marker").display().to_string();
    let hostile = team.env.path("hostile");
    fs::write(&hostile, format!("#!/bin/sh\ntouch {marker}\nexec ssh-keygen \"$@\"\n")).unwrap();
    run("chmod", &["+x", &hostile.display().to_string()]);
    let hostile = hostile.display().to_string();
    for name in ["gpg.ssh.program", "gpg.program", "gpg.openpgp.program", "gpg.ssh.defaultKeyCommand"] {
        team.env.git(&["config", name, &hostile]);
    }
    ok(&team.approve(LEA, "Lea", "tech-lead"));
    let included = team.env.path("included").display().to_string();
    fs::write(&included, format!("[gpg \"ssh\"]\n\tprogram = {hostile}\n")).unwrap();
    for name in ["gpg.ssh.program", "gpg.program", "gpg.openpgp.program", "gpg.ssh.defaultKeyCommand"] {
        team.env.git(&["config", "--unset", name]);
    }
    team.env.git(&["config", "include.path", &included]);
    ok(&team.approve(OLU, "Olu", "on-call"));
    ok(&team.env.hotfix(&["ship"]));
    assert!(!team.env.path("marker").exists());
}

#[test]
fn a_file_of_people_that_cant_be_read_lets_nobody_pass() {
    let team = Team::in_review();
    let good = team.env.read(".hotfix/people.toml");
    let huge = format!("{good}# {}\n", "x".repeat(1024 * 1024));
    let many = person("X", "x@example.org", "observer", "k").repeat(2001);
    let escape = good.replace("\"Olu\"", "\"O\\u001b[2Jlu\"");
    let reversed = good.replace("\"Olu\"", "\"O\u{202e}lu\"");
    for (text, why) in [
        ("[[person]\n", "is not valid TOML"),
        (huge.as_str(), "larger than"),
        (many.as_str(), "more than 2000 people"),
        (escape.as_str(), "has a control character"),
        (reversed.as_str(), "has a control character"),
        ("[[person]]\nname = \"x\"\naddresses = []\n", "has no address"),
        ("allowed-signers = \"../../etc/passwd\"\n", "has to be a path in the repository"),
        ("allowed-signers = \".hotfix/none\"\n", "can't be read"),
    ] {
        team.people(text);
        let approved = team.approve(LEA, "Lea", "tech-lead");
        assert!(approved.status == Some(1) || approved.status == Some(2), "{why}: {approved}");
        assert!(approved.stderr.contains(why), "{why}: {approved}");
        assert!(!approved.stderr.contains(['\u{1b}', '\u{202e}']), "{approved}");
        assert_ne!(team.env.hotfix(&["ship"]).status, Some(0), "{why}");
    }
    team.people(&good);
    ok(&team.approve(LEA, "Lea", "tech-lead"));
}
