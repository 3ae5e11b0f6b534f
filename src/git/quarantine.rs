//! Where new objects are kept until they are wanted.
//!
//! Merges write their objects into a directory of their own inside the repository's object
//! directory, and a push is made from a bare repository in the same place. A failed or killed run
//! therefore leaves nothing but a directory that the next run removes, or `git gc` (`tmp_objdir-*`).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::leftovers;
use super::pack::PackWriter;
use super::repository::Repository;
use super::{Git, GitError};

/// A directory for new objects. Dropping it drops them.
#[derive(Debug)]
pub struct Quarantine {
    directory: TempDir,
    repository: Repository,
    git: Git,
}

#[derive(Debug, thiserror::Error)]
pub enum QuarantineError {
    #[error("new objects could not be written to `{path}`")]
    Write { path: String, source: io::Error },
    #[error(transparent)]
    Git(#[from] GitError),
}

impl Quarantine {
    /// Makes an empty quarantine for the repository that `git` runs in.
    pub fn create(git: &Git, repository: &Repository) -> Result<Quarantine, QuarantineError> {
        let directory = tempfile::Builder::new()
            .prefix(&leftovers::prefix(leftovers::OBJECTS))
            .tempdir_in(&repository.objects)
            .map_err(at(&repository.objects))?;
        let objects = directory.path().join("objects");
        for folder in ["pack", "info"] {
            let folder = objects.join(folder);
            fs::create_dir_all(&folder).map_err(at(&folder))?;
        }
        let alternates = objects.join("info/alternates");
        fs::write(&alternates, format!("{}\n", repository.objects.display())).map_err(at(&alternates))?;
        let git = git.clone().with("GIT_OBJECT_DIRECTORY", objects);
        Ok(Quarantine { directory, repository: repository.clone(), git })
    }

    /// The user's own repository, except that new objects are written here.
    pub fn git(&self) -> &Git {
        &self.git
    }

    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// Starts a pack; `seal` makes its objects readable.
    pub fn pack(&self) -> Result<PackWriter, QuarantineError> {
        let directory = self.directory().join("objects/pack");
        PackWriter::create(&directory, self.repository.format).map_err(at(&directory))
    }

    /// Completes a pack, unless there is nothing in it.
    pub fn seal(&self, pack: PackWriter) -> Result<(), QuarantineError> {
        if pack.is_empty() {
            return Ok(());
        }
        pack.finish().map_err(at(self.directory()))
    }

    /// Moves the new objects into the repository's own object directory.
    pub fn keep(&self) -> Result<(), QuarantineError> {
        let from = self.directory().join("objects");
        let to = &self.repository.objects;
        for folder in folders(&from).map_err(at(&from))? {
            let Some(name) = folder.file_name().filter(|name| *name != "info") else { continue };
            let destination = to.join(name);
            fs::create_dir_all(&destination).map_err(at(&destination))?;
            let mut files = files(&folder).map_err(at(&folder))?;
            // A reader that sees the index must find the pack, so the pack goes first.
            files.sort_by_key(|file| file.extension().is_some_and(|extension| extension == "idx"));
            for file in files {
                let Some(name) = file.file_name() else { continue };
                let place = destination.join(name);
                if !place.exists() {
                    // As git does: packs must outlive a power cut, single objects need not.
                    if folder.ends_with("pack") {
                        fs::File::open(&file).and_then(|file| file.sync_all()).map_err(at(&file))?;
                    }
                    fs::rename(&file, &place).map_err(at(&place))?;
                }
            }
        }
        Ok(())
    }
}

fn folders(directory: &Path) -> io::Result<Vec<PathBuf>> {
    entries(directory, fs::FileType::is_dir)
}

fn files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    entries(directory, fs::FileType::is_file)
}

fn entries(directory: &Path, wanted: fn(&fs::FileType) -> bool) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if wanted(&entry.file_type()?) {
            found.push(entry.path());
        }
    }
    Ok(found)
}

pub(super) fn at(path: &Path) -> impl FnOnce(io::Error) -> QuarantineError + use<> {
    let path = path.display().to_string();
    move |source| QuarantineError::Write { path, source }
}
