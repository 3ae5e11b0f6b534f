//! Copies of the fix that do not say so: commits that make the same change to the same files.

use std::collections::HashMap;

use super::error::BackportError;
use super::fix::oid;
use crate::git::Git;
use crate::git::oid::Oid;

/// More bytes of paths than this are not handed to git as arguments, and no copies are found.
const PATHS: usize = 64 << 10;

/// Returns which of the candidates copy which of the sought commits: those with the same patch
/// (`git patch-id --verbatim`), looking only at the files that the sought commits change.
pub async fn find(git: &Git, sought: &[Oid], candidates: &[Oid]) -> Result<HashMap<Oid, Oid>, BackportError> {
    if candidates.is_empty() {
        return Ok(HashMap::new());
    }
    let paths = changed_paths(git, sought).await?;
    if paths.is_empty() || paths.iter().map(String::len).sum::<usize>() > PATHS {
        return Ok(HashMap::new());
    }
    // Two processes, for making the patches takes the time here.
    let (first, second) = candidates.split_at(candidates.len() / 2);
    let (known, first, second) =
        tokio::try_join!(patches(git, sought, &paths), patches(git, first, &paths), patches(git, second, &paths))?;
    let known: HashMap<String, Oid> = known.into_iter().collect();
    let both = first.into_iter().chain(second);
    Ok(both.filter_map(|(patch, commit)| Some((commit, *known.get(&patch)?))).collect())
}

async fn changed_paths(git: &Git, commits: &[Oid]) -> Result<Vec<String>, BackportError> {
    let args = ["diff-tree", "--stdin", "-r", "-z", "--root", "--no-commit-id", "--name-only", "--no-renames"];
    let listed = git.call(args).input(lines(commits)).text().await?;
    let mut paths: Vec<String> = listed.split_terminator('\0').map(str::to_owned).collect();
    paths.sort();
    paths.dedup();
    Ok(paths)
}

/// Returns the patch of each commit that changes one of the paths.
async fn patches(git: &Git, commits: &[Oid], paths: &[String]) -> Result<Vec<(String, Oid)>, BackportError> {
    if commits.is_empty() {
        return Ok(Vec::new());
    }
    let options = [
        "--literal-pathspecs",
        "diff-tree",
        "--stdin",
        "--root",
        "-p",
        "--full-index",
        "--no-renames",
        "--no-ext-diff",
        "--no-textconv",
    ];
    let rest = ["--no-ext-diff", "--no-textconv", "--no-color", "--"];
    let args = options.into_iter().chain(rest).chain(paths.iter().map(String::as_str));
    let diffs = git.call(args).input(lines(commits)).output().await?;
    if diffs.stdout.is_empty() {
        return Ok(Vec::new());
    }
    let listed = git.call(["patch-id", "--verbatim"]).input(diffs.stdout).text().await?;
    let pairs = listed.lines().filter_map(|line| line.split_once(' '));
    pairs.map(|(patch, commit)| Ok((patch.to_owned(), oid(commit)?))).collect()
}

fn lines(commits: &[Oid]) -> String {
    commits.iter().map(|commit| format!("{commit}\n")).collect()
}
