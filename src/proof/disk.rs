//! Keeps what proofs left on the disk within a bound. Builds are worth keeping, as the next one starts from them, but
//! each repository has some, and a repository may be gone.

use std::collections::HashSet;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::value::Size;

/// The file that whoever uses a repository's slots has locked, and whose time says when that began.
pub const LOCK: &str = "lock";

/// What was removed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Removed {
    pub bytes: u64,
    /// How much is left.
    pub left: u64,
}

/// Removes what proofs left in `all`, which has a directory for each repository, until it takes at most `most`: the
/// repositories that were not used for the longest time first, never one that another process uses. Of `own`, whose
/// lock the caller has, the slots go last, again the oldest first.
pub fn hold(all: &Path, own: &Path, most: Size) -> io::Result<Removed> {
    let mut parts = Vec::new();
    for directory in directories(all)? {
        if directory == own {
            for slot in directories(own)? {
                parts.push(Part { is_own: true, used: time(&slot), bytes: size(&slot), directory: slot });
            }
        } else {
            let (used, bytes) = (time(&directory.join(LOCK)), size(&directory));
            parts.push(Part { is_own: false, used, bytes, directory });
        }
    }
    parts.sort_by_key(|part| (part.is_own, part.used));
    let mut removed = Removed { bytes: 0, left: parts.iter().map(|part| part.bytes).sum() };
    for part in parts {
        if removed.left <= most.0 {
            break;
        }
        if part.remove()? {
            removed.bytes += part.bytes;
            removed.left -= part.bytes;
        }
    }
    Ok(removed)
}

/// What is kept or removed as a whole.
struct Part {
    is_own: bool,
    used: SystemTime,
    bytes: u64,
    directory: PathBuf,
}

impl Part {
    /// Whether it is removed: not if another process has it.
    fn remove(&self) -> io::Result<bool> {
        if self.is_own {
            return fs::remove_dir_all(&self.directory).map(|()| true);
        }
        // The lock stays: whoever waits for it must not get one that nobody else can see.
        let Ok(lock) = File::options().write(true).open(self.directory.join(LOCK)) else { return Ok(false) };
        if lock.try_lock().is_err() {
            return Ok(false);
        }
        for entry in fs::read_dir(&self.directory)? {
            let path = entry?.path();
            match path.symlink_metadata()?.is_dir() {
                true => fs::remove_dir_all(path)?,
                false if path.file_name().is_some_and(|name| name == LOCK) => {}
                false => fs::remove_file(path)?,
            }
        }
        Ok(true)
    }
}

fn directories(of: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(of)?.collect::<io::Result<Vec<_>>>()?;
    Ok(entries.iter().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|one| one.path()).collect())
}

fn time(path: &Path) -> SystemTime {
    path.symlink_metadata().and_then(|found| found.modified()).unwrap_or(SystemTime::UNIX_EPOCH)
}

/// How many bytes of the disk a directory takes. Builds link files to each other: each counts once. What can't be
/// read, or vanishes meanwhile, counts nothing.
fn size(directory: &Path) -> u64 {
    let (mut bytes, mut seen, mut left) = (0, HashSet::new(), vec![directory.to_owned()]);
    while let Some(next) = left.pop() {
        for entry in fs::read_dir(next).into_iter().flatten().flatten() {
            let Ok(found) = entry.metadata() else { continue };
            if found.is_dir() {
                left.push(entry.path());
            }
            if found.is_dir() || found.nlink() < 2 || seen.insert((found.dev(), found.ino())) {
                bytes += taken(&found);
            }
        }
    }
    bytes
}

/// Blocks have 512 bytes, whatever the file system's own have (stat(2)).
fn taken(found: &Metadata) -> u64 {
    found.blocks() * 512
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// A repository with a slot of about `kilobytes`, used so many hours ago.
    fn repository(all: &Path, name: &str, kilobytes: usize, hours: u64) -> PathBuf {
        let root = all.join(name);
        fs::create_dir_all(root.join("base/build")).unwrap();
        fs::write(root.join("base/build/out"), vec![b'x'; kilobytes * 1024]).unwrap();
        fs::hard_link(root.join("base/build/out"), root.join("base/build/again")).unwrap();
        let used = SystemTime::now() - Duration::from_secs(hours * 3600);
        File::create(root.join(LOCK)).unwrap().set_modified(used).unwrap();
        root
    }

    #[test]
    fn the_oldest_goes_first_and_never_one_in_use() {
        let all = tempfile::tempdir().unwrap();
        let (old, used, newer, own) = (
            repository(all.path(), "old", 400, 30),
            repository(all.path(), "used", 400, 20),
            repository(all.path(), "newer", 400, 10),
            repository(all.path(), "own", 400, 40),
        );
        let lock = File::options().write(true).open(used.join(LOCK)).unwrap();
        lock.lock().unwrap();
        let has = |root: &Path| root.join("base").exists();
        let left = |most: u64| {
            hold(all.path(), &own, Size(most)).unwrap();
            [&old, &used, &newer, &own].map(|root| has(root))
        };
        // A link to a file takes no room.
        assert_eq!(left(1_800_000), [true, true, true, true]);
        assert_eq!(left(1_400_000), [false, true, true, true]);
        assert_eq!(left(900_000), [false, true, false, true]);
        let removed = hold(all.path(), &own, Size(0)).unwrap();
        assert_eq!([&old, &used, &newer, &own].map(|root| has(root)), [false, true, false, false]);
        assert!(removed.bytes >= 400 * 1024 && removed.left >= 400 * 1024, "{removed:?}");
        drop(lock);
        assert!(old.join(LOCK).exists(), "the next one to come may wait for it");
    }
}
