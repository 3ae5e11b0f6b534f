//! Where clean trees are: directories outside of anybody's work tree, kept from check to check, so
//! that a build starts from the one before.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::disk;
use crate::git::entries::Outside;
use crate::git::{Git, GitError};
use crate::value::Size;

/// The slots of one repository. Whoever holds them is alone there.
#[derive(Debug)]
pub struct Slots {
    root: PathBuf,
    common: PathBuf,
    /// Held for as long as the slots are; released when the process ends, in whatever way.
    lock: Option<File>,
    /// Where another process has the kept ones, or none can be kept.
    _temporary: Option<TempDir>,
}

/// A directory for one tree, with what belongs to it.
#[derive(Clone, Debug)]
pub struct Slot {
    /// The files, as git has them.
    pub tree: PathBuf,
    /// What builds leave.
    pub build: PathBuf,
    /// For reports.
    pub scratch: PathBuf,
    index: PathBuf,
    common: PathBuf,
}

impl Slots {
    /// Takes the slots of the repository whose git directory is `common`, or new ones that are gone
    /// afterwards.
    pub fn take(common: &Path) -> io::Result<Slots> {
        let common = common.to_owned();
        let name: String = Sha256::digest(common.as_os_str().as_encoded_bytes())
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let kept = cache().map(|cache| cache.join("hotfix/check").join(name));
        if let Some(root) = kept
            && fs::DirBuilder::new().recursive(true).mode(0o700).create(&root).is_ok()
            && let Ok(lock) = OpenOptions::new().create(true).truncate(false).write(true).open(root.join(disk::LOCK))
            && lock.try_lock().is_ok()
        {
            // By its time the slots that are not used any more are found.
            lock.set_modified(SystemTime::now())?;
            let root = fs::canonicalize(root)?;
            return Ok(Slots { root, common, lock: Some(lock), _temporary: None });
        }
        let temporary = tempfile::Builder::new()
            .prefix("hotfix-check-")
            .permissions(fs::Permissions::from_mode(0o700))
            .tempdir()?;
        Ok(Slots { root: fs::canonicalize(temporary.path())?, common, lock: None, _temporary: Some(temporary) })
    }

    /// Returns the slot of this name, its directories made.
    pub fn slot(&self, name: &str) -> io::Result<Slot> {
        let at = |part: &str| self.root.join(name).join(part);
        let slot = Slot {
            tree: at("tree"),
            build: at("build"),
            scratch: at("scratch"),
            index: at("index"),
            common: self.common.clone(),
        };
        for directory in [&slot.tree, &slot.build, &slot.scratch] {
            fs::create_dir_all(directory)?;
        }
        Ok(slot)
    }

    /// Removes what proofs left on the disk, of any repository, until it takes at most `most`, the oldest first; says
    /// so, or that it could not. To be called at the end: these slots may go too.
    pub async fn hold(&self, most: Size) -> Option<String> {
        self.lock.as_ref()?;
        let own = self.root.clone();
        let held = tokio::task::spawn_blocking(move || Some(disk::hold(own.parent()?, &own, most)));
        match held.await.ok().flatten()? {
            Ok(removed) if removed.bytes > 0 => Some(format!(
                "{} of older trees and builds removed, {} left: `proof.disk` is {most}",
                Size(removed.bytes),
                Size(removed.left)
            )),
            Ok(_) => None,
            Err(error) => {
                tracing::warn!(%error, "older trees and builds could not be removed");
                None
            }
        }
    }

    /// A directory for intermediate files.
    pub fn scratch(&self) -> &Path {
        &self.root
    }
}

impl Slot {
    /// Makes the slot what `tree` is and nothing else, but for the names in `keep`, which builds left.
    pub async fn check_out(&self, git: &Git, tree: &str, keep: &[&str]) -> Result<(), GitError> {
        // A process that was killed while git wrote leaves a lock; the slots are ours alone.
        let _ = fs::remove_file(self.index.with_extension("lock"));
        let outside = self.outside(git);
        if outside.check_out(tree).await.is_err() {
            // The files are not what the index says: start again.
            let _ = fs::remove_file(&self.index);
            outside.check_out(tree).await?;
        }
        outside.clean(keep).await
    }

    /// Puts back the files that a run of the tests has changed.
    pub async fn restore(&self, git: &Git, tree: &str) -> Result<(), GitError> {
        self.outside(git).check_out(tree).await
    }

    fn outside<'a>(&'a self, git: &'a Git) -> Outside<'a> {
        Outside { git, common: &self.common, directory: &self.tree, index: &self.index }
    }

    /// The directories that what runs in it may write.
    pub fn directories(&self) -> [&Path; 3] {
        [&self.tree, &self.build, &self.scratch]
    }

    /// Links the directories called `names` that one of the work trees has beside the sources of `project`, a path
    /// below the repository's top, or above it, and that git does not know.
    pub fn link(&self, project: &Path, names: &[String], work_trees: &[PathBuf]) {
        for (level, name) in project.ancestors().flat_map(|level| names.iter().map(move |name| (level, name))) {
            let place = self.tree.join(level).join(name);
            let installed = work_trees.iter().map(|tree| tree.join(level).join(name)).find(|path| path.is_dir());
            if let Some(installed) = installed
                && place.symlink_metadata().is_err()
                && place.parent().is_some_and(Path::is_dir)
                && let Err(error) = std::os::unix::fs::symlink(&installed, &place)
            {
                tracing::warn!(%error, path = %place.display(), "what is installed could not be linked");
            }
        }
    }

    /// Whether nothing was built here yet.
    pub fn is_unbuilt(&self) -> bool {
        fs::read_dir(&self.build).is_ok_and(|mut entries| entries.next().is_none())
    }

    /// Starts from what was built in another slot. Its times stay, as builds decide by them what is
    /// fresh; the files are written again, so that they are newer than what was built from others.
    pub fn seed(&self, from: &Slot) -> io::Result<()> {
        copy(&from.build, &self.build)?;
        let _ = fs::remove_file(&self.index);
        fs::remove_dir_all(&self.tree)?;
        fs::create_dir(&self.tree)
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (kind, target) = (entry.file_type()?, to.join(entry.file_name()));
        if kind.is_dir() {
            fs::create_dir_all(&target)?;
            copy(&entry.path(), &target)?;
        } else if kind.is_file() {
            fs::copy(entry.path(), &target)?;
            File::options().write(true).open(&target)?.set_modified(entry.metadata()?.modified()?)?;
        }
    }
    Ok(())
}

/// The directory for caches of the user (XDG Base Directory Specification).
fn cache() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")))
}
