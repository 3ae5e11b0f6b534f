//! What a command can reach of the files and the network, held by the kernel.
//!
//! The supervisor of the command (`contained.rs`) builds the walls around the thread that starts it, so
//! that it is never without them. Landlock holds what is written, signals to others and a look into their
//! memory and environment. A mount namespace of its own makes the rest of it exact, where the system
//! allows one: what is hidden can't be connected to either, and a place that is protected may lie within
//! one that is written to.

#[cfg(target_os = "linux")]
mod landlock;
#[cfg(target_os = "linux")]
mod namespace;
pub mod plan;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use serde::{Deserialize, Serialize};

/// What may be done with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Access {
    Hidden,
    Read,
    Write,
}

/// What is around a command. The deepest place that contains a file decides; a file in none of them can
/// only be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Walls {
    /// Of two with the same path the later counts. One that does not exist is left out.
    pub places: Vec<(PathBuf, Access)>,
    pub network: bool,
    /// Whether the command gets namespaces of its own; Landlock alone holds it otherwise.
    pub namespaces: bool,
}

/// A command behind its walls.
pub struct Walled {
    pub child: Child,
    /// Its directory for temporary files, if it can't use that of everybody.
    _temporary: Option<tempfile::TempDir>,
    /// Files that it could change although it must not, with what they had.
    kept: Vec<(PathBuf, Vec<u8>)>,
}

impl Walled {
    pub fn without(child: Child) -> Walled {
        Walled { child, _temporary: None, kept: Vec::new() }
    }

    /// Puts back the files that it changed although it must not, and returns them.
    pub fn put_back(&self) -> io::Result<Vec<&Path>> {
        let mut changed = Vec::new();
        for (path, content) in &self.kept {
            let is_file = path.symlink_metadata().is_ok_and(|metadata| metadata.is_file());
            if is_file && fs::read(path).is_ok_and(|now| now == *content) {
                continue;
            }
            if path.is_dir() && !path.is_symlink() {
                fs::remove_dir_all(path)?;
            } else if path.symlink_metadata().is_ok() {
                fs::remove_file(path)?;
            }
            fs::write(path, content)?;
            changed.push(path.as_path());
        }
        Ok(changed)
    }
}

impl Walls {
    /// Starts the command behind the walls; fails where they can't be built as they should be. From then on this
    /// process sees the files as the command does, and may still write all of them that are in sight.
    #[cfg(target_os = "linux")]
    pub fn start(&self, mut command: Command) -> io::Result<Walled> {
        let places = plan::places(&self.places);
        let mut rules = plan::coarse(&places);
        let (mut temporary, mut kept) = (None, Vec::new());
        if self.namespaces {
            namespace::enter(self.network)?;
            namespace::mount(&plan::mounts(&places))?;
        } else {
            let (places, files) = plan::without_files(places);
            for file in files {
                kept.push((file.clone(), fs::read(file)?));
            }
            rules = plan::exact(&places);
            if !rules.contains(&(std::env::temp_dir().canonicalize()?, plan::Rule::Write)) {
                let own = tempfile::Builder::new().prefix("hotfix-").tempdir()?;
                rules.push((own.path().canonicalize()?, plan::Rule::Write));
                command.env("TMPDIR", own.path());
                temporary = Some(own);
            }
        }
        let ruleset = landlock::ruleset(&rules, self.network || self.namespaces)?;
        let started = std::thread::spawn(move || {
            namespace::drop_rights()?;
            landlock::restrict(ruleset)?;
            command.spawn()
        });
        let child = started.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        Ok(Walled { child, _temporary: temporary, kept })
    }

    #[cfg(not(target_os = "linux"))]
    pub fn start(&self, _: Command) -> io::Result<Walled> {
        Err(io::Error::other("this system has none"))
    }
}
