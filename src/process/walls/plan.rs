//! From places to what the kernel is asked for: Landlock's rules, and mounts.

use std::fs;
use std::path::{Path, PathBuf};

use super::Access;

/// What Landlock allows below a path. It only ever adds: a deeper rule takes nothing away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The names of files.
    List,
    Read,
    Write,
}

/// What is mounted at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mount {
    /// Nothing to see.
    Empty,
    /// Itself, so that it can't be moved away.
    Fixed,
    ReadOnly,
    Writable,
}

/// Returns the places that exist, by their real paths, those that contain others first.
pub fn places(given: &[(PathBuf, Access)]) -> Vec<(PathBuf, Access)> {
    let real = given.iter().filter_map(|(path, access)| Some((path.canonicalize().ok()?, *access)));
    real.collect::<std::collections::BTreeMap<_, _>>().into_iter().collect()
}

/// The rules where mounts do the rest: they hold what is nowhere written to.
pub fn coarse(places: &[(PathBuf, Access)]) -> Vec<(PathBuf, Rule)> {
    let written = places.iter().filter(|(_, access)| *access == Access::Write);
    let written = written.map(|(path, _)| (path.clone(), Rule::Write));
    [(PathBuf::from("/"), Rule::Read)].into_iter().chain(written).collect()
}

/// The rules that hold all of the places by themselves. A directory with a place of which less is allowed than
/// of itself gets none, but what is in it now does.
pub fn exact(places: &[(PathBuf, Access)]) -> Vec<(PathBuf, Rule)> {
    let mut rules = Vec::new();
    allow(Path::new("/"), Access::Read, places, &mut rules);
    rules
}

/// Takes out the files that are only read, in a directory that is written to: without mounts, they would keep the
/// command from making files beside them.
pub fn without_files(places: Vec<(PathBuf, Access)>) -> (Vec<(PathBuf, Access)>, Vec<PathBuf>) {
    let is_kept = |(path, access): &(PathBuf, Access)| {
        let around = places.iter().rfind(|(place, _)| place != path && path.starts_with(place));
        *access == Access::Read && path.is_file() && around.is_some_and(|(_, around)| *around == Access::Write)
    };
    let kept: Vec<_> = places.iter().filter(|place| is_kept(place)).map(|(path, _)| path.clone()).collect();
    let left = places.into_iter().filter(|(path, _)| !kept.contains(path)).collect();
    (left, kept)
}

fn allow(path: &Path, access: Access, places: &[(PathBuf, Access)], rules: &mut Vec<(PathBuf, Rule)>) {
    let inner: Vec<_> = places.iter().filter(|(place, _)| place != path && place.starts_with(path)).collect();
    if inner.iter().any(|(_, inner)| *inner < access) {
        rules.push((path.to_owned(), Rule::List));
        for entry in fs::read_dir(path).into_iter().flatten().flatten() {
            // A link would allow what it leads to.
            if entry.file_type().is_ok_and(|kind| !kind.is_symlink()) {
                let child = entry.path();
                let own = places.iter().find(|(place, _)| *place == child);
                allow(&child, own.map_or(access, |(_, own)| *own), places, rules);
            }
        }
        return;
    }
    match access {
        Access::Hidden => {}
        Access::Read => rules.push((path.to_owned(), Rule::Read)),
        Access::Write => rules.push((path.to_owned(), Rule::Write)),
    }
    let nearest = |place: &Path| !inner.iter().any(|(other, _)| other != place && place.starts_with(other));
    for (place, access) in inner.iter().filter(|(place, inner)| *inner > access && nearest(place)) {
        allow(place, *access, places, rules);
    }
}

/// The mounts that hold what [`coarse`] rules do not, in the order in which they are made.
pub fn mounts(places: &[(PathBuf, Access)]) -> Vec<(PathBuf, Mount)> {
    let mut mounts: Vec<(PathBuf, Mount)> = Vec::new();
    for (path, access) in places {
        let around = places.iter().rfind(|(place, _)| place != path && path.starts_with(place));
        let (outer, around) = around.map_or((Path::new("/"), Access::Read), |(place, access)| (place, *access));
        let is_read_only = mounts.iter().rfind(|(at, mount)| *mount != Mount::Fixed && path.starts_with(at));
        let is_read_only = is_read_only.is_some_and(|(_, mount)| *mount == Mount::ReadOnly);
        match (around, access) {
            (Access::Hidden, _) => {}
            (_, Access::Hidden) => mounts.push((path.clone(), Mount::Empty)),
            (Access::Write, Access::Read) => {
                let between: Vec<_> = path.ancestors().skip(1).take_while(|above| *above != outer).collect();
                for above in between.into_iter().rev() {
                    if !mounts.iter().any(|(at, _)| at == above) {
                        mounts.push((above.to_owned(), Mount::Fixed));
                    }
                }
                mounts.push((path.clone(), Mount::ReadOnly));
            }
            (Access::Read, Access::Write) if is_read_only => mounts.push((path.clone(), Mount::Writable)),
            _ => {}
        }
    }
    mounts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(list: &[(&str, Access)]) -> Vec<(PathBuf, Access)> {
        list.iter().map(|(path, access)| (path.into(), *access)).collect()
    }

    #[test]
    fn only_what_landlock_can_not_hold_is_mounted() {
        use Access::{Hidden, Read, Write};
        let places = given(&[
            ("/h/.cache", Write),
            ("/h/.cache/hotfix", Read),
            ("/h/.cache/hotfix/fix/tree", Write),
            ("/h/.ssh", Hidden),
            ("/h/work", Read),
            ("/h/work-1", Write),
            ("/h/work-1/.git", Read),
            ("/tmp", Write),
            ("/tmp/a/b/clone", Read),
            ("/tmp/a/b/clone/.git/hotfix", Hidden),
        ]);
        let mounts = mounts(&places);
        let shown: Vec<_> = mounts.iter().map(|(path, mount)| format!("{mount:?} {}", path.display())).collect();
        assert_eq!(
            shown,
            [
                "ReadOnly /h/.cache/hotfix",
                "Writable /h/.cache/hotfix/fix/tree",
                "Empty /h/.ssh",
                "ReadOnly /h/work-1/.git",
                "Fixed /tmp/a",
                "Fixed /tmp/a/b",
                "ReadOnly /tmp/a/b/clone",
                "Empty /tmp/a/b/clone/.git/hotfix",
            ]
        );
    }

    #[test]
    fn rules_alone_leave_out_what_is_hidden_or_protected() {
        let directory = tempfile::tempdir().unwrap();
        let top = directory.path().canonicalize().unwrap();
        for path in ["a/clone/.git", "a/other", "b", "keys"] {
            fs::create_dir_all(top.join(path)).unwrap();
        }
        std::os::unix::fs::symlink(top.join("keys"), top.join("link")).unwrap();
        let places = places(&[
            (top.clone(), Access::Write),
            (top.join("a/clone"), Access::Read),
            (top.join("keys"), Access::Hidden),
            (top.join("missing"), Access::Hidden),
        ]);
        let rules = exact(&places);
        let mut shown: Vec<_> = rules
            .iter()
            .filter_map(|(path, rule)| Some(format!("{} {rule:?}", path.strip_prefix(&top).ok()?.display())))
            .collect();
        shown.sort();
        assert_eq!(shown, [" List", "a List", "a/clone Read", "a/other Write", "b Write"]);
        assert!(!rules.iter().any(|(path, rule)| *rule != Rule::List && top.starts_with(path)), "{rules:?}");
    }
}
