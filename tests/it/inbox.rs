//! Requests from other clones: taken in by the working one, answered where they may not follow, and waited for.

use std::fs;
use std::process::{Child, Stdio};

use hotfix::domain::actor::Made;
use hotfix::domain::event::Fact;
use hotfix::domain::request::Request;
use insta::assert_snapshot;
use jiff::Timestamp;
use serde_json::Value;

use crate::database::Kind;
use crate::env::{Output, TestEnv};
use crate::machines::until;

const BEA: &str = "Bea <bea@example.org>";
const CEM: &str = "Cem <cem@example.org>";

/// A clone whose incident 001 waits for two approvals, and another clone called `second`.
pub fn held() -> (TestEnv, String) {
    held_on(Kind::Sqlite)
}

fn held_on(kind: Kind) -> (TestEnv, String) {
    let env = TestEnv::on(kind);
    env.instant();
    env.configure("P0 = []", "P0 = [\"tech-lead\", \"on-call\"]");
    env.clone_to("second");
    env.hotfix(&["start", "Payment API returns 500", "--severity", "P0", "--issue-id", "001"]);
    let fix = env.fix("001");
    let shipped = env.hotfix(&["ship"]);
    assert_eq!(shipped.status, Some(3), "{shipped}");
    (env, fix)
}

pub fn approved(role: &str, commit: &str) -> Fact {
    let (role, commit) = (role.to_owned(), commit.to_owned());
    Fact::Approved { role, commit, tree: String::new(), checked: String::new(), break_glass: None }
}

fn noted(text: &str) -> Fact {
    Fact::Noted { text: text.to_owned(), update: false }
}

impl TestEnv {
    pub fn events(&self) -> Vec<Value> {
        let output = self.hotfix(&["timeline", "001", "--events", "--json"]);
        let view: Value = serde_json::from_str(&output.stdout).unwrap_or_else(|_| panic!("{output}"));
        view["events"].as_array().unwrap().clone()
    }

    /// How often the journal has an event of this name.
    pub fn count(&self, name: &str) -> usize {
        self.events().iter().filter(|event| event["fact"]["event"] == name).count()
    }

    /// Why requests were refused, in order.
    pub fn answers(&self) -> Vec<String> {
        let why = self.events().into_iter().filter_map(|event| Some(event["fact"]["why"].as_str()?.to_owned()));
        why.collect()
    }

    /// A request about the incident by `by`, as another clone would make it.
    pub fn request(&self, by: &str, fact: &Fact) -> Request {
        let made = Made { at: Timestamp::now(), nonce: format!("{:032x}", fastrand::u128(..)) };
        let root = self.events()[0]["digest"].as_str().unwrap().to_owned();
        let fact = serde_json::to_string(fact).unwrap();
        Request { incident: "001".to_owned(), root, by: by.to_owned(), made, fact, signed: None }
    }

    /// Sends it from the other clone.
    pub fn send(&self, request: &Request) {
        self.put(&request.statement().digest(), &[("100644 blob", "request.json", request.written().as_bytes())]);
    }

    /// Puts anything into the inbox of 001: the mode, the name and the content of each file.
    fn put(&self, name: &str, files: &[(&str, &str, &[u8])]) {
        let mut tree = String::new();
        for (mode, name, content) in files {
            let path = self.path("content");
            fs::write(&path, content).unwrap();
            let blob = self.git_in("second", &["hash-object", "-w", path.to_str().unwrap()]);
            tree.push_str(&format!("{mode} {blob}\t{name}\n"));
        }
        fs::write(self.path("tree"), tree).unwrap();
        let tree = self.git_in("second", &["-c", "alias.tree=!git mktree < ../tree", "tree"]);
        let commit = self.git_in("second", &["commit-tree", "-m", "A request", &tree]);
        self.git_in("second", &["push", "--quiet", "origin", &format!("{commit}:refs/hotfix/inbox/001/{name}")]);
    }

    /// What is in the inbox.
    pub fn waiting(&self) -> usize {
        self.git_in("remote.git", &["for-each-ref", "refs/hotfix/inbox"]).lines().count()
    }

