//! The documents as people read them.

mod next;
mod story;

use insta::assert_snapshot;

use super::clocks::{POST_MORTEM_HELD, clocks};
use super::document::{Account, Document, resolved};
use super::template::Templates;
use super::timeline;
use crate::domain::backports::{BackportTarget, Backports};
use crate::domain::check::{Check, GateResult, Violation};
use crate::domain::decision::Recommendation;
use crate::domain::event::{Declaration, Fact, Planned};
use crate::domain::evidence::Evidence;
use crate::domain::fix::{Branch, Fix, Merge, Review};
use crate::domain::next::Hint;
use crate::domain::observation::Watch;
use crate::domain::production::{Deploy, Release, RollBack};
use crate::domain::proof::Proof;
use crate::domain::rung::Rung;
use crate::domain::step_name::StepName;
use crate::domain::strategy::Strategy;
use crate::domain::verdict::Verdict;
use crate::git::anchor::parse;
use story::{Story, allowance, declaration};

const COMMIT: &str = "9f31c2e5d8a94b0f6f5f2f8f1c7b5c9d3e2a1b0c";

fn planned(strategy: Option<Strategy>, steps: &[StepName]) -> Fact {
    let steps = steps.to_vec();
    Fact::Planned(Planned { strategy, reasons: vec!["a small change".to_owned()], steps, back: None })
}

fn decided(strategy: Strategy) -> Recommendation {
    Recommendation { strategy, reasons: vec!["a small change".to_owned()], minutes: (30, 60), instead_of: None }
}

fn branch() -> Branch {
    Branch {
        name: "hotfix/HOTFIX-20261120-001-payment-api-returns-500".to_owned(),
        base: "1111111aaaaaaa".to_owned(),
        start: "2222222aaaaaaa".to_owned(),
        work_tree: "/home/ada/shop-001".to_owned(),
        ticket: Some("docs/issues/HOTFIX-20261120-001-payment-api-returns-500.md".to_owned()),
    }
}

fn fix() -> Fix {
    Fix { commit: COMMIT.to_owned(), commits: vec![COMMIT.to_owned()], files: 1, added: 5, removed: 1 }
}

fn check() -> Check {
    let gate = GateResult {
        name: "tests".to_owned(),
        passed: true,
        seconds: 41.5,
        ended: "exit status 0".to_owned(),
        ..GateResult::default()
    };
    let violation = Violation {
        check: "size".to_owned(),
        message: "12 lines changed besides tests; 10 or fewer are wanted".to_owned(),
        ..Violation::default()
    };
    let proof = Proof { fail_to_pass: vec!["payment::tests::whole".to_owned()], pass_to_pass: 13, ..Proof::default() };
    Check {
        commit: COMMIT.to_owned(),
        proof: Some(proof),
        violations: vec![violation],
        gates: vec![gate],
        ..Check::default()
    }
}

fn deploy(release: &str) -> Deploy {
    Deploy {
        environment: "production".to_owned(),
        release: release.to_owned(),
        commit: COMMIT.to_owned(),
        previous: "v2.3.1".to_owned(),
        images: Vec::new(),
    }
}

fn watch(verdict: Verdict) -> Watch {
    Watch {
        release: "v2.3.2-hotfix.1".to_owned(),
        verdict,
        requests: 2310,
        errors: 0,
        p95_ms: Some(84),
        seconds: 300,
        reasons: Vec::new(),
        tests: Vec::new(),
        forecast: None,
    }
}

fn backports() -> Backports {
    let target = |branch: &str, verdict: &str, commit: Option<&str>, files: &[&str]| BackportTarget {
        branch: branch.to_owned(),
        verdict: verdict.to_owned(),
        commit: commit.map(str::to_owned),
        old: "3333333aaaaaaa".to_owned(),
        files: files.iter().map(|file| file.to_string()).collect(),
        why: String::new(),
    };
    Backports {
        targets: vec![
            target("develop", "merged", Some("4444444aaaaaaa"), &[]),
            target("feature/refunds", "picked", Some("5555555aaaaaaa"), &[]),
            target("feature/ledger", "waived, conflict", None, &["src/payment.rs"]),
        ],
    }
}

fn to_the_decision(declaration: Declaration) -> Story {
    Story::begin(declaration)
        .fact(planned(None, &[StepName::Investigate, StepName::Decide]))
        .plain(4, StepName::Investigate, "3 commits, 1 deploy and 2 kinds of error in the last 2 h")
        .done(1, "B, quick fix (30 to 60 min): a small change", &decided(Strategy::B))
}

