//! The clone's own picture of the remote's branches, `refs/remotes/...`.

use super::error::BackportError;
use super::moved::Moved;
use crate::git::Git;

/// Moves the tracking branches to where a push moved the branches, as `git push` does for its own.
/// If that fails, the next fetch does it.
pub async fn follow(git: &Git, remote: &str, moved: &[Moved]) -> Result<(), BackportError> {
    let refspecs = git.call(["config", "--get-all", &format!("remote.{remote}.fetch")]).output().await?;
    let refspecs = String::from_utf8_lossy(&refspecs.stdout).into_owned();
    let folder = refspecs.lines().find_map(|line| line.strip_prefix("+refs/heads/*:")?.strip_suffix('*'));
    let Some(folder) = folder.filter(|_| !moved.is_empty()) else { return Ok(()) };
    let input: String =
        moved.iter().map(|moved| format!("update {folder}{}\0{}\0\0", moved.branch, moved.new)).collect();
    // The next fetch can write them again, so nothing waits until they are on the disk.
    let args = ["-c", "core.fsync=none", "update-ref", "-m", "update by push", "-z", "--stdin"];
    git.call(args).input(input).output().await?;
    Ok(())
}
