//! Reads what differs between two commits or trees, contents and all.

use std::collections::HashMap;

use super::objects::{self, Contents};
use super::oid::Oid;
use super::{Git, GitError};
use crate::domain::change::{Change, Content, FileChange, LARGEST};

/// The most bytes that are read in all; what is beyond counts as too large to read.
const ALL: u64 = 16 * LARGEST;

#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    #[error("`{revision}` is not in this clone, which is shallow; `git fetch --unshallow` brings all of it")]
    Shallow { revision: String },
    #[error("there is no `{revision}` in this repository; `git fetch` may bring it")]
    Unknown { revision: String },
    #[error("git's object {oid}, the content of `{path}`, is missing; `git fsck` shows more")]
    Missing { oid: Oid, path: String },
    #[error(transparent)]
    Git(#[from] GitError),
}

/// Returns what turns the tree of `base` into that of `head`; both may name a commit or a tree.
///
/// Fails where the clone lacks one of them, as a shallow one may.
pub async fn read(git: &Git, base: &str, head: &str) -> Result<Change, ChangeError> {
    let (base, head) = tokio::try_join!(tree(git, base), tree(git, head))?;
    let diff = ["diff-tree", "-r", "-z", "-M", "-l1000", "--raw", "--no-abbrev", &base, &head];
    let output = git.call(diff).output().await?;
    if output.status != Some(0) {
        let command = "diff-tree".to_owned();
        return Err(GitError::Failed { command, status: output.status, stderr: output.stderr }.into());
    }
    let raws = raws(&output.stdout);
    let blobs = raws.iter().flat_map(|raw| [(raw.modes.0, raw.oids.0), (raw.modes.1, raw.oids.1)]);
    let blobs: Vec<Oid> = blobs.filter(|(mode, _)| *mode != 0 && !is_submodule(*mode)).map(|(_, oid)| oid).collect();
    let small = small(git, &blobs).await?;
    let contents = objects::read(git, &small.keys().filter(|oid| small[*oid]).copied().collect::<Vec<_>>()).await?;
    let files: Result<Vec<_>, _> = raws.into_iter().map(|raw| raw.file(&small, &contents)).collect();
    Ok(Change { files: files? })
}

/// The name of a revision's tree.
async fn tree(git: &Git, revision: &str) -> Result<String, ChangeError> {
    let spec = format!("{revision}^{{tree}}");
    let output = git.call(["rev-parse", "--verify", "--quiet", "--end-of-options", &spec]).output().await?;
    let name = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if output.status == Some(0) && !name.is_empty() {
        return Ok(name);
    }
    let revision = revision.to_owned();
    match git.run(["rev-parse", "--is-shallow-repository"]).await?.as_str() {
        "true" => Err(ChangeError::Shallow { revision }),
        _ => Err(ChangeError::Unknown { revision }),
    }
}

/// Returns which of the blobs are there, and whether each is small enough to be read.
async fn small(git: &Git, blobs: &[Oid]) -> Result<HashMap<Oid, bool>, GitError> {
    if blobs.is_empty() {
        return Ok(HashMap::new());
    }
    let input: String = blobs.iter().map(|oid| format!("{oid}\n")).collect();
    let sizes = git.call(["cat-file", "--batch-check=%(objectname) %(objectsize)", "--buffer"]).input(input);
    let mut all = 0;
    let mut small = HashMap::new();
    for line in sizes.text().await?.lines() {
        let Some((oid, size)) = line.split_once(' ') else { continue };
        let (Ok(oid), Ok(size)) = (oid.parse(), size.parse::<u64>()) else { continue };
        small.entry(oid).or_insert_with(|| {
            let fits = size <= LARGEST && all + size <= ALL;
            all += if fits { size } else { 0 };
            fits
        });
    }
    Ok(small)
}

fn is_submodule(mode: u32) -> bool {
    mode == 0o160_000
}

/// One entry of git's raw output (git-diff, "Raw output format").
#[derive(Debug)]
struct Raw {
    modes: (u32, u32),
    oids: (Oid, Oid),
    old_path: String,
    path: String,
}

impl Raw {
    fn file(self, small: &HashMap<Oid, bool>, contents: &Contents) -> Result<FileChange, ChangeError> {
        let side = |mode: u32, oid: Oid| -> Result<Option<Vec<u8>>, Content> {
            match mode {
                0 => Ok(None),
                _ if is_submodule(mode) => Err(Content::Submodule),
                _ if small.get(&oid) == Some(&false) => Err(Content::Large),
                _ => Ok(contents.get(&oid).cloned()),
            }
        };
        let sides = (side(self.modes.0, self.oids.0), side(self.modes.1, self.oids.1));
        for (mode, oid, side) in [(self.modes.0, self.oids.0, &sides.0), (self.modes.1, self.oids.1, &sides.1)] {
            if mode != 0 && matches!(side, Ok(None)) {
                return Err(ChangeError::Missing { oid, path: self.path });
            }
        }
        let mut change = match sides {
            (Ok(before), Ok(after)) => FileChange::new(self.path, before, after),
            (Err(content), _) | (_, Err(content)) => FileChange::unread(self.path, content),
        };
        change.modes = self.modes;
        change.old_path = (self.old_path != change.path).then_some(self.old_path);
        Ok(change)
    }
}