/// From the declaration to the end, with a review that takes too long and a backport left over.
fn whole_job() -> Story {
    to_the_decision(declaration())
        .fact(planned(
            Some(Strategy::B),
            &[
                StepName::Branch,
                StepName::Fix,
                StepName::Check,
                StepName::Review,
                StepName::Release,
                StepName::Deploy,
                StepName::Watch,
                StepName::Merge,
                StepName::Backport,
                StepName::Close,
                StepName::CleanUp,
                StepName::PostMortem,
            ],
        ))
        .done(0, "from main, work tree /home/ada/shop-001", &branch())
        .done(20, "1 file, 5 added and 1 removed lines", &fix())
        .done(2, "guard: nothing held; gates: 1 passed", &check())
        .started(StepName::Review)
        .fact(Fact::StepHeld {
            step: StepName::Review,
            reason: "tech-lead has not approved 9f31c2e".to_owned(),
            hint: Hint::Text("hotfix approve".to_owned()),
            outage: None,
        })
        .after(17)
        .by("Grace <grace@example.com>")
        .fact(Fact::Approved {
            role: "tech-lead".to_owned(),
            commit: COMMIT.to_owned(),
            break_glass: None,
            tree: String::new(),
            checked: String::new(),
        })
        .by("Ada <ada@example.com>")
        .done(
            0,
            "1 of 1 approvals on 9f31c2e (Grace <grace@example.com> as tech-lead)",
            &Review { commit: COMMIT.to_owned(), approvals: vec!["Grace".to_owned()], afterwards: false },
        )
        .done(0, "v2.3.2-hotfix.1", &Release { tag: "v2.3.2-hotfix.1".to_owned(), commit: COMMIT.to_owned() })
        .done(1, "v2.3.1 -> v2.3.2-hotfix.1", &deploy("v2.3.2-hotfix.1"))
        .fact(Fact::NoticeFailed { notice: "12/telegram".to_owned(), error: "timed out".to_owned(), again: None })
        .fact(Fact::NoticeFailed { notice: "12/telegram".to_owned(), error: "timed out".to_owned(), again: None })
        .done(5, "0 errors in 2310 requests, p95 84 ms: VERIFIED", &watch(Verdict::Verified))
        .done(
            0,
            "merged into main",
            &Merge {
                branch: "main".to_owned(),
                old: "1111111aaaaaaa".to_owned(),
                merge: "6666666aaaaaaa".to_owned(),
                new: "7777777aaaaaaa".to_owned(),
            },
        )
        .fact(Fact::Waived { check: "feature/ledger".to_owned(), reason: "its owner merges it".to_owned() })
        .done(1, "2 of 3 branches", &backports())
        .plain(0, StepName::Close, "docs/issues/HOTFIX-20261120-001-payment-api-returns-500.md")
        .plain(0, StepName::CleanUp, "branch and work tree removed")
        .plain(0, StepName::PostMortem, "docs/post-mortems/HOTFIX-20261120-001-payment-api-returns-500.md")
        .fact(Fact::Closed {})
}

fn write(document: Document, story: &Story) -> String {
    let (templates, incident, allowance) = (Templates::load(None), story.incident(), allowance());
    document.write(&templates, Account { incident: &incident, events: &story.events, allowance: &allowance }).unwrap()
}

#[test]
fn the_ticket_of_a_new_incident() {
    assert_snapshot!(write(Document::Ticket, &to_the_decision(declaration())));
}

#[test]
fn the_resolution_is_added_once() {
    let story = whole_job();
    let resolution = write(Document::Resolution, &story);
    let ticket = resolved("# 001: 500\r\n", &resolution);
    let anchor = parse(&ticket, "the ticket").unwrap();
    assert_eq!((anchor.seq, anchor.digest), (38, story.incident().head));
    assert_snapshot!(ticket.replace("\r\n", "\n"));
    assert_eq!(resolved(&ticket, &resolution), ticket);
    assert!(!ticket.replace("\r\n", "").contains('\n'));
}

#[test]
fn the_report() {
    assert_snapshot!(write(Document::Report, &whole_job()));
}

#[test]
fn the_brief_report() {
    assert_snapshot!(write(Document::BriefReport, &whole_job()));
}

#[test]
fn the_post_mortem_names_no_one() {
    let draft = write(Document::PostMortem, &whole_job());
    assert!(!draft.contains("Ada") && !draft.contains("Grace"));
    assert_snapshot!(draft);
}

#[test]
fn the_timeline() {
    assert_snapshot!(timeline::text(&timeline::timeline(&whole_job().events)));
}

#[test]
fn the_report_of_a_bad_fix_and_a_rollback() {
    let story = to_the_decision(declaration())
        .fact(planned(Some(Strategy::B), &[StepName::Fix, StepName::Deploy, StepName::Watch, StepName::Close]))
        .done(20, "1 file, 5 added and 1 removed lines", &fix())
        .done(1, "v2.3.1 -> v2.3.2-hotfix.1", &deploy("v2.3.2-hotfix.1"))
        .started(StepName::Watch)
        .after(1)
        .fact(Fact::StepWentBad {
            step: StepName::Watch,
            evidence: Evidence::with("9 errors in 10 requests: BAD", &watch(Verdict::Bad)),
        })
        .fact(planned(None, &[StepName::RollBack, StepName::Confirm, StepName::Decide]))
        .done(
            1,
            "v2.3.2-hotfix.1 -> v2.3.1",
            &RollBack {
                environment: "production".to_owned(),
                from: "v2.3.2-hotfix.1".to_owned(),
                to: "v2.3.1".to_owned(),
                rung: Rung::Undo,
            },
        )
        .plain(1, StepName::Confirm, "0 errors in 40 requests: VERIFIED");
    assert_eq!(story.incident().verified(), None, "the trouble from before is still there");
    assert_snapshot!(write(Document::Report, &story));
}

