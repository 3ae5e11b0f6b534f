//! One walk through a syntax tree, without recursion, that collects all the guard asks for.

use std::collections::HashMap;
use std::ops::Range;

use tree_sitter::{Tree, TreeCursor};

use super::Syntax;
use super::broken::{Loss, loss};
use super::entity::{Declared, Entity, Exports, Kind};
use super::place::{Parent, Place};
use super::token::Token;
use crate::guard::language::Language;

/// Returns what the tree of `text` declares.
pub fn walk(tree: &Tree, text: &[u8], language: &Language) -> Syntax {
    let mut walk = Walk {
        language,
        text,
        syntax: Syntax::default(),
        found: Vec::new(),
        exports: Exports::default(),
        before: HashMap::new(),
        neutral: 0,
        functions: 0,
        containers: Vec::new(),
    };
    let mut cursor = tree.walk();
    let mut parents: Vec<Parent> = Vec::new();
    loop {
        let (entity, descend) = walk.visit(&cursor, &parents);
        let (node, field) = (cursor.node(), cursor.field_name());
        if descend && cursor.goto_first_child() {
            walk.enter(entity, node.start_byte());
            parents.push(Parent { kind: node.kind(), field, bytes: node.byte_range(), entity });
            continue;
        }
        while !cursor.goto_next_sibling() {
            let Some(parent) = parents.pop().filter(|_| cursor.goto_parent()) else { return walk.finish() };
            walk.leave(parent.entity);
        }
    }
}

/// How deep what is declared may lie in what is declared; no one writes more.
const DEEPEST: usize = 16;

/// The nodes that bring in what others offer.
const IMPORTS: &[&str] = &[
    "import_declaration",
    "import_from_statement",
    "import_statement",
    "namespace_use_declaration",
    "preproc_include",
    "use_declaration",
    "using_directive",
];

struct Walk<'a> {
    language: &'a Language,
    text: &'a [u8],
    syntax: Syntax,
    /// What was declared, with the place in `entities` and the byte where its container begins.
    found: Vec<(Declared, Option<usize>, usize)>,
    exports: Exports,
    /// Where an attribute that ends before a token begins, by that token's place in the list.
    before: HashMap<usize, usize>,
    /// The byte up to which all tokens are neutral.
    neutral: usize,
    /// In how many functions the walk is.
    functions: usize,
    /// The entities that the walk is in, with the bytes where they begin.
    containers: Vec<(usize, usize)>,
}

