//! What is kept of a backport, so that it can go on, be verified and be undone.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::merge::Outcome;
use super::plan::Plan;
use super::push::Moved;
use super::request::Request;

/// A backport: what was wanted, what was decided, and what moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// With the resolutions of conflicts that a person gave.
    pub request: Request,
    pub plan: Plan,
    pub outcomes: Vec<Outcome>,
    /// Every branch that was to move, written down before it did. The remote tells which of them
    /// did.
    pub moves: Vec<Moved>,
    /// Where conflicts are being resolved, by branch.
    pub work_trees: BTreeMap<String, PathBuf>,
}

/// Where records are kept. A record replaces the one of the same identifier, as a whole.
#[async_trait]
pub trait Records: Sync {
    async fn save(&self, record: &Record) -> Result<(), RecordError>;
    /// Returns the record of this identifier, or the one saved last.
    async fn load(&self, id: Option<&str>) -> Result<Option<Record>, RecordError>;
}

#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    #[error("the record of the backport can't be kept at `{path}`")]
    File { path: String, source: std::io::Error },
    #[error("the record of the backport at `{path}` can't be read")]
    Unreadable { path: String, source: serde_json::Error },
    #[error("the record of the backport can't be kept")]
    Other(#[from] Box<dyn std::error::Error + Send + Sync>),
}

/// A file for each backport, in a directory.
#[derive(Clone, Debug)]
pub struct FileRecords {
    directory: PathBuf,
}

impl FileRecords {
    pub fn at(directory: impl Into<PathBuf>) -> FileRecords {
        FileRecords { directory: directory.into() }
    }

    fn newest(&self) -> std::io::Result<Option<PathBuf>> {
        let mut newest = None;
        for entry in std::fs::read_dir(&self.directory)? {
            let entry = entry?;
            let file = (entry.metadata()?.modified()?, entry.path());
            if file.1.extension().is_some_and(|extension| extension == "json") {
                newest = newest.max(Some(file));
            }
        }
        Ok(newest.map(|(_, path)| path))
    }
}

#[async_trait]
impl Records for FileRecords {
    async fn save(&self, record: &Record) -> Result<(), RecordError> {
        let path = self.directory.join(file_name(&record.plan.id));
        let text = serde_json::to_vec(record).map_err(|error| RecordError::Other(error.into()))?;
        replace(&self.directory, &path, &text)
            .map_err(|source| RecordError::File { path: path.display().to_string(), source })
    }

    async fn load(&self, id: Option<&str>) -> Result<Option<Record>, RecordError> {
        let failed = |path: &Path, source| RecordError::File { path: path.display().to_string(), source };
        let path = match id {
            Some(id) => Some(self.directory.join(file_name(id))),
            None => match self.newest() {
                Err(error) if error.kind() == ErrorKind::NotFound => None,
                newest => newest.map_err(|source| failed(&self.directory, source))?,
            },
        };
        let Some(path) = path else { return Ok(None) };
        let text = match std::fs::read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            text => text.map_err(|source| failed(&path, source))?,
        };
        let unreadable = |source| RecordError::Unreadable { path: path.display().to_string(), source };
        serde_json::from_slice(&text).map(Some).map_err(unreadable)
    }
}

/// The identifier with anything that could lead elsewhere replaced.
fn file_name(id: &str) -> String {
    let plain = |letter: char| if letter.is_alphanumeric() || letter == '-' { letter } else { '_' };
    format!("{}.json", id.chars().map(plain).collect::<String>())
}

/// Replaces a file so that a crash leaves the old content or the new.
fn replace(directory: &Path, path: &Path, content: &[u8]) -> std::io::Result<()> {
    std::fs::create_dir_all(directory)?;
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