#[test]
fn hostile_text_breaks_no_document() {
    let hostile = "x | y\n# Heading\n\n- [ ] `$(rm -rf /)` <!-- {{ id }} {% raw %} ";
    let title = format!("{hostile}{}", "é".repeat(10_000));
    let plain = whole_job();
    let mut declaration = Declaration { title, impact: hostile.to_owned(), ..declaration() };
    declaration.symptoms = vec![hostile.to_owned()];
    let hostile = Story::begin(declaration).fact(Fact::Noted { text: hostile.to_owned(), update: false });
    let ticket = write(Document::Ticket, &hostile);
    let headings =
        |text: &str| -> Vec<String> { text.lines().filter(|line| line.starts_with("##")).map(str::to_owned).collect() };
    assert_eq!(headings(&ticket), headings(&write(Document::Ticket, &plain)));
    assert_snapshot!(ticket.replace(&"é".repeat(60), "(60 é)"));
    let post_mortem = write(Document::PostMortem, &hostile);
    assert_eq!(headings(&post_mortem), headings(&write(Document::PostMortem, &plain)));
    assert!(
        post_mortem.lines().filter(|line| line.starts_with('|')).all(|line| line
            .replace(r"\|", "")
            .matches('|')
            .count()
            == 4)
    );
}

#[test]
fn a_project_may_have_its_own_templates() {
    let top = tempfile::tempdir().unwrap();
    let directory = top.path().join(".hotfix/templates");
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join("ticket.md"), "{{ id }} {{ title | code }} {{ ticket }}\n").unwrap();
    let own = |text: Option<&str>| {
        if let Some(text) = text {
            std::fs::write(directory.join("ticket.md"), text).unwrap();
        }
        let templates = Templates::load(Some(top.path()));
        let (story, allowance) = (Story::begin(declaration()), allowance());
        let incident = story.incident();
        Document::Ticket
            .write(&templates, Account { incident: &incident, events: &story.events, allowance: &allowance })
    };
    assert_eq!(own(None).unwrap(), "HOTFIX-20261120-001 `Payment API returns 500` \n");
    assert_snapshot!(own(Some("\n{{ titel }}")).unwrap_err().to_string(), @"template `ticket.md`, line 2, `{{ titel }}`: undefined value");
    assert_snapshot!(own(Some("{% if %}")).unwrap_err().to_string(), @"template `ticket.md`, line 1, `{% if %}`: unexpected end of block");
    let endless = "{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}{% endfor %}{% endfor %}{% endfor %}";
    assert!(own(Some(endless)).unwrap_err().to_string().ends_with("fuel"), "{}", own(Some(endless)).unwrap_err());
    std::fs::remove_file(directory.join("ticket.md")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", directory.join("ticket.md")).unwrap();
    assert!(own(None).unwrap_err().to_string().ends_with("it is a link to a place outside of the work tree"));
}

#[test]
fn the_clocks() {
    let at = |time: &str| format!("2026-11-20T{time}Z").parse().unwrap();
    let open = to_the_decision(declaration())
        .fact(planned(Some(Strategy::B), &[StepName::Fix, StepName::Watch, StepName::Close]))
        .started(StepName::Fix);
    let shown = clocks(&open.incident(), &allowance(), at("15:20:00"));
    assert_eq!(shown.limit.taken_of_allowed(), "1 h of 2 h");
    assert_eq!(shown.update.unwrap().due_in(), "42 min overdue");
    let (name, step) = shown.step.unwrap();
    assert_eq!((name, step.due_in()), (StepName::Fix, "7 min overdue".to_owned()));
    assert_eq!(shown.post_mortem, None);

    let closed = whole_job();
    let shown = clocks(&closed.incident(), &allowance(), "2026-11-23T14:20:00Z".parse().unwrap());
    assert_eq!(shown.limit.taken_of_allowed(), "53 min of 2 h");
    assert!(!shown.limit.is_overdue() && shown.update.is_none() && shown.step.is_none());
    assert_eq!(shown.post_mortem.unwrap().due_in(), "23 h 7 min overdue");
    let held = closed.fact(Fact::Ticked { item: POST_MORTEM_HELD.to_owned() });
    assert_eq!(clocks(&held.incident(), &allowance(), at("15:20:00")).post_mortem, None);
}

#[test]
fn every_value_of_a_template_is_documented() {
    let (story, allowance) = (whole_job(), allowance());
    let incident = story.incident();
    let account = Account { incident: &incident, events: &story.events, allowance: &allowance };
    let values = serde_json::to_value(super::view::view(account)).unwrap();
    let page = include_str!("../../../docs/templates.md");
    for value in values.as_object().unwrap().keys() {
        assert!(page.contains(&format!("`{value}`")), "docs/templates.md has no `{value}`");
    }
}
