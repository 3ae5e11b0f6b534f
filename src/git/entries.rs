//! Which entries of a tree another tree has differently, and trees made of such differences.

use std::ffi::OsString;
use std::path::Path;

use super::oid::Oid;
use super::tree::Entry;
use super::{Git, GitError};

/// A path whose entry differs; `None` stands for "is not there".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    pub path: Vec<u8>,
    pub before: Option<Entry>,
    pub after: Option<Entry>,
}

/// What a path is to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    pub path: Vec<u8>,
    pub becomes: Becomes,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Becomes {
    Nothing,
    Entry(Entry),
    /// A file of this mode with this content.
    File(u32, Vec<u8>),
}

/// Returns the paths at which the trees of two commits differ; a file that moved is at two of them.
pub async fn changed(git: &Git, base: &str, head: &str) -> Result<Vec<Changed>, GitError> {
    let diff = ["diff-tree", "-r", "-z", "--no-renames", "--raw", "--no-abbrev", base, head];
    let output = git.call(diff).output().await?;
    if output.status != Some(0) {
        let command = "diff-tree".to_owned();
        return Err(GitError::Failed { command, status: output.status, stderr: output.stderr });
    }
    let mut fields = output.stdout.split(|byte| *byte == 0);
    let mut all = Vec::new();
    while let (Some(header), Some(path)) = (fields.next(), fields.next()) {
        let header = String::from_utf8_lossy(header);
        let facts: Vec<&str> = header.trim_start_matches(':').split(' ').collect();
        let [old_mode, new_mode, old, new, _] = facts[..] else { break };
        let path = path.to_vec();
        all.push(Changed { path, before: entry(old_mode, old), after: entry(new_mode, new) });
    }
    Ok(all)
}

fn entry(mode: &str, oid: &str) -> Option<Entry> {
    let mode = u32::from_str_radix(mode, 8).ok().filter(|mode| *mode != 0)?;
    Some(Entry { mode, oid: oid.parse::<Oid>().ok()? })
}

/// Writes the tree `from`, given by its full name, the edits made, and returns its name.
/// Nothing but the object database is changed; `scratch` is a directory for git's index.
pub async fn write(git: &Git, scratch: &Path, from: &str, edits: &[Edit]) -> Result<String, GitError> {
    let index = scratch.join("index-of-edits");
    let call = |args: &[&str]| git.call(args).env("GIT_INDEX_FILE", &index);
    call(&["read-tree", from]).text().await?;
    let mut lines = Vec::new();
    for edit in edits {
        let line = match &edit.becomes {
            Becomes::Nothing => format!("0 {}\t", "0".repeat(from.len())),
            Becomes::Entry(entry) => format!("{:o} {}\t", entry.mode, entry.oid),
            Becomes::File(mode, content) => {
                let blob = git.call(["hash-object", "-w", "--stdin"]).input(content.clone()).text().await?;
                format!("{mode:o} {blob}\t")
            }
        };
        lines.extend(line.into_bytes());
        lines.extend(&edit.path);
        lines.push(0);
    }
    // A file may take the place of a directory, and the other way round.
    call(&["update-index", "-z", "--add", "--replace", "--index-info"]).input(lines).text().await?;
    call(&["write-tree"]).text().await
}

/// A directory outside of every work tree, with the files of a tree.
#[derive(Clone, Copy, Debug)]
pub struct Outside<'a> {
    pub git: &'a Git,
    /// The git directory that all work trees share.
    pub common: &'a Path,
    pub directory: &'a Path,
    /// What git remembers of the directory.
    pub index: &'a Path,
}

impl Outside<'_> {
    /// Makes the directory what `tree` is, as far as git knows of it: other files stay. Only what
    /// differs is written again, with the time of writing.
    pub async fn check_out(&self, tree: &str) -> Result<(), GitError> {
        self.run(&["read-tree", "--reset", "-u", "--no-recurse-submodules", tree]).await
    }

    /// Removes all that git does not know of, but for the names in `keep`.
    pub async fn clean(&self, keep: &[&str]) -> Result<(), GitError> {
        let keep = keep.iter().flat_map(|name| ["-e", name]);
        let args: Vec<&str> = ["clean", "-ffdxq"].into_iter().chain(keep).collect();
        self.run(&args).await
    }

    async fn run(&self, args: &[&str]) -> Result<(), GitError> {
        // Nothing of the user's own work tree is to reach this one: no hooks, no monitor, no sparseness.
        let settings =
            ["core.hooksPath=/dev/null", "core.fsmonitor=false", "core.sparseCheckout=false", "core.bare=false"];
        let mut all: Vec<OsString> = settings.iter().flat_map(|one| ["-c".into(), (*one).into()]).collect();
        all.extend(["--git-dir".into(), self.common.into(), "--work-tree".into(), self.directory.into()]);
        all.extend(args.iter().map(OsString::from));
        let git = self.git.clone().within(self.directory);
        git.call(all).env("GIT_INDEX_FILE", self.index).text().await.map(drop)
    }
}
