//! What killed processes left in the git directory, and whose it was.

use std::fs;
use std::path::Path;
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::domain::hex::hex;
use crate::process::machine::{Life, Process};

/// An index in the git directory.
pub const INDEX: &str = "hotfix-index-";

/// New objects in the directory of objects; `git gc` removes such a name too, after two weeks.
pub const OBJECTS: &str = "tmp_objdir-hotfix-";

/// What is of a process of another machine, or of an older hotfix, is left behind after this long.
const ABANDONED: Duration = Duration::from_secs(24 * 60 * 60);

/// The first part of the name of a directory of this process; `kind` is [`INDEX`] or [`OBJECTS`].
pub fn prefix(kind: &str) -> String {
    let own = Process::own();
    format!("{kind}{}-{}-{}-", mark(&own), own.id, own.start)
}

/// Removes what nobody uses any more; what can't be removed only costs space.
pub fn remove(common: &Path) {
    let own = Process::own();
    for (directory, kind) in [(common.to_owned(), INDEX), (common.join("objects"), OBJECTS)] {
        remove_from(&directory, kind, &own);
    }
}

fn remove_from(directory: &Path, kind: &str, own: &Process) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(name) = name.strip_prefix(kind) else { continue };
        let age = entry.metadata().and_then(|data| data.modified()).ok().and_then(|at| at.elapsed().ok());
        if is_left(name, own, age.unwrap_or_default()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn is_left(name: &str, own: &Process, age: Duration) -> bool {
    let mut parts = name.split('-');
    let of = (parts.next(), parts.next().and_then(|id| id.parse().ok()), parts.next().and_then(|at| at.parse().ok()));
    match of {
        (Some(of), Some(id), Some(start)) if of == mark(own) => {
            Process { id, start, ..own.clone() }.life(own) == Life::Dead
        }
        _ => age > ABANDONED,
    }
}

/// Stands for all processes that see each other.
fn mark(own: &Process) -> String {
    hex(&Sha256::digest(format!("{}\0{}\0{}", own.host, own.boot, own.namespace)))[..8].to_owned()
}

#[cfg(test)]
mod tests {
    use super::{ABANDONED, INDEX, is_left, mark, prefix};
    use crate::process::machine::Process;
    use std::time::Duration;

    #[test]
    fn only_what_nobody_uses_is_left_over() {
        let own = Process::own();
        let (here, long) = (mark(&own), ABANDONED + Duration::from_secs(1));
        let mine = prefix(INDEX).strip_prefix(INDEX).unwrap().to_owned() + "abc";
        for (name, age, left) in [
            (mine.clone(), Duration::ZERO, false),
            (mine, long, false),
            (format!("{here}-{}-{}-abc", own.id, own.start + 1), Duration::ZERO, true),
            (format!("{}-{}-1-abc", "0".repeat(8), own.id), Duration::ZERO, false),
            (format!("{}-{}-1-abc", "0".repeat(8), own.id), long, true),
            ("abc".to_owned(), Duration::ZERO, false),
            ("abc".to_owned(), long, true),
        ] {
            assert_eq!(is_left(&name, &own, age), left, "{name} {age:?}");
        }
    }
}
