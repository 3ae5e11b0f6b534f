//! For random histories and fixes: what hotfix decides is what git does in a work tree.

use hotfix::git::backport::merge;
use hotfix::git::backport::obstacle::Obstacle;
use hotfix::git::backport::outcome::Outcome;
use hotfix::git::backport::plan;
use hotfix::git::backport::request::{Mode, Request, Rule};
use hotfix::git::backport::verdict::Verdict;

use crate::random::{History, Random};
use crate::sandbox::{Sandbox, feed, try_run};

/// How many targets are compared, unless `HOTFIX_PROPERTY_CASES` says otherwise.
const CASES: usize = 240;

#[derive(Debug, PartialEq, Eq)]
enum Answer {
    /// The tree that the branch has afterwards.
    Tree(String),
    /// The branch has it already.
    There,
    /// The paths in conflict.
    Conflict(Vec<String>),
}

impl Answer {
    /// Git tells two things of one name apart by `~` and what it calls their commit: a branch in a
    /// work tree, an object's name without one.
    fn conflict(files: Vec<String>) -> Answer {
        let without = |file: String| file.split_once('~').map_or(file.clone(), |(path, _)| format!("{path}~"));
        let mut files: Vec<String> = files.into_iter().map(without).collect();
        files.sort();
        files.dedup();
        Answer::Conflict(files)
    }
}

