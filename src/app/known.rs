//! What was found in published journals before, so that a journal that did not change is not read and checked again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::domain::summary::Summary;
use crate::git::published::Tip;

/// A commit is never another one, and what one version of hotfix finds in it is always the same.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Known {
    version: String,
    /// By the commit's name.
    found: BTreeMap<String, Found>,
    #[serde(skip)]
    path: PathBuf,
    #[serde(skip)]
    has_changed: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct Found {
    key: String,
    line: Result<Summary, String>,
}

impl Known {
    /// What is kept in the git directory; nothing where it can't be read, or is of another version.
    pub fn load(common: &Path) -> Known {
        let (path, version) = (common.join("hotfix/published.json"), env!("CARGO_PKG_VERSION").to_owned());
        let known = std::fs::read(&path).ok().and_then(|text| serde_json::from_slice::<Known>(&text).ok());
        let mut known = known.filter(|known| known.version == version).unwrap_or_default();
        (known.path, known.version) = (path, version);
        for found in known.found.values_mut() {
            if let Ok(line) = &mut found.line {
                line.key.clone_from(&found.key);
            }
        }
        known
    }

    /// The line of the journal, or why it can't be shown; `None` if it was not read yet.
    pub fn of(&self, tip: &Tip) -> Option<Result<&Summary, &String>> {
        self.found.get(&name(tip)).map(|found| found.line.as_ref())
    }

    pub fn keep(&mut self, tip: &Tip, line: Result<Summary, String>) {
        let key = line.as_ref().map(|line| line.key.clone()).unwrap_or_default();
        self.found.insert(name(tip), Found { key, line });
        self.has_changed = true;
    }

    /// Writes what is known of `tips`, if it is not written yet. Where that fails it is found again.
    pub fn save(mut self, tips: &[Tip]) {
        let names: std::collections::BTreeSet<String> = tips.iter().map(name).collect();
        self.has_changed |= self.found.len() > names.len();
        if !self.has_changed {
            return;
        }
        self.found.retain(|name, _| names.contains(name));
        let new = self.path.with_extension(format!("new-{}", std::process::id()));
        let text = serde_json::to_vec(&self).unwrap_or_default();
        if std::fs::write(&new, text).and_then(|()| std::fs::rename(&new, &self.path)).is_err() {
            let _ = std::fs::remove_file(&new);
        }
    }
}

/// What is found depends on the ref's name too.
fn name(tip: &Tip) -> String {
    format!("{} {}", tip.commit, tip.id)
}
