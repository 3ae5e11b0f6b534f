//! Tree objects: reading entries, and putting others in their place. Pure.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::oid::{Format, Oid};

/// What a tree says of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Entry {
    pub mode: u32,
    pub oid: Oid,
}

/// What is to become of a name: another entry, or none.
pub type Edits = BTreeMap<Vec<u8>, Option<Entry>>;

impl Entry {
    pub fn is_tree(self) -> bool {
        self.mode == 0o040_000
    }

    pub fn is_link(self) -> bool {
        self.mode == 0o120_000
    }

    /// Whether it is a file, executable or not.
    pub fn is_file(self) -> bool {
        self.mode & 0o170_000 == 0o100_000
    }
}

/// One entry as a tree has it: the bytes from its mode to its name's end, and all of it.
#[derive(Clone, Copy, Debug)]
struct Raw<'a> {
    name: &'a [u8],
    whole: &'a [u8],
    entry: Entry,
}

/// The entries of a tree, in its order; it ends early where the tree is damaged.
fn raws(tree: &[u8], format: Format) -> impl Iterator<Item = Raw<'_>> {
    let mut rest = tree;
    std::iter::from_fn(move || {
        let space = rest.iter().take(8).position(|byte| *byte == b' ')?;
        let digit = |byte: &u8| matches!(byte, b'0'..=b'7').then(|| u32::from(byte - b'0'));
        let mode = rest[..space].iter().try_fold(0, |mode, byte| Some(mode << 3 | digit(byte)?))?;
        let name = &rest[space + 1..];
        let name = &name[..memchr::memchr(0, name)?];
        let start = space + 1 + name.len() + 1;
        let oid = Oid::from_bytes(rest.get(start..start + format.length())?)?;
        let (whole, after) = rest.split_at(start + format.length());
        rest = after;
        Some(Raw { name, whole, entry: Entry { mode, oid } })
    })
}

/// Returns the names and the entries of a tree.
pub fn entries(tree: &[u8], format: Format) -> impl Iterator<Item = (&[u8], Entry)> {
    raws(tree, format).map(|raw| (raw.name, raw.entry))
}

/// Returns what a tree says of a name.
pub fn find(tree: &[u8], name: &[u8], format: Format) -> Option<Entry> {
    entries(tree, format).find(|(found, _)| *found == name).map(|(_, entry)| entry)
}

/// Returns the tree with the edits made.
pub fn edited(tree: &[u8], edits: &Edits, format: Format) -> Vec<u8> {
    let mut added: Vec<(&[u8], Entry)> =
        edits.iter().filter_map(|(name, entry)| Some((name.as_slice(), (*entry)?))).collect();
    added.sort_by(|a, b| order(*a, *b));
    let mut added = added.into_iter().peekable();
    let mut new = Vec::with_capacity(tree.len() + 64);
    for raw in raws(tree, format) {
        while let Some((name, entry)) = added.next_if(|one| order(*one, (raw.name, raw.entry)) == Ordering::Less) {
            write(&mut new, name, entry);
        }
        if !edits.contains_key(raw.name) {
            new.extend_from_slice(raw.whole);
        }
    }
    added.for_each(|(name, entry)| write(&mut new, name, entry));
    new
}

fn write(tree: &mut Vec<u8>, name: &[u8], entry: Entry) {
    tree.extend_from_slice(format!("{:o} ", entry.mode).as_bytes());
    tree.extend_from_slice(name);
    tree.push(0);
    tree.extend_from_slice(entry.oid.as_bytes());
}

/// The order of a tree: by name, a tree's name as if it ended in a slash.
fn order(a: (&[u8], Entry), b: (&[u8], Entry)) -> Ordering {
    let key = |(name, entry): (&[u8], Entry), at: usize| match name.get(at) {
        Some(byte) => *byte,
        None if at == name.len() && entry.is_tree() => b'/',
        None => 0,
    };
    let shared = a.0.len().min(b.0.len());
    a.0[..shared].cmp(&b.0[..shared]).then_with(|| key(a, shared).cmp(&key(b, shared)))
}

