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
    parse(&git.call(args).bytes().await?)
}

/// Reads what `git diff-tree --raw -z` prints.
fn parse(printed: &[u8]) -> Result<Vec<Change>, BackportError> {
    let unexpected = || BackportError::Unexpected { printed: printed.escape_ascii().to_string() };
    let mut fields = printed.split(|byte| *byte == 0);
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

#[cfg(test)]
mod tests {
    use super::{Change, parse};
    use crate::git::tree::Entry;

    #[test]
    fn both_sides_of_each_path_are_read() {
        let (one, two, none) = ("1".repeat(40), "2".repeat(40), "0".repeat(40));
        let entry = |mode, oid: &str| Some(Entry { mode, oid: oid.parse().expect("a name") });
        let printed = format!(
            ":100644 100755 {one} {two} M\0a b\n.txt\0:000000 120000 {none} {one} A\0link\0\
             :100644 000000 {two} {none} D\0:100644\0"
        );
        let change = |path: &str, old, new| Change { path: path.as_bytes().to_vec(), old, new };
        let expected = [
            change("a b\n.txt", entry(0o100_644, &one), entry(0o100_755, &two)),
            change("link", None, entry(0o120_000, &one)),
            change(":100644", entry(0o100_644, &two), None),
        ];
        assert_eq!(parse(printed.as_bytes()).expect("readable"), expected);
        assert_eq!(parse(b"").expect("readable"), []);
    }

    #[test]
    fn what_is_cut_or_strange_is_an_error_and_no_change() {
        let one = "1".repeat(40);
        for printed in [
            format!(":100644 100644 {one} {one} M"),
            format!(":100644 100644 {one} M\0x\0"),
            format!(":10064x 100644 {one} {one} M\0x\0"),
            format!(":100644 100644 {one} 123 M\0x\0"),
        ] {
            assert!(parse(printed.as_bytes()).is_err(), "{printed:?}");
        }
    }
}
