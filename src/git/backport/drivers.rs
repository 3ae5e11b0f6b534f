//! Merge drivers: commands in the user's configuration that attributes call for.

use crate::git::{Git, GitError};

/// Returns the options that keep git from running a merge driver unless they are `allowed`. Each
/// driver becomes one that fails, so that what it would have merged is a conflict: git's own merge
/// in its place could be wrong.
pub async fn options(git: &Git, allowed: bool) -> Result<Vec<String>, GitError> {
    if allowed {
        return Ok(Vec::new());
    }
    let output = git.call(["config", "--null", "--name-only", "--get-regexp", r"^merge\..*\.driver$"]).output().await?;
    let names = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(names.split_terminator('\0').flat_map(|name| ["-c".to_owned(), format!("{name}=false")]).collect())
}