#[tokio::test]
async fn picks_and_merges_are_those_of_git() {
    let cases = std::env::var("HOTFIX_PROPERTY_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(CASES);
    let first = std::env::var("HOTFIX_PROPERTY_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let mut compared = 0;
    let (mut kinds, mut unaffected) = ([0; 3], 0);
    for seed in first.. {
        if compared >= cases {
            break;
        }
        let sandbox = Sandbox::new();
        let history = History::random(&mut Random(seed));
        feed(&sandbox.path("work"), &["fast-import", "--quiet", "--force"], &history.stream);
        sandbox.git(&["push", "-q", "--force", "origin", "--all"]);
        let having = sandbox.git(&["for-each-ref", "--format=%(refname:short)", "--contains=fix", "refs/heads"]);
        for mode in [Mode::Pick, Mode::Merge] {
            let mut request = Request::new(sandbox.git(&["rev-parse", "fix"]), ["feature/*"]);
            request.rules = vec![Rule { glob: "feature/*".to_owned(), mode }];
            let git = sandbox.runner();
            let plan = plan::plan(&git, &request).await.expect("a plan");
            let merged = merge::merge(&git, &plan).await.expect("merged");
            for outcome in &merged.outcomes {
                if let Verdict::Equivalent { by: Some(by) } = outcome.verdict {
                    assert_eq!(patch(&sandbox, &by.to_string()), patch(&sandbox, "fix"), "seed {seed}, {outcome:?}");
                    continue;
                }
                if let Verdict::Reverted { .. } = outcome.verdict {
                    assert!(undone(&sandbox, &outcome.branch), "seed {seed}, {outcome:?}");
                    continue;
                }
                if let Verdict::NotAffected { breaking } = outcome.verdict {
                    let conflict = in_a_work_tree(&sandbox, mode, &outcome.branch);
                    assert!(matches!(conflict, None | Some(Answer::Conflict(_))), "seed {seed}, {outcome:?}");
                    assert!(lacks(&sandbox, &breaking.expect("a commit").to_string()), "seed {seed}, {outcome:?}");
                    unaffected += 1;
                    continue;
                }
                let has_it = mode == Mode::Pick && having.lines().any(|name| name == outcome.branch);
                let expected =
                    if has_it { Some(Answer::There) } else { in_a_work_tree(&sandbox, mode, &outcome.branch) };
                let Some(expected) = expected else { continue };
                let ours = answer(&sandbox, &merged, outcome);
                assert_eq!(ours, expected, "seed {seed}, {mode:?} onto {}: {outcome:?}", outcome.branch);
                kinds[match ours {
                    Answer::Tree(_) => 0,
                    Answer::There => 1,
                    Answer::Conflict(_) => 2,
                }] += 1;
                compared += 1;
            }
        }
    }
    println!(
        "{compared} compared: {} clean, {} there already, {} conflicts; {unaffected} not affected",
        kinds[0], kinds[1], kinds[2]
    );
    assert!(kinds.iter().all(|count| *count > 0), "{kinds:?}");
}

/// The patch of a commit in the files that the fix changes.
fn patch(sandbox: &Sandbox, commit: &str) -> String {
    let paths = sandbox.git(&["diff-tree", "-r", "--no-commit-id", "--name-only", "--no-renames", "fix"]);
    let args = ["diff-tree", "-r", "-p", "--full-index", "--no-renames", "--no-commit-id", commit, "--"];
    let diff = sandbox.git(&args.into_iter().chain(paths.lines()).collect::<Vec<_>>());
    diff.lines().filter(|line| !line.starts_with("@@") && !line.starts_with("index ")).collect()
}

/// Whether the branch has, in the files that the fix changes, what was there before it.
fn undone(sandbox: &Sandbox, branch: &str) -> bool {
    let paths = sandbox.git(&["diff-tree", "-r", "--no-commit-id", "--name-only", "--no-renames", "fix"]);
    let args = ["diff", "--quiet", "--no-renames", "fix^", branch, "--"];
    let args: Vec<&str> = args.into_iter().chain(paths.lines()).collect();
    try_run(&sandbox.path("work"), &args, &[]).is_ok()
}

/// Whether git's own revert of the commit changes nothing on the branch that is checked out.
fn lacks(sandbox: &Sandbox, breaking: &str) -> bool {
    sandbox.git(&["reset", "-q", "--hard"]);
    sandbox.git(&["clean", "-qfdx"]);
    let before = sandbox.git(&["rev-parse", "HEAD^{tree}"]);
    let reverted = try_run(&sandbox.path("work"), &["revert", "--no-commit", breaking], &[]);
    reverted.is_ok() && sandbox.git(&["write-tree"]) == before
}

/// What hotfix says.
fn answer(sandbox: &Sandbox, merged: &merge::Merged, outcome: &Outcome) -> Answer {
    match (&outcome.verdict, outcome.new, &outcome.obstacle) {
        (Verdict::Contains | Verdict::Equivalent { .. }, None, None) => Answer::There,
        (Verdict::Needs { .. }, Some(new), None) => {
            let objects = merged.objects().display().to_string();
            let environment = [("GIT_ALTERNATE_OBJECT_DIRECTORIES", objects.as_str())];
            let tree = try_run(&sandbox.path("work"), &["rev-parse", &format!("{new}^{{tree}}")], &environment);
            Answer::Tree(tree.expect("the commit is there"))
        }
        (Verdict::Needs { .. }, None, Some(Obstacle::Conflict { conflict, .. })) => {
            Answer::conflict(conflict.stages.iter().map(|stage| stage.path.clone()).collect())
        }
        other => panic!("unexpected: {other:?}"),
    }
}

/// What git does in a work tree; `None` where the work tree itself is in the way.
fn in_a_work_tree(sandbox: &Sandbox, mode: Mode, branch: &str) -> Option<Answer> {
    let work = sandbox.path("work");
    // Force also ends the pick or the merge that the branch before was left with.
    sandbox.git(&["checkout", "-q", "--force", "--detach", branch]);
    sandbox.git(&["clean", "-qfdx"]);
    let done = match mode {
        Mode::Pick => try_run(&work, &["cherry-pick", "-x", "fix"], &[]),
        Mode::Merge => try_run(&work, &["merge", "-q", "--no-ff", "--no-edit", "fix"], &[]),
    };
    match done {
        Ok(_) => {
            let names = sandbox.git(&["rev-parse", branch, "HEAD", "HEAD^{tree}"]);
            let [before, after, tree] = names.lines().collect::<Vec<_>>().try_into().expect("three names");
            Some(if before == after { Answer::There } else { Answer::Tree(tree.to_owned()) })
        }
        Err(said) if said.contains("would be overwritten") => None,
        Err(said) if said.contains("is now empty") => Some(Answer::There),
        Err(said) => {
            let listed = sandbox.git(&["diff", "--name-only", "--diff-filter=U"]);
            // Some conflicts, of folders, leave nothing unmerged.
            assert!(said.contains("CONFLICT"), "git failed: {said}");
            Some(Answer::conflict(listed.lines().map(str::to_owned).collect()))
        }
    }
}