    /// Lets the next command ask the remote, however lately one has.
    fn ask_again(&self) {
        let _ = fs::remove_file(self.path("work/.git/hotfix/inbox-asked"));
    }
}

/// A run that waits; what it prints on standard error goes into a file of the sandbox.
pub fn waits(env: &TestEnv, args: &[&str]) -> Child {
    let file = fs::File::create(env.path("waiting")).unwrap();
    let child = env.hotfix_command(args).stdout(Stdio::piped()).stderr(file).spawn().unwrap();
    until("it waits", || fs::read_to_string(env.path("waiting")).unwrap().contains("waiting for"));
    child
}

fn end(child: Child) -> Output {
    child.wait_with_output().unwrap().into()
}

#[test]
fn an_approval_from_another_clone_lets_the_fix_pass() {
    let (env, fix) = held();
    let requests = [(BEA, "tech-lead"), (CEM, "on-call")].map(|(by, role)| env.request(by, &approved(role, &fix)));
    requests.iter().for_each(|request| env.send(request));
    let listed = env.hotfix(&["inbox"]);
    assert!(listed.stdout.contains("from Bea <bea@example.org> (claimed)"), "{listed}");
    let shipped = env.hotfix(&["ship"]);
    assert_eq!(shipped.status, Some(0), "{shipped}");
    assert!(shipped.stderr.contains("sent by Bea <bea@example.org>"), "{shipped}");
    assert!(shipped.stderr.contains("2 of 2 approvals"), "{shipped}");
    assert_eq!((env.waiting(), env.count("approved")), (0, 2));
    let proofs: Vec<Value> = env.events().iter().map(|event| event["proof"]["by"].clone()).collect();
    assert_eq!(proofs.iter().filter(|by| *by == "sent").count(), 2, "{proofs:?}");
    assert_snapshot!(env.hotfix(&["inbox"]), @r"
    exit status: 0
    --- stdout
    nothing waits in the inbox
    ");
    let verified = env.hotfix(&["audit", "verify"]);
    assert_eq!(verified.status, Some(0), "{verified}");
}

#[test]
fn each_command_that_shows_the_incident_takes_requests_in() {
    let (env, _) = held();
    for (text, command) in [("one", "status"), ("two", "timeline"), ("three", "ack")] {
        env.send(&env.request(BEA, &noted(text)));
        env.ask_again();
        let shown = env.hotfix(&[command, "001"]);
        assert_eq!((shown.status, env.waiting()), (Some(0), 0), "{shown}");
    }
    let timeline = env.hotfix(&["timeline", "001"]).stdout;
    for text in ["note: one", "note: two", "note: three"] {
        assert!(timeline.contains(text), "{timeline}");
    }
}

#[test]
fn what_was_said_long_before_says_so() {
    let (env, _) = held();
    let mut request = env.request(BEA, &noted("in the train"));
    request.made.at = "2026-01-02T03:04:05Z".parse().unwrap();
    env.send(&request);
    env.ask_again();
    let timeline = env.hotfix(&["timeline", "001"]).stdout;
    assert!(timeline.contains("note: in the train (said at 2026-01-02 03:04:05 UTC)"), "{timeline}");
}

#[test]
fn one_that_may_not_follow_is_answered() {
    let (env, fix) = held();
    let ada = "Ada <ada@example.org>";
    let other = "0".repeat(40);
    let steps = vec![hotfix::domain::step_name::StepName::Release];
    let strategy = Some(hotfix::domain::strategy::Strategy::B);
    let planned = hotfix::domain::event::Planned { strategy, reasons: vec!["be quick".to_owned()], steps, back: None };
    let good = |fact: &Fact| env.request(BEA, fact);
    let ticked = Fact::Ticked { item: "the moon is full".to_owned() };
    let action = Fact::ActionAdded {
        action: "../../1".to_owned(),
        kind: "prevent".to_owned(),
        text: "x".to_owned(),
        owner: "y".to_owned(),
        due: Timestamp::now(),
    };
    for (request, why) in [
        (env.request(ada, &approved("on-call", &fix)), "Ada <ada@example.org> may not approve: an author of the fix"),
        (good(&approved("janitor", &fix)), "a P0 needs no approval as `janitor`"),
        (good(&approved("on-call", &other)), "the fix is "),
        (good(&Fact::Waived { check: "everything".to_owned(), reason: "x".to_owned() }), "there is nothing called"),
        (good(&Fact::Waived { check: "size".to_owned(), reason: " ".to_owned() }), "a waiver needs a reason"),
        (good(&ticked), "no checklist has"),
        (good(&action), "another clone can't ask for such an action item"),
        (good(&Fact::ActionDone { action: "7".to_owned() }), "there is no open action item `7`"),
        (good(&Fact::Planned(planned)), "001 has moved on since that was said"),
        (good(&Fact::Closed {}), "another clone can't ask for closed"),
        (good(&noted("password=hunter2hunter2")), "it has what looks like a secret"),
        (Request { root: "0".repeat(64), ..good(&noted("x")) }, "it is about an incident of another journal"),
        (Request { incident: "002".to_owned(), ..good(&noted("x")) }, "it is about another incident"),
        (Request { by: "Eve\u{1b}[2J <eve@x>".to_owned(), ..good(&noted("x")) }, "characters that can't be seen"),
        (Request { fact: "{\"event\":\"magic\"}".to_owned(), ..good(&noted("x")) }, "knows no such fact"),
    ] {
        let before = env.count("request-refused");
        env.send(&request);
        let shipped = env.hotfix(&["ship"]);
        assert_eq!(shipped.status, Some(3), "{shipped}");
        assert_eq!((env.waiting(), env.count("request-refused")), (0, before + 1), "{why}");
        let answers = env.answers();
        assert!(answers.last().is_some_and(|answer| answer.contains(why)), "{why}: {answers:?}");
        // It is known: its sender can't fill the journal with it.
        env.send(&request);
        let again = env.hotfix(&["ship"]);
        assert_eq!((env.waiting(), env.count("request-refused")), (0, before + 1), "{again}");
    }
    assert_eq!(env.count("approved"), 0);
    let timeline = env.hotfix(&["timeline", "001"]).stdout;
    assert!(timeline.contains("refused a request of Bea, note: x: it is about another incident"), "{timeline}");
    assert!(!timeline.contains('\u{1b}'), "{timeline}");
}

#[test]
fn what_is_no_request_is_named_once_and_thrown_away() {
    let (env, _) = held();
    let request = env.request(BEA, &noted("x"));
    let content = request.written();
    let name = |number: u8| format!("{number:064}");
    let large = vec![b' '; 65 * 1024];
    env.put(&name(1), &[("100644 blob", "request.json", content.as_bytes())]);
    env.put(&name(2), &[("100644 blob", "request.json", b"{\"form\":")]);
    env.put(&name(3), &[("100644 blob", "request.json", &large)]);
    env.put(&name(4), &[("120000 blob", "request.json", b"/etc/passwd")]);
    env.put(&name(5), &[("100644 blob", "request.json", content.as_bytes()), ("100644 blob", "x", b"x")]);
    env.put(&name(6), &[("100644 blob", "other.json", content.as_bytes())]);
    env.put("strange\u{200b}name/and/more", &[("100644 blob", "request.json", b"\xff\xfe")]);
    let listed = env.hotfix(&["inbox"]);
    assert_eq!(listed.stdout.matches("can't be read").count(), 6, "{listed}");
    let shipped = env.hotfix(&["ship"]);
    assert_eq!(shipped.status, Some(3), "{shipped}");
    assert_eq!((env.waiting(), env.count("request-refused"), env.count("noted")), (0, 7, 0), "{shipped}");
    let answers = env.answers().join("\n");
    for why in ["its name is not the digest", "it is not written as a request is", "it is not one file called"] {
        assert!(answers.contains(why), "{why}: {answers}");
    }
    // Other people's requests are not kept from being taken in.
    env.send(&request);
    env.hotfix(&["ship"]);
    assert_eq!((env.waiting(), env.count("noted")), (0, 1));
}

#[test]
fn a_request_twice_is_one_event() {
    let (env, fix) = held();
    let request = env.request(BEA, &approved("tech-lead", &fix));
    env.send(&request);
    env.hotfix(&["ship"]);
    assert_eq!((env.waiting(), env.count("approved")), (0, 1));
    env.send(&request);
    let again = env.hotfix(&["ship"]);
    assert_eq!((env.waiting(), env.count("approved"), env.count("request-refused")), (0, 1, 0), "{again}");
}

#[test]
fn one_that_became_an_event_just_before_a_crash_is_known() {
    let (env, _) = held();
    let (request, seq) = (env.request(BEA, &noted("x")), env.events().len());
    env.send(&request);
    for (moment, events) in [("before", 0), ("after", 1)] {
        env.ask_again();
        let mut killed = env.hotfix_command(&["status", "001"]);
        let killed = env.run(killed.env("HOTFIX_CRASH", format!("{moment}:{}", seq + 1)));
        assert_eq!((killed.status, env.waiting(), env.count("noted")), (None, 1, events), "{moment} {killed}");
    }
    env.ask_again();
    env.hotfix(&["status", "001"]);
    assert_eq!((env.waiting(), env.count("noted"), env.count("request-refused")), (0, 1, 0));
}

#[test]
fn a_clone_leaves_alone_what_it_does_not_work_on() {
    let (env, _) = held();
    let request = env.request(BEA, &noted("x"));
    env.send(&request);
    let listed = env.hotfix_in("second", &["list"]);
    assert_eq!(listed.status, Some(0), "{listed}");
    env.hotfix_in("second", &["status"]);
    assert_eq!(env.waiting(), 1);
}

#[test]
fn a_run_that_waits_goes_on_when_the_last_approval_is_there() {
    let (env, fix) = held();
    let waiting = waits(&env, &["ship", "--wait"]);
    env.send(&env.request(BEA, &approved("tech-lead", &fix)));
    until("the first is taken in", || env.waiting() == 0);
    // The other one is typed in the same clone.
    let approved = env.hotfix(&["approve", "--role", "on-call", "--as", CEM]);
    assert_eq!(approved.status, Some(0), "{approved}");
    let ended = end(waiting);
    let printed = fs::read_to_string(env.path("waiting")).unwrap();
    assert_eq!(ended.status, Some(0), "{ended}\n{printed}");
    assert!(printed.contains("waiting for an approval as tech-lead, on-call; 0 of 2"), "{printed}");
    assert!(printed.contains("waiting for an approval as on-call; 1 of 2"), "{printed}");
    assert_eq!(env.read("../deploys").lines().count(), 1);
}

#[test]
#[ignore = "needs PostgreSQL: run ./test"]
fn an_approval_in_a_shared_store_ends_the_wait_too() {
    let (env, _) = held_on(Kind::Postgres);
    let waiting = waits(&env, &["ship", "--wait"]);
    for (by, role) in [(BEA, "tech-lead"), (CEM, "on-call")] {
        let approved = env.hotfix_in("second", &["approve", "001", "--role", role, "--as", by]);
        assert_eq!((approved.status, env.waiting()), (Some(0), 0), "{approved}");
    }
    let ended = end(waiting);
    assert_eq!(ended.status, Some(0), "{ended}\n{}", fs::read_to_string(env.path("waiting")).unwrap());
    assert_eq!(env.read("../deploys").lines().count(), 1);
}

#[test]
fn a_waiver_from_another_clone_is_waited_for_and_an_interrupted_wait_loses_nothing() {
    let env = TestEnv::new();
    env.instant();
    env.configure("regression_test = false", "regression_test = true");
    env.clone_to("second");
    env.hotfix(&["start", "Payment API returns 500", "--severity", "P0", "--issue-id", "001"]);
    env.fix("001");
    let mut killed = waits(&env, &["ship", "--wait"]);
    killed.kill().unwrap();
    killed.wait().unwrap();
    let waiting = waits(&env, &["resume", "--wait"]);
    env.send(&env.request(BEA, &Fact::Waived { check: "regression-test".to_owned(), reason: "it is data".to_owned() }));
    let ended = end(waiting);
    assert_eq!(ended.status, Some(0), "{ended}\n{}", fs::read_to_string(env.path("waiting")).unwrap());
    assert_eq!(env.count("waived"), 1);
}