/// Returns how a pack spells `tree` as a difference from `base` (gitformat-pack, "Deltified
/// representation"): runs of entries that both have are copied, the others inserted.
pub fn delta(base: &[u8], tree: &[u8], format: Format) -> Vec<u8> {
    let mut delta = Vec::with_capacity(256);
    length(&mut delta, base.len());
    length(&mut delta, tree.len());
    let mut theirs = raws(base, format).peekable();
    let mut at = 0;
    let mut copied = 0..0;
    let mut inserted = Vec::new();
    for ours in raws(tree, format) {
        while theirs
            .next_if(|raw| order((raw.name, raw.entry), (ours.name, ours.entry)) == Ordering::Less)
            .map(|raw| at += raw.whole.len())
            .is_some()
        {}
        let same = theirs.next_if(|raw| raw.whole == ours.whole);
        if same.is_none() {
            copy(&mut delta, &mut copied);
            inserted.extend_from_slice(ours.whole);
            continue;
        }
        insert(&mut delta, &mut inserted);
        if copied.end != at {
            copy(&mut delta, &mut copied);
            copied = at..at;
        }
        at += ours.whole.len();
        copied.end = at;
    }
    copy(&mut delta, &mut copied);
    insert(&mut delta, &mut inserted);
    delta
}

fn length(delta: &mut Vec<u8>, mut length: usize) {
    while length > 127 {
        delta.push((length & 127) as u8 | 128);
        length >>= 7;
    }
    delta.push(length as u8);
}

/// Writes instructions to copy the range, which is empty afterwards.
fn copy(delta: &mut Vec<u8>, range: &mut std::ops::Range<usize>) {
    while range.start < range.end {
        let size = range.len().min(0xff_ffff);
        let at = delta.len();
        delta.push(128);
        for (bit, byte) in range.start.to_le_bytes()[..4].iter().chain(&size.to_le_bytes()[..3]).enumerate() {
            if *byte != 0 {
                delta[at] |= 1 << bit;
                delta.push(*byte);
            }
        }
        range.start += size;
    }
    *range = 0..0;
}

/// Writes instructions to insert the bytes, which are none afterwards.
fn insert(delta: &mut Vec<u8>, bytes: &mut Vec<u8>) {
    for part in bytes.chunks(127) {
        delta.push(part.len() as u8);
        delta.extend_from_slice(part);
    }
    bytes.clear();
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Edits, Entry, delta, edited, entries, find};
    use crate::git::oid::Format;

    fn entry(seed: u8) -> Entry {
        let mode = [0o100_644, 0o100_755, 0o120_000, 0o040_000][usize::from(seed % 4)];
        Entry { mode, oid: Format::Sha1.hash(&[&[seed]]) }
    }

    /// Applies a delta as git does (patch-delta.c).
    fn applied(base: &[u8], delta: &[u8]) -> Vec<u8> {
        let mut at = 0;
        for _ in 0..2 {
            at += delta[at..].iter().position(|byte| byte & 128 == 0).expect("a length") + 1;
        }
        let mut out = Vec::new();
        while at < delta.len() {
            let code = delta[at];
            at += 1;
            if code & 128 == 0 {
                out.extend_from_slice(&delta[at..at + usize::from(code)]);
                at += usize::from(code);
                continue;
            }
            let mut numbers = [0_usize; 2];
            for bit in (0..7).filter(|bit| code >> bit & 1 == 1) {
                let (number, shift) = if bit < 4 { (0, bit * 8) } else { (1, (bit - 4) * 8) };
                numbers[number] |= usize::from(delta[at]) << shift;
                at += 1;
            }
            out.extend_from_slice(&base[numbers[0]..numbers[0] + numbers[1]]);
        }
        out
    }

    proptest! {
        #[test]
        fn edits_and_deltas_are_exact(
            first in prop::collection::btree_map("[a-c./0]{1,3}", any::<u8>(), 0..20),
            second in prop::collection::btree_map("[a-c./0]{1,3}", prop::option::of(any::<u8>()), 0..8),
        ) {
            let edits = |names: Vec<(String, Option<u8>)>| -> Edits {
                let names = names.into_iter().map(|(name, seed)| (name.replace('/', "-").into_bytes(), seed.map(entry)));
                names.collect()
            };
            let all = edits(first.into_iter().map(|(name, seed)| (name, Some(seed))).collect());
            let changes = edits(second.into_iter().collect());
            let base = edited(&[], &all, Format::Sha1);
            let tree = edited(&base, &changes, Format::Sha1);
            let mut expected = all;
            expected.extend(changes);
            expected.retain(|_, entry| entry.is_some());
            prop_assert_eq!(&tree, &edited(&[], &expected, Format::Sha1));
            prop_assert_eq!(entries(&tree, Format::Sha1).count(), expected.len());
            for (name, entry) in &expected {
                prop_assert_eq!(find(&tree, name, Format::Sha1), *entry);
            }
            prop_assert_eq!(applied(&base, &delta(&base, &tree, Format::Sha1)), tree);
        }
    }
}
