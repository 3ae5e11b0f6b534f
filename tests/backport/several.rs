//! Conflicts in a fix of several commits, under a record: each is resolved by a person, or is not.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::Mutex;

use async_trait::async_trait;
use hotfix::git::backport::error::RecordError;
use hotfix::git::backport::kept::{self, Resolved};
use hotfix::git::backport::plan;
use hotfix::git::backport::record::{Record, Records};
use hotfix::git::backport::report::Report;
use hotfix::git::backport::request::Request;
use hotfix::git::backport::verdict::Verdict;

use crate::sandbox::{Sandbox, lines, table};

/// Records in memory; the one of an identifier takes the place of the one before.
#[derive(Default)]
struct Kept(Mutex<HashMap<String, Record>>);

#[async_trait]
impl Records for Kept {
    async fn save(&self, record: &Record) -> Result<(), RecordError> {
        self.0.lock().expect("no panic").insert(record.plan.id.clone(), record.clone());
        Ok(())
    }

    async fn load(&self, id: Option<&str>) -> Result<Option<Record>, RecordError> {
        let records = self.0.lock().expect("no panic");
        Ok(match id {
            Some(id) => records.get(id).cloned(),
            None => records.values().next().cloned(),
        })
    }
}

impl Kept {
    async fn record(&self) -> Record {
        self.load(None).await.expect("readable").expect("there is one")
    }
}

/// A fix of two commits, both of which conflict with `feature/a`.
fn two_conflicts() -> (Sandbox, Request) {
    let sandbox = Sandbox::new();
    sandbox.branch("feature/a", "main", &[("one.txt", "theirs\n"), ("two.txt", "theirs\n")]);
    let first = sandbox.commit("Fix one", &[("one.txt", "fixed\n")]);
    let second = sandbox.commit("Fix two", &[("two.txt", "fixed\n")]);
    (sandbox, Request::new(format!("{first}~1..{second}"), ["feature/a"]))
}

/// Opens the conflict of `feature/a`; returns where it is and which files are in conflict.
async fn open(sandbox: &Sandbox, records: &Kept, place: &str) -> (std::path::PathBuf, String) {
    let git = sandbox.runner();
    let mut record = records.record().await;
    let place =
        kept::resolve(&git, records, &mut record, "feature/a", &sandbox.path(place)).await.expect("a work tree");
    let files = git.clone().within(&place).run(["diff", "--name-only", "--diff-filter=U"]).await.expect("a list");
    (place, files)
}

async fn settle(sandbox: &Sandbox, place: &Path, file: &str, text: &str) {
    fs::write(place.join(file), text).expect("a file");
    sandbox.runner().within(place).run(["add", "."]).await.expect("added");
}

/// What `hotfix backport --continue` does.
async fn go_on(sandbox: &Sandbox, records: &Kept) -> Report {
    let git = sandbox.runner();
    let record = records.record().await;
    let resolved = kept::resolved(&git, &record).await.expect("an answer");
    assert!(resolved.unresolved.is_empty(), "{:?}", resolved.unresolved);
    kept::go_on(&git, records, record, resolved.resolutions).await.expect("a report")
}

#[tokio::test]
async fn the_second_conflict_is_never_taken_for_resolved() {
    let (sandbox, request) = two_conflicts();
    let records = Kept::default();
    kept::start(&sandbox.runner(), &records, &request).await.expect("a report");
    let (place, files) = open(&sandbox, &records, "first").await;
    assert_eq!(files, "one.txt");
    settle(&sandbox, &place, "one.txt", "theirs, fixed\n").await;
    for _ in 0..2 {
        let report = go_on(&sandbox, &records).await;
        assert_eq!(table(&report), "feature/a needs conflict two.txt\n");
    }
    let verified = kept::verify(&sandbox.runner(), &records.record().await.request).await.expect("a report");
    assert!(!verified.complete(), "{}", table(&verified));

    let (place, files) = open(&sandbox, &records, "second").await;
    assert_eq!(files, "two.txt");
    assert_eq!(fs::read_to_string(place.join("one.txt")).expect("a file"), "theirs, fixed\n");
    settle(&sandbox, &place, "two.txt", "theirs, fixed too\n").await;
    assert_eq!(table(&go_on(&sandbox, &records).await), "feature/a needs moved\n");
    assert_eq!(sandbox.show("feature/a", "one.txt"), "theirs, fixed");
    assert_eq!(sandbox.show("feature/a", "two.txt"), "theirs, fixed too");
    assert_eq!(sandbox.remote(&["log", "-2", "--format=%s", "feature/a"]), "Fix two\nFix one");
}

