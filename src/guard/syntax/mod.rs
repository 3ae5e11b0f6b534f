//! A text as its language reads it: tokens, comments, what it declares, and where it can't be read.

mod broken;
pub mod entity;
pub mod limit;
pub mod place;
pub mod token;
mod walk;

use std::borrow::Cow;
use std::ops::Range;

use entity::Entity;
use limit::{Limit, Unread};
use token::{Token, TokenKind};

use super::language::Language;

/// What is known of a text. Everything is in the text's order.
#[derive(Debug, Default)]
pub struct Syntax {
    /// Without comments.
    pub tokens: Vec<Token>,
    /// The bytes of comments, and of strings that only people read.
    pub comments: Vec<Range<usize>>,
    pub entities: Vec<Entity>,
    /// The rows, from 0, over which it is not known what the text declares.
    pub errors: Vec<Range<usize>>,
    /// The rows of statements that make no sense, in what is otherwise understood.
    pub unclear: Vec<Range<usize>>,
    /// The rows of code that brings in what others offer.
    pub imports: Vec<Range<usize>>,
    /// The rows of code that catches an error and does nothing about it.
    pub swallows: Vec<Range<usize>>,
}

/// The text with blanks in the place of some parts of it.
fn blanked<'a>(text: &'a [u8], parts: &[Range<usize>]) -> Cow<'a, [u8]> {
    let mut text = Cow::Borrowed(text);
    parts.iter().for_each(|part| text.to_mut()[part.clone()].fill(b' '));
    text
}

impl Syntax {
    /// Returns what `language` makes of `text`; fails where that takes more than `limit` allows.
    pub fn read(text: &[u8], language: &Language, limit: &mut Limit) -> Result<Syntax, Unread> {
        let unparsed = (language.unparsed)(text);
        let blanked = blanked(text, &unparsed);
        let tree = limit.parse(&blanked, &(language.grammar)())?;
        let mut syntax = walk::walk(&tree, text, language);
        syntax.add_unparsed(text, unparsed);
        Ok(syntax)
    }

    /// Adds what the parser did not see, unless it lies in a comment or a string: it is code, but nothing
    /// is known of it.
    fn add_unparsed(&mut self, text: &[u8], unparsed: Vec<Range<usize>>) {
        if unparsed.is_empty() {
            return;
        }
        let (mut row, mut from) = (0, 0);
        let mut seen: Vec<Range<usize>> = self.comments.clone();
        seen.extend(self.tokens.iter().map(Token::bytes));
        seen.sort_unstable_by_key(|part| part.start);
        for Range { start, end } in unparsed {
            let before = seen.partition_point(|part| part.start <= start);
            if before.checked_sub(1).is_some_and(|before| seen[before].end > start) {
                continue;
            }
            row += text[from..start].iter().filter(|byte| **byte == b'\n').count();
            from = start;
            let kind = TokenKind::Other;
            let last_row = row + text[start..end].iter().filter(|byte| **byte == b'\n').count();
            let token = Token { start, end, row, last_row, kind, neutral: true, member: false, shorthand: false };
            self.tokens.push(token);
        }
        self.tokens.sort_by_key(|token| token.start);
    }

    /// The tokens that lie in a range of bytes.
    pub fn tokens_in(&self, bytes: &Range<usize>) -> &[Token] {
        let first = self.tokens.partition_point(|token| token.start < bytes.start);
        let last = self.tokens.partition_point(|token| token.start < bytes.end);
        &self.tokens[first..last.max(first)]
    }

    /// What an entity lies in, from the inside out, each with its place in `entities`.
    pub fn around<'a>(&'a self, entity: &'a Entity) -> impl Iterator<Item = (usize, &'a Entity)> {
        std::iter::successors(entity.container, |index| self.entities[*index].container)
            .map(|index| (index, &self.entities[index]))
    }

    /// Whether a row is part of an import.
    pub fn is_import(&self, row: usize) -> bool {
        let first = self.imports.partition_point(|import| import.end <= row);
        self.imports.get(first).is_some_and(|import| import.start <= row)
    }

    /// Whether a syntax error lies on one of the rows.
    pub fn is_broken_at(&self, rows: &Range<usize>) -> bool {
        let first = self.errors.partition_point(|error| error.end <= rows.start);
        self.errors.get(first).is_some_and(|error| error.start < rows.end)
    }
}
