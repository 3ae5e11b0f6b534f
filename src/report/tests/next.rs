//! What is next, state by state.

use super::super::next::{next, text};
use super::story::{Story, declaration};
use super::{branch, check, fix, planned};
use crate::domain::event::Fact;
use crate::domain::next::{Hint, Next};
use crate::domain::order::{Kind, Order};
use crate::domain::rung::Rung;
use crate::domain::step_name::StepName;
use crate::domain::strategy::Strategy;

const ROLES: [&str; 2] = ["tech-lead", "on-call"];

fn next_text(story: &Story, roles: &[&str]) -> String {
    let incident = story.incident();
    let roles: Vec<String> = roles.iter().map(|role| (*role).to_owned()).collect();
    next(&incident, &roles).map_or("-".to_owned(), |hint| text(&incident, &hint, false))
}

fn declared() -> Story {
    Story::begin(declaration())
}

fn ordered() -> Story {
    let text = |text: &str| text.to_owned();
    let order = Order {
        kind: Kind::Deploy,
        environment: text("staging"),
        release: text("v2"),
        commit: String::new(),
        previous: text("v1"),
        reason: String::new(),
        rung: Rung::Undo,
        profile: text("service"),
        workflow: 1,
    };
    Story::empty().fact(Fact::Ordered(order))
}

fn held(story: Story, step: StepName, hint: impl Into<Hint>) -> Story {
    let fact = Fact::StepHeld { step, reason: "it waits".to_owned(), hint: hint.into(), outage: None };
    story.started(step).fact(fact)
}

/// Up to a review that waits for the first role.
fn in_review() -> Story {
    let steps = [StepName::Branch, StepName::Fix, StepName::Check, StepName::Review];
    let story = declared().fact(planned(Some(Strategy::B), &steps));
    let story = story.done(1, "made", &branch()).done(1, "fixed", &fix()).done(1, "checked", &check());
    held(story, StepName::Review, Next::Approve { role: "tech-lead".to_owned() })
}

fn approved(story: Story, role: &str, break_glass: Option<&str>) -> Story {
    let break_glass = break_glass.map(str::to_owned);
    story.fact(Fact::Approved {
        role: role.to_owned(),
        commit: fix().commit,
        break_glass,
        tree: String::new(),
        checked: String::new(),
    })
}

fn decide() -> Story {
    let story = declared().fact(planned(None, &[StepName::Decide]));
    held(story, StepName::Decide, Next::decide(Strategy::B))
}

fn failed(story: Story, step: StepName, hint: impl Into<Hint>) -> Story {
    story.started(step).fact(Fact::StepFailed { step, error: "no".to_owned(), hint: hint.into() })
}

#[test]
fn each_state_has_its_next_thing() {
    let open = || declared().fact(planned(Some(Strategy::B), &[StepName::Branch, StepName::Fix, StepName::Check]));
    let fixing = || open().done(1, "made", &branch());
    let deploy = || ordered().fact(planned(None, &[StepName::Deploy, StepName::Watch]));
    let waive = |check: &str| Fact::Waived { check: check.to_owned(), reason: "known".to_owned() };
    let size =
        || failed(open(), StepName::Branch, Next::by_hand("correct the fix").then(Next::Ship).or(Next::waive("size")));
    let old = Hint::Text("`hotfix resume`, or wait".to_owned());
    for (what, story, expected) in [
        ("declared", declared(), "hotfix ship"),
        ("under way, or killed", open().started(StepName::Branch), "hotfix resume"),
        ("the fix is wanted", fixing(), "fix it in /home/ada/shop-001, `git commit`, then `hotfix ship`"),
        ("the next step of an order", deploy(), "hotfix resume"),
        (
            "what is held says what it needs",
            size(),
            "correct the fix, then `hotfix ship`; or `hotfix waive size --reason ...`",
        ),
        ("waived", size().fact(waive("size")), "hotfix ship"),
        (
            "something else is waived",
            size().fact(waive("marker")),
            "correct the fix, then `hotfix ship`; or `hotfix waive size --reason ...`",
        ),
        (
            "a watch of an order is waived",
            held(deploy(), StepName::Deploy, Next::waive("watch")).fact(waive("watch")),
            "hotfix resume",
        ),
        ("a person decides", decide(), "hotfix decide --strategy B"),
        (
            "a person has decided",
            decide().fact(Fact::Chosen { strategy: Strategy::C, reason: String::new() }),
            "hotfix ship",
        ),
        ("a hint of an older hotfix", failed(open(), StepName::Branch, old), "`hotfix resume`, or wait"),
        ("being aborted", open().fact(Fact::AbortStarted { reason: "no".to_owned() }), "hotfix resume"),
        (
            "aborted",
            open().fact(Fact::AbortStarted { reason: "no".to_owned() }).fact(Fact::Aborted { reason: "no".to_owned() }),
            "-",
        ),
    ] {
        assert_eq!(next_text(&story, &[]), expected, "{what}");
    }
}

#[test]
fn an_approval_leads_to_the_one_that_is_missing() {
    let approve = |role: &str| format!("hotfix approve HOTFIX-20261120-001 --role {role}");
    assert_eq!(next_text(&in_review(), &ROLES), approve("tech-lead"));
    let one = || approved(in_review(), "tech-lead", None);
    assert_eq!(next_text(&one(), &ROLES), approve("on-call"));
    assert_eq!(next_text(&one(), &[]), "hotfix ship", "the step says which are still missing");
    assert_eq!(next_text(&approved(one(), "on-call", None), &ROLES), "hotfix ship");
    assert_eq!(next_text(&approved(in_review(), "on-call", Some("nobody is awake")), &ROLES), "hotfix ship");
}

#[test]
fn beside_another_incident_each_command_names_its_own() {
    let linked = declared().fact(Fact::Linked { incident: "002".to_owned(), why: "found in it".to_owned() });
    assert_eq!(next_text(&linked, &[]), "hotfix ship HOTFIX-20261120-001");
}
