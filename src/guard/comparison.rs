//! What became of each entity of a file: kept, removed, or added.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::syntax::Syntax;
use super::syntax::entity::{Entity, Kind};

/// Entities by their places in the lists of the two sides.
#[derive(Debug, Default)]
pub struct Comparison {
    pub kept: Vec<(usize, usize)>,
    /// What can no longer be used under its signature, with what there is instead.
    pub changed: Vec<(usize, usize)>,
    pub removed: Vec<usize>,
    pub added: Vec<usize>,
    /// Those of `removed` of whose names something else is declared now.
    pub replaced: HashSet<usize>,
    pub before: Vec<Digest>,
    pub after: Vec<Digest>,
}

/// What identifies an entity, by its tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest {
    /// Of all that comes before and after the body, as far as it matters to users.
    pub signature: u64,
    /// Of the body, its own name left out.
    pub body: u64,
    /// The number of tokens of the body.
    pub size: usize,
}

impl Comparison {
    /// Compares two texts in a language that has `overloads`: several functions of one name. In others
    /// all declarations of a name are one entity.
    pub fn of(before: (&Syntax, &[u8]), after: (&Syntax, &[u8]), overloads: bool) -> Comparison {
        let digests = |(syntax, text): (&Syntax, &[u8])| -> Vec<Digest> {
            syntax.entities.iter().map(|entity| digest(entity, syntax, text)).collect()
        };
        let mut comparison = Comparison { before: digests(before), after: digests(after), ..Comparison::default() };
        let mut same: HashMap<(Kind, &str), [Vec<usize>; 2]> = HashMap::new();
        for (side, syntax) in [before.0, after.0].into_iter().enumerate() {
            for (index, entity) in syntax.entities.iter().enumerate() {
                same.entry((entity.kind, &entity.name)).or_default()[side].push(index);
            }
        }
        for [old, new] in same.into_values() {
            comparison.pair(&old, &new);
            if old.is_empty() || new.is_empty() {
                continue;
            }
            match overloads {
                true => comparison.offer(&old, &new, true),
                false => comparison.offer(&seen(&old, before.0), &seen(&new, after.0), false),
            }
        }
        let mut names: HashMap<&str, Vec<Kind>> = HashMap::new();
        for entity in &after.0.entities {
            let kinds = names.entry(&entity.name).or_default();
            if !kinds.contains(&entity.kind) {
                kinds.push(entity.kind);
            }
        }
        let is_replaced = |index: &&usize| {
            let entity = &before.0.entities[**index];
            names.get(entity.name.as_str()).is_some_and(|kinds| kinds.iter().any(|kind| *kind != entity.kind))
        };
        let replaced = comparison.removed.iter().filter(is_replaced);
        comparison.replaced = replaced.copied().collect();
        comparison.kept.sort_unstable();
        comparison.changed.sort_unstable();
        comparison.removed.sort_unstable();
        comparison.added.sort_unstable();
        comparison
    }

    /// Pairs the declarations of one name: those of equal signature first, then the others in order.
    fn pair(&mut self, old: &[usize], new: &[usize]) {
        let mut by_signature: HashMap<u64, Vec<usize>> = HashMap::new();
        for index in old.iter().rev() {
            by_signature.entry(self.before[*index].signature).or_default().push(*index);
        }
        let mut rest = Vec::new();
        for index in new {
            match by_signature.get_mut(&self.after[*index].signature).and_then(Vec::pop) {
                Some(old) => self.kept.push((old, *index)),
                None => rest.push(*index),
            }
        }
        let mut left: Vec<usize> = by_signature.into_values().flatten().collect();
        left.sort_unstable();
        let both = left.len().min(rest.len());
        self.kept.extend(left.drain(..both).zip(rest.drain(..both)));
        if old.is_empty() || new.is_empty() {
            self.removed.extend(left);
            self.added.extend(rest);
        }
    }

    /// Records what became of the signatures under which a name can be used. They are a set: one more
    /// changes nothing for those who use the others.
    fn offer(&mut self, old: &[usize], new: &[usize], overloads: bool) {
        let offered = |digests: &[Digest], of: &[usize]| -> HashSet<u64> {
            of.iter().map(|index| digests[*index].signature).collect()
        };
        let (before, after) = (offered(&self.before, old), offered(&self.after, new));
        let gone = old.iter().filter(|index| !after.contains(&self.before[**index].signature));
        let fresh = new.iter().filter(|index| !before.contains(&self.after[**index].signature));
        let (gone, fresh): (Vec<usize>, Vec<usize>) = (gone.copied().collect(), fresh.copied().collect());
        if overloads {
            let both = gone.len().min(fresh.len());
            self.changed.extend(gone.iter().copied().zip(fresh.iter().copied()));
            self.removed.extend(&gone[both..]);
            self.added.extend(&fresh[both..]);
        } else if let (Some(gone), Some(now)) = (gone.first(), fresh.first().or(new.first())) {
            self.changed.push((*gone, *now));
        }
    }
}

/// Those of the declarations of one name that its users see: not the body behind declarations of its own.
fn seen(declared: &[usize], syntax: &Syntax) -> Vec<usize> {
    let has_no_body = |index: &usize| syntax.entities[*index].body.is_none();
    let prototypes: Vec<usize> = declared.iter().copied().filter(has_no_body).collect();
    if prototypes.is_empty() { declared.to_vec() } else { prototypes }
}

fn digest(entity: &Entity, syntax: &Syntax, text: &[u8]) -> Digest {
    let body = entity.body.clone().unwrap_or(entity.whole.end..entity.whole.end);
    let (head, tail) = (entity.whole.start..body.start, body.end..entity.whole.end);
    let mut signature = DefaultHasher::new();
    for part in [head, tail] {
        let mut tokens = syntax.tokens_in(&part).iter().filter(|token| !token.neutral).peekable();
        while let Some(token) = tokens.next() {
            let next = tokens.peek().map(|next| &text[next.bytes()]);
            // The comma after the last parameter and the end of a line mean nothing.
            let closes = next.is_some_and(|next| matches!(next, b")" | b"]" | b">" | b"}"));
            match &text[token.bytes()] {
                b";" => {}
                b"," if closes => {}
                token => token.hash(&mut signature),
            }
        }
    }
    let tokens = syntax.tokens_in(&body);
    let own = last_part(&entity.own).as_bytes();
    let mut hash = DefaultHasher::new();
    for token in tokens {
        let text = &text[token.bytes()];
        let is_own = text == own && token.is_name();
        (if is_own { b"" } else { text }).hash(&mut hash);
    }
    Digest { signature: signature.finish(), body: hash.finish(), size: tokens.len() }
}

/// The name itself in `self.name`, `Type.name` and `Type::name`.
pub fn last_part(name: &str) -> &str {
    name.rsplit(['.', ':']).next().unwrap_or(name)
}
