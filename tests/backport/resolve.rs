//! Conflicts, and what a person makes of them.

use std::fs;

use hotfix::git::backport::record::Opened;
use hotfix::git::backport::request::Request;
use hotfix::git::backport::work_tree::{self, Progress};
use hotfix::git::backport::{land, merge, plan};

use crate::sandbox::{Sandbox, lines, table};

#[tokio::test]
async fn a_resolution_does_for_the_class_once_it_is_approved() {
    let sandbox = Sandbox::new();
    for name in ["a", "b", "c"] {
        sandbox.branch(&format!("feature/{name}"), "main", &[("own.txt", name), ("code.txt", &lines(5, "theirs"))]);
    }
    sandbox.branch("feature/other", "main", &[("code.txt", &lines(5, "else"))]);
    let fix = sandbox.commit("Fix", &[("code.txt", &lines(5, "fixed")), ("more.txt", "more\n")]);
    let git = sandbox.runner();
    let mut request = Request::new(fix, ["feature/*"]);
    let plan = plan::plan(&git, &request).await.expect("a plan");
    let merged = merge::merge(&git, &plan).await.expect("merged");
    let conflicted = &merged.outcomes[0];

    let opened = Opened::of(conflicted).expect("a conflict");
    let place = sandbox.path("resolve");
    work_tree::open(&git, &plan, conflicted, &place).await.expect("a work tree");
    let code = place.join("code.txt");
    assert!(fs::read_to_string(&code).expect("the file").contains("<<<<<<<"));
    let unresolved = work_tree::read(&git, "feature/a", &opened, &place).await.expect("an answer");
    assert_eq!(unresolved, Progress::Unresolved { files: vec!["code.txt".to_owned()] });
    fs::write(&code, lines(5, "theirs, fixed")).expect("the file");
    git.clone().within(&place).run(["add", "."]).await.expect("added");
    let read = work_tree::read(&git, "feature/a", &opened, &place).await.expect("an answer");
    let Progress::Resolved(mut resolution) = read else { panic!("unresolved: {read:?}") };
    work_tree::remove(&git, &place).await.expect("removed");

    resolution.branches.push("feature/b".to_owned());
    request.resolutions.push(resolution);
    let plan = plan::plan(&git, &request).await.expect("a plan");
    let merged = merge::merge(&git, &plan).await.expect("merged");
    let landed = land::land(&git, &plan, &merged).await.expect("landed");
    let report = hotfix::git::backport::report::Report::new(&plan, merged, &landed, std::time::Duration::ZERO);
    insta::assert_snapshot!(table(&report), @r"
    feature/a needs moved
    feature/b needs moved
    feature/c needs conflict code.txt
    feature/other needs conflict code.txt
    ");
    for name in ["a", "b"] {
        let branch = format!("feature/{name}");
        assert_eq!(sandbox.show(&branch, "code.txt"), lines(5, "theirs, fixed").trim_end());
        assert_eq!(sandbox.show(&branch, "own.txt"), name);
        assert_eq!(sandbox.show(&branch, "more.txt"), "more");
    }
}
