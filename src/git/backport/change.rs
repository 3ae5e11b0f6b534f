//! What differs between two trees, path by path, without looking for renames.

use super::error::BackportError;
use crate::git::Git;
use crate::git::oid::Oid;
use crate::git::tree::Entry;

/// A path whose entry differs; `None` where there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub path: Vec<u8>,
    pub old: Option<Entry>,
    pub new: Option<Entry>,
}

impl Change {
    /// Whether a file stays a file, or a link a link.
    pub fn modifies(&self) -> bool {
        match (self.old, self.new) {
            (Some(old), Some(new)) => (old.is_file() && new.is_file()) || (old.is_link() && new.is_link()),
            _ => false,
        }
    }
}

/// Returns what differs between two trees.
pub async fn between(git: &Git, old: Oid, new: Oid) -> Result<Vec<Change>, BackportError> {
    let (old, new) = (old.to_string(), new.to_string());
    let args = ["diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", "--no-ext-diff", &old, &new];
    let output = git.call(args).output().await?;
    let unexpected = || BackportError::Unexpected { said: output.stderr.clone() };
    if output.status != Some(0) {
        return Err(unexpected());
    }
    let mut fields = output.stdout.split(|byte| *byte == 0);
    let mut changes = Vec::new();
    while let Some(facts) = fields.next().filter(|facts| !facts.is_empty()) {
        let facts = std::str::from_utf8(facts).map_err(|_| unexpected())?;
        let path = fields.next().ok_or_else(unexpected)?.to_vec();
        let facts: Vec<&str> = facts.trim_start_matches(':').split(' ').collect();
        let [old_mode, new_mode, old, new, _] = facts[..] else { return Err(unexpected()) };
        let side = |mode, oid| side(mode, oid).ok_or_else(unexpected);
        changes.push(Change { path, old: side(old_mode, old)?, new: side(new_mode, new)? });
    }
    Ok(changes)
}

/// Reads one side of a change; the inner `None` where the path is not there.
fn side(mode: &str, oid: &str) -> Option<Option<Entry>> {
    let entry = Entry { mode: u32::from_str_radix(mode, 8).ok()?, oid: oid.parse().ok()? };
    Some((!entry.oid.is_null()).then_some(entry))
}
