//! Proofs of before: the same trees, tested in the same way in the same environment, give the same
//! answer.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::domain::check::Violation;
use crate::domain::hex::hex;
use crate::domain::proof::Proof;

/// A proof, and what it means for the fix.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Proven {
    /// `None` where there was nothing to run.
    pub proof: Option<Proof>,
    pub violations: Vec<Violation>,
    /// Whether it was known already.
    #[serde(skip)]
    pub remembered: bool,
}

/// The answers of one repository.
#[derive(Debug)]
pub struct Cache {
    directory: PathBuf,
}

/// Variables that differ from terminal to terminal and mean nothing to a test.
const PASSING: &[&str] = &[
    "_",
    "COLORTERM",
    "COLUMNS",
    "DBUS_SESSION_BUS_ADDRESS",
    "DISPLAY",
    "HOTFIX_ACTOR",
    "LINES",
    "LS_COLORS",
    "OLDPWD",
    "PWD",
    "SHLVL",
    "STY",
    "TERM",
    "TERM_PROGRAM",
    "TERM_PROGRAM_VERSION",
    "TERM_SESSION_ID",
    "TMUX",
    "TMUX_PANE",
    "WAYLAND_DISPLAY",
    "WINDOWID",
];

/// Beginnings of such names.
const PASSING_KINDS: &[&str] = &["SSH_", "XDG_SESSION", "NEXTEST", "VSCODE_", "ITERM_", "KITTY_"];

impl Cache {
    /// The answers that are kept in the git directory that all work trees share.
    pub fn of(common: &Path) -> Cache {
        Cache { directory: common.join("hotfix/check") }
    }

    /// Returns the answer of this key; one that can't be read is none.
    pub fn find(&self, key: &str) -> Option<Proven> {
        let text = fs::read(self.path(key)).ok()?;
        let proven: Proven = serde_json::from_slice(&text).ok()?;
        Some(Proven { remembered: true, ..proven })
    }

    pub fn keep(&self, key: &str, proven: &Proven) -> io::Result<()> {
        fs::create_dir_all(&self.directory)?;
        let temporary = tempfile::NamedTempFile::new_in(&self.directory)?;
        serde_json::to_writer(&temporary, proven)?;
        temporary.persist(self.path(key))?;
        Ok(())
    }

    /// Forgets every answer.
    pub fn clear(&self) -> io::Result<()> {
        let entries = match fs::read_dir(&self.directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with("proof-") {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    fn path(&self, key: &str) -> PathBuf {
        self.directory.join(format!("proof-{key}.json"))
    }
}

/// Returns the digest of words, with the boundaries between them.
pub fn digest<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for word in words {
        hash.update(word.len().to_le_bytes());
        hash.update(word);
    }
    hex(&hash.finalize())
}

/// Returns the digest of the environment: its values can be secrets, so they are not kept.
pub fn environment(given: &[(String, String)]) -> String {
    let own = std::env::vars_os()
        .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()));
    let passing = |name: &str| PASSING.contains(&name) || PASSING_KINDS.iter().any(|kind| name.starts_with(kind));
    let mut all: Vec<_> = own.chain(given.iter().cloned()).filter(|(name, _)| !passing(name)).collect();
    all.sort();
    digest(all.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]))
}