#[tokio::test]
async fn what_a_person_made_of_a_conflict_is_theirs_by_name() {
    let (sandbox, request) = two_conflicts();
    let records = Kept::default();
    kept::start(&sandbox.runner(), &records, &request).await.expect("a report");
    for (file, text) in [("one.txt", "theirs, fixed\n"), ("two.txt", "theirs, fixed too\n")] {
        let (place, _) = open(&sandbox, &records, "place").await;
        settle(&sandbox, &place, file, text).await;
        go_on(&sandbox, &records).await;
    }
    assert!(!sandbox.path("place").exists());
    // Whoever asks, without the record: the history says it.
    let plan = plan::plan(&sandbox.runner(), &request).await.expect("a plan");
    let tip = sandbox.remote(&["rev-parse", "feature/a"]).parse().expect("a name");
    let person = "Ours <ours@example.org>".to_owned();
    assert_eq!(plan.targets[0].verdict, Verdict::Resolved { person, commit: tip });
    let message = sandbox.remote(&["log", "-1", "--format=%B", "feature/a"]);
    let fix = sandbox.head();
    assert_eq!(
        message,
        format!("Fix two\n\n(cherry picked from commit {fix})\nConflict-resolved-by: Ours <ours@example.org>")
    );
}

#[tokio::test]
async fn a_decision_to_change_nothing_is_a_commit_that_says_whose_it_was() {
    let (sandbox, request) = two_conflicts();
    let records = Kept::default();
    kept::start(&sandbox.runner(), &records, &request).await.expect("a report");
    for file in ["one.txt", "two.txt"] {
        let (place, _) = open(&sandbox, &records, "place").await;
        settle(&sandbox, &place, file, "theirs\n").await;
        go_on(&sandbox, &records).await;
    }
    assert_eq!(sandbox.remote(&["diff", "--stat", "feature/a~2", "feature/a"]), "");
    let report = kept::verify(&sandbox.runner(), &request).await.expect("a report");
    assert_eq!(table(&report), "feature/a resolved\n");
}

#[tokio::test]
async fn a_run_that_died_before_it_removed_the_work_tree_loses_nothing() {
    let (sandbox, mut request) = two_conflicts();
    let records = Kept::default();
    let git = sandbox.runner();
    kept::start(&git, &records, &request).await.expect("a report");
    let (place, _) = open(&sandbox, &records, "first").await;
    settle(&sandbox, &place, "one.txt", "theirs, fixed\n").await;
    request.resolutions = kept::resolved(&git, &records.record().await).await.expect("an answer").resolutions;
    kept::start(&git, &records, &request).await.expect("a report");
    assert!(place.exists());
    assert_eq!(table(&go_on(&sandbox, &records).await), "feature/a needs conflict two.txt\n");
    assert_eq!(open(&sandbox, &records, "first").await, (place, "two.txt".to_owned()));
}

#[tokio::test]
async fn a_work_tree_opened_before_the_branch_moved_takes_nothing_back() {
    // The second conflict, of a file that both have added, has no class: there a person looks again.
    for (file, expected) in [("code.txt", "feature/a needs moved\n"), ("new.txt", "feature/a needs conflict new.txt\n")]
    {
        let sandbox = Sandbox::new();
        sandbox.branch("feature/a", "main", &[(file, &lines(5, "theirs"))]);
        let request = Request::new(sandbox.commit("Fix", &[(file, &lines(5, "fixed"))]), ["feature/a"]);
        let records = Kept::default();
        kept::start(&sandbox.runner(), &records, &request).await.expect("a report");
        let (place, _) = open(&sandbox, &records, "place").await;
        sandbox.git(&["fetch", "-q"]);
        sandbox.branch("feature/a", "origin/feature/a", &[("later.txt", "pushed meanwhile\n")]);
        kept::start(&sandbox.runner(), &records, &request).await.expect("a report");
        settle(&sandbox, &place, file, &lines(5, "both")).await;
        assert_eq!(table(&go_on(&sandbox, &records).await), expected);
        assert_eq!(sandbox.show("feature/a", "later.txt"), "pushed meanwhile");
    }
}

#[tokio::test]
async fn the_work_tree_of_an_earlier_version_is_opened_again_where_it_is_not_clear() {
    let (sandbox, request) = two_conflicts();
    let records = Kept::default();
    kept::start(&sandbox.runner(), &records, &request).await.expect("a report");
    let (place, _) = open(&sandbox, &records, "place").await;
    let mut record = serde_json::to_value(records.record().await).expect("json");
    record.as_object_mut().expect("an object").remove("opened");
    records.save(&serde_json::from_value(record).expect("a record")).await.expect("kept");
    let resolved = kept::resolved(&sandbox.runner(), &records.record().await).await.expect("an answer");
    assert_eq!(resolved, Resolved::default());
    let (again, files) = open(&sandbox, &records, "place").await;
    assert_eq!((again, files.as_str()), (sandbox.path("place-2"), "one.txt"));
    assert!(place.exists());
}