impl Walk<'_> {
    /// Takes down a node; returns the entity that it is, and whether to go into it.
    fn visit<'tree>(&mut self, cursor: &TreeCursor<'tree>, parents: &[Parent<'tree>]) -> (Option<usize>, bool) {
        let node = cursor.node();
        let place = Place { node, kind: node.kind(), field: cursor.field_name(), text: self.text, parents };
        if node.is_error() || node.is_missing() {
            self.error(&place);
        }
        if place.kind.contains("comment") || (self.language.is_comment)(&place) {
            self.syntax.comments.push(node.byte_range());
            return (None, false);
        }
        if node.is_named() {
            if IMPORTS.contains(&place.kind) {
                self.syntax.imports.push(node.start_position().row..node.end_position().row + 1);
            }
            if (self.language.swallows)(&place) {
                self.syntax.swallows.push(node.start_position().row..node.end_position().row + 1);
            }
            (self.language.exports)(&place, &mut self.exports);
        }
        if (self.language.is_neutral)(&place) {
            self.neutral = self.neutral.max(node.end_byte());
        }
        if node.child_count() == 0 {
            self.token(&place);
        }
        if self.language.attributes.contains(&place.kind) {
            self.attribute(&place);
        }
        let looked_for = self.functions == 0 && self.containers.len() < DEEPEST && node.is_named();
        let declared = if looked_for { (self.language.declares)(&place) } else { None };
        (declared.map(|declared| self.entity(&place, declared)), true)
    }

    fn error(&mut self, place: &Place) {
        let within = self.containers.last().and_then(|(entity, _)| self.found[*entity].0.body.as_ref());
        let in_body = self.functions > 0 && within.is_some_and(|body| body.contains(&place.node.start_byte()));
        let rows = place.node.start_position().row..place.node.end_position().row + 1;
        match loss(place, self.language.macros, in_body) {
            Loss::Structure => self.syntax.errors.push(rows),
            Loss::Statement => self.syntax.unclear.push(rows),
            Loss::Nothing => {}
        }
    }

    fn token(&mut self, place: &Place) {
        let (start, end) = (place.node.start_byte(), place.node.end_byte());
        if self.text[start..end].iter().all(u8::is_ascii_whitespace) {
            return;
        }
        self.syntax.tokens.push(Token::of(place, start < self.neutral));
    }

    /// Notes that what comes after this attribute begins with it.
    fn attribute(&mut self, place: &Place) {
        let bytes = place.node.byte_range();
        self.before.insert(bytes.end, bytes.start);
    }

    fn entity(&mut self, place: &Place, declared: Declared) -> usize {
        let is_wrapper = |parent: &&Parent| self.language.wrappers.contains(&parent.kind);
        let around = place.parents.iter().rev().take_while(is_wrapper).last();
        let whole = around.map_or(place.node.byte_range(), |wrapper| wrapper.bytes.clone());
        let container = self.containers.last().copied();
        let start = self.with_attributes(whole.start);
        let rows = place.node.start_position().row..place.node.end_position().row + 1;
        let entity = Entity {
            kind: declared.kind,
            name: String::new(),
            own: declared.name.clone(),
            container: container.map(|(entity, _)| entity),
            whole: start..whole.end,
            body: declared.body.clone(),
            head: rows.clone(),
            rows,
            exported: false,
            test: false,
            untyped: (self.language.untyped)(place),
        };
        self.syntax.entities.push(entity);
        self.found.push((declared, container.map(|(_, start)| start), place.node.start_byte()));
        self.syntax.entities.len() - 1
    }

    /// The byte where the attributes right before `start` begin.
    fn with_attributes(&self, start: usize) -> usize {
        let mut start = start;
        loop {
            let gap = self.text[..start].iter().rev().take_while(|byte| byte.is_ascii_whitespace()).count();
            match self.before.get(&(start - gap)) {
                Some(before) if *before < start => start = *before,
                _ => return start,
            }
        }
    }

    fn enter(&mut self, entity: Option<usize>, start: usize) {
        let Some(entity) = entity else { return };
        self.containers.push((entity, start));
        self.functions += usize::from(self.syntax.entities[entity].kind == Kind::Function);
    }

    fn leave(&mut self, entity: Option<usize>) {
        let Some(entity) = entity else { return };
        self.containers.pop();
        self.functions -= usize::from(self.syntax.entities[entity].kind == Kind::Function);
    }

    /// What needs all of the text: names in full, visibility, tests.
    fn finish(self) -> Syntax {
        let Walk { language, text, mut syntax, found, exports, .. } = self;
        syntax.errors = merged(syntax.errors);
        syntax.unclear = merged(syntax.unclear);
        syntax.imports = merged(syntax.imports);
        let starts: Vec<usize> = std::iter::once(0)
            .chain(text.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1))
            .collect();
        let row = |byte: usize| starts.partition_point(|start| *start <= byte) - 1;
        for (index, (declared, container_start, start)) in found.into_iter().enumerate() {
            let container = syntax.entities[index].container;
            let (prefix, exported, test) = match container.map(|container| &syntax.entities[container]) {
                Some(container) => {
                    (format!("{}{}", container.name, language.separator), container.exported, container.test)
                }
                None => (String::new(), true, false),
            };
            let entity = &mut syntax.entities[index];
            entity.exported = exported && exports.is_public(&declared, container_start, start);
            let header: Range<usize> =
                entity.whole.start..entity.body.as_ref().map_or(entity.whole.end, |body| body.start);
            let head = text.get(header.clone()).unwrap_or_default().trim_ascii_end();
            entity.head = row(header.start)..row(header.start + head.len().saturating_sub(1)) + 1;
            entity.test = test || (language.is_test)(&String::from_utf8_lossy(head));
            entity.name = format!("{prefix}{}", declared.name);
            entity.rows = row(entity.whole.start)..row(entity.whole.end.saturating_sub(1)) + 1;
        }
        syntax
    }
}

/// Ranges that begin in order, those that touch as one.
fn merged(ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    let mut merged: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}
