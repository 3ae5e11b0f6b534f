//! Real histories: commits of a real repository, picked onto older branches and tags of it.

use std::path::Path;

use hotfix::git::Git;
use hotfix::git::backport::merge;
use hotfix::git::backport::obstacle::Obstacle;
use hotfix::git::backport::plan;
use hotfix::git::backport::request::Request;
use hotfix::git::backport::verdict::Verdict;

use crate::random::Random;
use crate::sandbox::{run, try_run};

/// How many picks are compared.
const PICKS: usize = 500;
/// How many branches each commit is picked onto at once.
const TARGETS: usize = 10;

/// Runs where `HOTFIX_BENCH_REPO` names a repository.
#[tokio::test]
async fn picks_of_real_commits_are_those_of_git() {
    let Ok(repo) = std::env::var("HOTFIX_BENCH_REPO") else { return };
    let directory = tempfile::tempdir().expect("a directory");
    let origin = directory.path().join("origin.git");
    let work = directory.path().join("work");
    let [origin_path, work_path] = [&origin, &work].map(|path| path.display().to_string());
    run(directory.path(), &["clone", "-q", "--bare", "--single-branch", "--no-tags", &repo, &origin_path]);
    let commits = run(&origin, &["rev-list", "--first-parent", "--max-count=3000", "HEAD"]);
    let commits: Vec<&str> = commits.lines().collect();
    let fixes = run(&origin, &["rev-list", "--no-merges", "--max-count=3000", "HEAD"]);
    let fixes: Vec<&str> = fixes.lines().collect();
    let mut random = Random(11);
    for at in 0..TARGETS {
        let commit = commits[commits.len() / TARGETS * at + random.below(commits.len() / TARGETS)];
        run(&origin, &["update-ref", &format!("refs/heads/old/{at}"), commit]);
    }
    run(directory.path(), &["clone", "-q", &origin_path, &work_path]);
    let git = Git::at(&work).with("GIT_COMMITTER_NAME", "C").with("GIT_COMMITTER_EMAIL", "c@c");
    let mut compared = 0;
    while compared < PICKS {
        let fix = fixes[random.below(fixes.len())];
        let plan = plan::plan(&git, &Request::new(fix, ["old/*"])).await.expect("a plan");
        let merged = merge::merge(&git, &plan).await.expect("merged");
        for outcome in &merged.outcomes {
            let ours = match (&outcome.verdict, outcome.new, &outcome.obstacle) {
                (Verdict::Needs { .. }, Some(new), None) => tree(&work, &merged.objects(), &new.to_string()),
                (Verdict::Needs { .. }, None, Some(Obstacle::Conflict { .. })) => outcome.files().join(" "),
                (Verdict::Equivalent { by: None }, None, None) => "there".to_owned(),
                // What the history says is not for a pick to contradict.
                _ => continue,
            };
            let theirs = in_a_work_tree(&work, &outcome.old.to_string(), fix);
            assert_eq!(ours, theirs, "{fix} onto {}", outcome.old);
            compared += 1;
        }
    }
}

fn tree(work: &Path, objects: &Path, commit: &str) -> String {
    let objects = objects.display().to_string();
    let environment = [("GIT_ALTERNATE_OBJECT_DIRECTORIES", objects.as_str())];
    try_run(work, &["rev-parse", &format!("{commit}^{{tree}}")], &environment).expect("the commit is there")
}

/// The tree of the pick, the paths in conflict, or `there`.
fn in_a_work_tree(work: &Path, target: &str, fix: &str) -> String {
    run(work, &["checkout", "-q", "--force", "--detach", target]);
    let answer = match try_run(work, &["cherry-pick", fix], &[]) {
        Ok(_) => run(work, &["rev-parse", "HEAD^{tree}"]),
        Err(said) if said.contains("is now empty") => "there".to_owned(),
        Err(_) => {
            let listed = run(work, &["diff", "--name-only", "--diff-filter=U"]);
            listed.lines().collect::<Vec<_>>().join(" ")
        }
    };
    let _ = try_run(work, &["cherry-pick", "--quit"], &[]);
    run(work, &["reset", "-q", "--hard"]);
    answer
}
