//! Why a backport could not be made at all. What concerns one target is in its outcome instead.

use crate::git::GitError;
use crate::git::quarantine::QuarantineError;

#[derive(Debug, thiserror::Error)]
pub enum BackportError {
    #[error("git {major}.{minor} is too old to merge without a work tree: 2.39 or later is needed")]
    OldGit { major: u32, minor: u32 },
    #[error("the history is cut (shallow clone), so which branches have the fix is unknown")]
    Shallow,
    #[error("`{revision}` is not a commit, a range or a branch")]
    UnknownRevision { revision: String },
    #[error("`{revision}` has no commit to backport")]
    NothingToBackport { revision: String },
    #[error("commit `{commit}` has no parent number {mainline}")]
    NoSuchParent { commit: String, mainline: u32 },
    #[error("`{glob}` is not a pattern for branches")]
    BadGlob { glob: String, source: globset::Error },
    #[error("no branch of `{remote}` fits `{glob}`")]
    NoBranch {
        glob: String,
        remote: String,
        /// The names that are most like it.
        nearest: Vec<String>,
    },
    #[error("`{branch}` has no conflict to resolve")]
    NoConflict { branch: String },
    #[error("branches moved during {attempts} attempts in a row; nothing was pushed")]
    Moving { attempts: u32 },
    #[error("git printed something unexpected: `{printed}`")]
    Unexpected { printed: String },
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error(transparent)]
    Quarantine(#[from] QuarantineError),
    #[error(transparent)]
    Git(#[from] GitError),
}

impl BackportError {
    /// What can be done about it, as a command where there is one.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            BackportError::NoBranch { nearest, .. } if nearest.is_empty() => "git ls-remote --heads",
            BackportError::NoBranch { nearest, .. } => {
                let names: Vec<_> = nearest.iter().map(|name| format!("`{name}`")).collect();
                return Some(format!("did you mean {}?", names.join(" or ")));
            }
            BackportError::OldGit { .. } | BackportError::Git(GitError::NotInstalled) => "install git 2.39 or newer",
            BackportError::Shallow => "git fetch --unshallow",
            BackportError::UnknownRevision { .. } => "git fetch, or look for it with `git log --all`",
            BackportError::NoSuchParent { .. } => "--mainline 1",
            BackportError::NoConflict { .. } | BackportError::Moving { .. } => "hotfix backport --verify",
            _ => return None,
        };
        Some(hint.to_owned())
    }
}

/// A record that could not be kept or read.
#[derive(Debug, thiserror::Error)]
#[error("the record of the backport can't be kept or read: {0}")]
pub struct RecordError(#[from] pub Box<dyn std::error::Error + Send + Sync>);
