//! Requests from other clones in a team with keys: the signature travels with what it proves.

use std::fs;

use hotfix::domain::request::Request;

use crate::env::Output;
use crate::inbox::approved;
use crate::people::{LEA, OLU, Team, ok};

/// A team whose incident waits for two approvals, and another clone called `second`.
fn team() -> Team {
    let team = Team::in_review();
    team.env.clone_to("second");
    team
}

impl Team {
    /// Runs hotfix in the other clone as a person, with the key of `key`.
    fn second(&self, person: &str, key: &str, args: &[&str]) -> Output {
        let mut command = self.command(person, key, args);
        self.env.run(command.current_dir(self.env.path("second")))
    }

    /// What the other clone has sent about the incident, and nobody has taken in.
    fn sent(&self) -> Request {
        let refs = self.env.git_in("second", &["for-each-ref", "--format=%(refname)", "refs/hotfix/sent"]);
        let content = self.env.git_in("second", &["cat-file", "blob", &format!("{refs}:request.json")]);
        Request::read(content.as_bytes()).unwrap()
    }
}

#[test]
fn signatures_from_another_clone_count_and_hold_years_later() {
    let team = team();
    ok(&team.second(LEA, "Lea", &["approve", "001", "--role", "tech-lead"]));
    let listed = team.env.hotfix(&["inbox"]);
    assert!(listed.stdout.contains("from Lea <lea@example.org> (signed)"), "{listed}");
    ok(&team.second(OLU, "Olu", &["approve", "001", "--role", "on-call"]));
    let shipped = team.env.hotfix(&["ship"]);
    ok(&shipped);
    assert!(shipped.stdout.contains("2 of 2 approvals") || shipped.stderr.contains("2 of 2 approvals"), "{shipped}");
    assert_eq!((team.env.waiting(), team.env.count("approved")), (0, 2));
    let verified = team.env.hotfix(&["audit", "verify"]);
    assert!(verified.stdout.contains("2 signatures hold"), "{verified}");
}

#[test]
fn without_a_signature_or_with_somebody_elses_it_is_answered() {
    let team = team();
    let fix = team.env.git_in("work-001", &["rev-parse", "HEAD"]);
    ok(&team.second(LEA, "Lea", &["approve", "001", "--role", "tech-lead"]));
    let signed = team.sent();
    let as_on_call = signed.fact.replace("tech-lead", "on-call");
    for (request, why) in [
        (team.env.request(LEA, &approved("tech-lead", &fix)), "it is not signed"),
        (Request { fact: as_on_call, ..signed.clone() }, "the signature is not one of what is said here"),
        (Request { by: OLU.to_owned(), ..signed.clone() }, "the signature is not one of what is said here"),
        (Request { root: "0".repeat(64), ..signed.clone() }, "it is about an incident of another journal"),
    ] {
        let before = team.env.count("approved");
        team.env.send(&request);
        team.env.hotfix(&["ship"]);
        let answers = team.env.answers();
        // The one that Lea has really sent was taken in meanwhile.
        assert!(answers.last().is_some_and(|answer| answer.contains(why)), "{why}: {answers:?}");
        assert!(team.env.count("approved") <= before.max(1), "{why}");
    }
    assert_eq!(team.env.count("approved"), 1);
}

#[test]
fn who_has_no_key_is_refused_before_anything_is_sent() {
    let team = team();
    fs::write(team.env.path("home/none.gitconfig"), "").unwrap();
    for (person, key) in [(OLU, "Lea"), ("Eve <eve@example.org>", "none")] {
        let refused = team.second(person, key, &["approve", "001", "--role", "on-call"]);
        assert_eq!((refused.status, team.env.waiting()), (Some(1), 0), "{refused}");
    }
    // What needs no signature is sent without.
    ok(&team.second("Eve <eve@example.org>", "none", &["note", "seen", "--id", "001"]));
    assert_eq!(team.env.waiting(), 1);
}
