//! Files that are nobody else's business, and files that are read with a bound.

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// How deep the state of commands is.
const DEPTH: u32 = 3;

/// Makes a directory that only its owner may enter, and those above it that are missing.
pub fn make_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    restrict(path);
    Ok(())
}

/// Makes a file that only its owner may read, if it is missing.
pub fn make_file(path: &Path) -> io::Result<()> {
    OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
    restrict(path);
    Ok(())
}

/// Writes a file that only its owner may read, in the place of what it had.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(path)?;
    file.write_all(bytes)
}

/// Takes from others what they may do in `home`, with its files, and with all of the state of commands in it,
/// as earlier versions left them. What can't be changed is left: it is somebody else's.
pub fn mend(home: &Path) {
    restrict(home);
    for entry in entries(home) {
        restrict(&entry);
        if entry.file_name().is_some_and(|name| name == "commands") {
            restrict_all(&entry, DEPTH);
        }
    }
}

fn restrict_all(directory: &Path, depth: u32) {
    for entry in entries(directory) {
        restrict(&entry);
        if depth > 0 {
            restrict_all(&entry, depth - 1);
        }
    }
}

/// The entries of a directory that are no links; nothing if it is no directory.
fn entries(directory: &Path) -> Vec<std::path::PathBuf> {
    let found = fs::read_dir(directory).into_iter().flatten().flatten();
    found.filter(|entry| entry.file_type().is_ok_and(|kind| !kind.is_symlink())).map(|entry| entry.path()).collect()
}

fn restrict(path: &Path) {
    if let Ok(found) = fs::symlink_metadata(path)
        && found.permissions().mode() & 0o077 != 0
        && !found.is_symlink()
    {
        let _ = fs::set_permissions(path, Permissions::from_mode(found.permissions().mode() & 0o700));
    }
}

/// Returns the text of a regular file of at most `most` bytes; a pipe or a device would never end.
pub fn read(path: &Path, most: u64) -> io::Result<String> {
    let found = fs::metadata(path)?;
    if !found.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut text = String::new();
    fs::File::open(path)?.take(most + 1).read_to_string(&mut text)?;
    if text.len() as u64 > most {
        return Err(io::Error::other(format!("it is larger than {most} bytes")));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn what_was_open_is_closed_and_nothing_is_opened() {
        let sandbox = tempfile::tempdir().unwrap();
        let home = sandbox.path().join("hotfix");
        let (state, spec, read_only) =
            (home.join("commands/a"), home.join("commands/a/spec.json"), home.join("journal.db"));
        fs::create_dir_all(&state).unwrap();
        for (path, mode) in [(&spec, 0o664), (&read_only, 0o444)] {
            fs::write(path, "x").unwrap();
            fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        }
        std::os::unix::fs::symlink(sandbox.path(), home.join("commands/link")).unwrap();
        let outside = mode(sandbox.path());
        mend(&home);
        assert_eq!([&home, &state, &spec, &read_only].map(|path| mode(path)), [0o700, 0o700, 0o600, 0o400]);
        assert_eq!(mode(sandbox.path()), outside);
    }

    #[test]
    fn only_a_regular_file_that_is_not_large_is_read() {
        let sandbox = tempfile::tempdir().unwrap();
        let path = sandbox.path().join("file");
        fs::write(&path, "12345").unwrap();
        assert_eq!(read(&path, 5).unwrap(), "12345");
        assert_eq!(read(&path, 4).unwrap_err().to_string(), "it is larger than 4 bytes");
        assert_eq!(read(Path::new("/dev/zero"), 4).unwrap_err().to_string(), "it is not a regular file");
        assert_eq!(read(&sandbox.path().join("none"), 4).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
