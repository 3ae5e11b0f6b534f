//! Whether two pieces of code are the same but for the names of what they declare.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::syntax::Syntax;
use super::syntax::token::TokenKind;

/// A part of a text, by its bytes.
type Part<'a> = (&'a Syntax, &'a [u8], Range<usize>);

/// The most names that one renaming changes.
const MOST: usize = 8;

/// A word of a part. A name that stands for a member and a variable at once is two of them.
struct Word<'a> {
    text: &'a [u8],
    is_name: bool,
    member: bool,
    declares: bool,
}

/// Returns the one consistent renaming of names after which two parts are equal, as pairs of old and
/// new; `None` where there is none, or they are equal as they are. Each of the names is declared in the
/// part, under its old name before and under its new one after: to take the name of something that is
/// declared elsewhere is no renaming, but to use another thing.
pub fn renaming<'a>(before: Part<'a>, after: Part<'a>) -> Option<Vec<(&'a [u8], &'a [u8])>> {
    let (before, after) = (words(&before), words(&after));
    if before.len() != after.len() {
        return None;
    }
    // A member and a variable of one name are two things.
    let mut names: HashMap<(bool, &[u8]), &[u8]> = HashMap::new();
    let mut declared: HashSet<(&[u8], &[u8])> = HashSet::new();
    let mut replaced = 0;
    for (old, new) in before.iter().zip(&after) {
        if old.is_name && new.is_name {
            replaced += usize::from(old.text != new.text);
            if old.member != new.member || *names.entry((old.member, old.text)).or_insert(new.text) != new.text {
                return None;
            }
            if old.declares && new.declares {
                declared.insert((old.text, new.text));
            }
        } else if old.text != new.text {
            return None;
        }
    }
    let changed = names.iter().filter(|((_, old), new)| old != *new);
    let mut renamed: Vec<_> = changed.clone().map(|((_, old), new)| (*old, *new)).collect();
    renamed.sort_unstable();
    renamed.dedup();
    // A name that existed before is another variable: using it is a fix, not a renaming.
    let are_new = changed.clone().all(|((member, _), new)| !names.contains_key(&(*member, *new)));
    let are_declared = renamed.iter().all(|pair| declared.contains(pair));
    // A name such as `_` only says that it is not used: that is no renaming either.
    let are_names = renamed.iter().all(|(old, new)| *old != b"_" && *new != b"_");
    let is_renaming = are_new && are_declared && are_names && renamed.len() <= MOST;
    (is_renaming && !renamed.is_empty() && replaced >= 2).then_some(renamed)
}

fn words<'a>((syntax, text, bytes): &Part<'a>) -> Vec<Word<'a>> {
    let text: &'a [u8] = text;
    let mut words = Vec::new();
    for token in syntax.tokens_in(bytes) {
        let (text, is_name) = (&text[token.bytes()], token.is_name());
        if token.shorthand {
            // `{ price }` is short for `{ price: price }`, which it becomes when one of the two is renamed.
            words.push(Word { text, is_name, member: true, declares: false });
            words.push(Word { text: b":", is_name: false, member: false, declares: false });
        }
        let declares = token.kind == TokenKind::Declaration;
        words.push(Word { text, is_name, member: token.member && !token.shorthand, declares });
    }
    words
}