/// Reads `:MODE MODE OID OID STATUS NUL PATH NUL`, with a second path where the status says that
/// the file moved; it ends early where git's output does.
fn raws(output: &[u8]) -> Vec<Raw> {
    let mut fields = output.split(|byte| *byte == 0).map(String::from_utf8_lossy);
    let mut raws = Vec::new();
    while let Some(header) = fields.next().filter(|header| header.starts_with(':')) {
        let facts: Vec<&str> = header[1..].split(' ').collect();
        let [old_mode, new_mode, old, new, status] = facts[..] else { break };
        let Some(old_path) = fields.next() else { break };
        let moved = status.starts_with(['R', 'C']);
        let Some(path) = (if moved { fields.next() } else { Some(old_path.clone()) }) else { break };
        let (Ok(old), Ok(new)) = (old.parse(), new.parse()) else { break };
        let mode = |text| u32::from_str_radix(text, 8).unwrap_or(0);
        let modes = (mode(old_mode), mode(new_mode));
        raws.push(Raw { modes, oids: (old, new), old_path: old_path.into_owned(), path: path.into_owned() });
    }
    raws
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{Change, ChangeError, read};
    use crate::domain::change::{Content, LARGEST};
    use crate::git::Git;

    fn run<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
    }

    /// A repository of two commits.
    fn repository(path: &Path, write: impl Fn(&Path), change: impl Fn(&Path)) -> Git {
        let git = Git::at(path).with("GIT_AUTHOR_NAME", "A").with("GIT_AUTHOR_EMAIL", "a@example.org");
        let git = git.with("GIT_COMMITTER_NAME", "A").with("GIT_COMMITTER_EMAIL", "a@example.org");
        run(git.run(["init", "--quiet"])).unwrap();
        for (write, tag) in [(&write as &dyn Fn(&Path), "before"), (&change, "after")] {
            write(path);
            run(git.run(["add", "--all"])).unwrap();
            run(git.run(["commit", "--quiet", "--allow-empty", "--message", tag])).unwrap();
            run(git.run(["tag", tag])).unwrap();
        }
        git
    }

    fn shown(change: &Change) -> Vec<String> {
        let side = |text: &Option<Vec<u8>>| text.as_ref().map_or(-1, |text| text.len() as i64);
        let show = change.files.iter().map(|file| {
            let sides = format!("{} to {} bytes", side(&file.before), side(&file.after));
            let modes = format!("{:o} to {:o}", file.modes.0, file.modes.1);
            format!(
                "{} from {}: {:?}, {sides}, {modes}, {} hunks",
                file.path,
                file.old_path(),
                file.content,
                file.hunks.len()
            )
        });
        show.collect()
    }

    #[test]
    fn every_kind_of_change() {
        let directory = tempfile::tempdir().unwrap();
        let lines = |count: usize| (0..count).map(|line| format!("{line}\n")).collect::<String>();
        let git = repository(
            directory.path(),
            |path| {
                fs::write(path.join("old name"), lines(50)).unwrap();
                fs::write(path.join("gone"), "x\n").unwrap();
                fs::write(path.join("binary"), "x\n").unwrap();
                fs::write(path.join("large"), "x\n").unwrap();
                fs::write(path.join("same"), "x\n").unwrap();
            },
            |path| {
                fs::rename(path.join("old name"), path.join("ä\tnew\nname")).unwrap();
                fs::write(path.join("ä\tnew\nname"), lines(51)).unwrap();
                fs::remove_file(path.join("gone")).unwrap();
                fs::write(path.join("binary"), b"\0").unwrap();
                fs::write(path.join("large"), "x".repeat(LARGEST as usize + 1)).unwrap();
                std::os::unix::fs::symlink("same", path.join("link")).unwrap();
            },
        );
        let change = run(read(&git, "before", "after")).unwrap();
        insta::assert_debug_snapshot!(shown(&change), @r#"
        [
            "binary from binary: Binary, 2 to 1 bytes, 100644 to 100644, 0 hunks",
            "gone from gone: Text, 2 to -1 bytes, 100644 to 0, 1 hunks",
            "large from large: Large, -1 to -1 bytes, 100644 to 100644, 0 hunks",
            "link from link: Text, -1 to 4 bytes, 0 to 120000, 1 hunks",
            "ä\tnew\nname from old name: Text, 140 to 143 bytes, 100644 to 100644, 1 hunks",
        ]
        "#);
        assert_eq!(change.files[1].content, Content::Text);
        assert_eq!(run(read(&git, "before^{tree}", "after^{tree}")).unwrap(), change);
        assert_eq!(run(read(&git, "after", "after")).unwrap(), Change::default());
    }

    #[test]
    fn a_base_that_is_not_there_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let git = repository(directory.path(), |_| {}, |_| {});
        let error = |git: &Git, base: &str| run(read(git, base, "HEAD")).unwrap_err();
        assert!(matches!(error(&git, "--all"), ChangeError::Unknown { .. }));
        let base = run(git.run(["rev-parse", "before"])).unwrap();
        let clone = directory.path().join("clone");
        let from = format!("file://{}", directory.path().display());
        run(git.run(["clone", "--quiet", "--depth=1", "--no-tags", &from, &clone.display().to_string()])).unwrap();
        let shallow = error(&Git::at(&clone), &base).to_string();
        assert_eq!(
            shallow,
            format!("`{base}` is not in this clone, which is shallow; `git fetch --unshallow` brings all of it")
        );
    }
}
