//! Where a project's own programs are.

use std::path::{Path, PathBuf};

/// Where package managers put them, below the directory that they install into.
const PLACES: &[&str] = &[".venv/bin", "venv/bin", "node_modules/.bin"];

/// Returns the path of the program that is installed for the project in `directory`, there or in a directory
/// above it, up to `top`; `None` where only the PATH can have it.
pub fn own(directory: &Path, top: &Path, program: &str) -> Option<PathBuf> {
    let levels = directory.ancestors().take_while(|level| level.starts_with(top));
    let mut found = levels.flat_map(|level| PLACES.iter().map(move |place| level.join(place).join(program)));
    found.find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_installation_counts_and_none_outside_of_the_project() {
        let sandbox = tempfile::tempdir().unwrap();
        let write = |path: &str| {
            let path = sandbox.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        };
        let found = |directory: &str| {
            let (directory, top) = (sandbox.path().join(directory), sandbox.path().join("top"));
            own(&directory, &top, "python").map(|path| path.strip_prefix(&top).unwrap().to_owned())
        };
        ["venv/bin/python", "top/api/x.py"].into_iter().for_each(write);
        assert_eq!(found("top/api"), None);
        write("top/venv/bin/python");
        assert_eq!(found("top/api"), Some("venv/bin/python".into()));
        write("top/api/.venv/bin/python");
        assert_eq!(found("top/api"), Some("api/.venv/bin/python".into()));
        assert_eq!(found("top"), Some("venv/bin/python".into()));
    }
}
