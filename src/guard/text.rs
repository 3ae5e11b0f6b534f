//! One side of a changed file, line by line: what of it is code, comment, or test.

use std::ops::Range;

use super::language;
use super::syntax::Syntax;
use super::syntax::limit::{Limit, Unread};
use super::syntax::token::TokenKind;

/// A text and what is known of its lines. Rows are counted from 0.
#[derive(Debug, Default)]
pub struct Text {
    /// Where each line begins and ends, line break left out.
    lines: Vec<Range<usize>>,
    /// What each line means to a machine: white space, comments and line breaks left out.
    code: Vec<Vec<u8>>,
    /// The same without the insides of strings, words kept apart.
    bare: Vec<String>,
    /// The comments of each line.
    comments: Vec<String>,
    /// Whether each line is part of a test that stands in a source file.
    tests: Vec<bool>,
    /// `None` where the language is not known, or could not be read.
    pub syntax: Option<Syntax>,
    /// Why the language could not be read.
    pub unread: Option<Unread>,
}

/// The most bytes of a line that are looked into for words: 4 KiB.
const LONGEST: usize = 4 << 10;

impl Text {
    /// Returns what is known of the text of a file, in its language if that is known.
    pub fn read(text: &[u8], path: &str, limit: &mut Limit) -> Text {
        let lines = line_ranges(text);
        match language::of(path).map(|language| Syntax::read(text, language, limit)) {
            Some(Ok(syntax)) => Text::understood(text, lines, syntax),
            Some(Err(unread)) => {
                Text { unread: Some(unread), ..Text::plain(text, lines, language::comment_marks(path)) }
            }
            None => Text::plain(text, lines, language::comment_marks(path)),
        }
    }

    pub fn rows(&self) -> usize {
        self.lines.len()
    }

    /// The row's code without white space and comments; empty where there is none.
    pub fn code(&self, row: usize) -> &[u8] {
        self.code.get(row).map(Vec::as_slice).unwrap_or_default()
    }

    /// The code of the row with the insides of strings left out.
    pub fn bare(&self, row: usize) -> &str {
        self.bare.get(row).map(String::as_str).unwrap_or_default()
    }

    /// The row's comments; the whole row where they can't be told from code.
    pub fn comment(&self, row: usize) -> &str {
        self.comments.get(row).map(String::as_str).unwrap_or_default()
    }

    /// Whether the row belongs to a test that stands in a source file.
    pub fn is_test(&self, row: usize) -> bool {
        self.tests.get(row).copied().unwrap_or_default()
    }

    fn understood(text: &[u8], lines: Vec<Range<usize>>, syntax: Syntax) -> Text {
        let mut code = vec![Vec::new(); lines.len()];
        let mut bare = vec![String::new(); lines.len()];
        for token in &syntax.tokens {
            for row in token.row..=token.last_row.min(lines.len().saturating_sub(1)) {
                let part = &text[within(&lines[row], token.start..token.end)];
                if part.trim_ascii().is_empty() {
                    continue;
                }
                code[row].extend_from_slice(part);
                code[row].push(0);
                if token.kind != TokenKind::Data && bare[row].len() < LONGEST {
                    join(&mut bare[row], &cut(part));
                }
            }
        }
        let mut comments = vec![String::new(); lines.len()];
        for comment in &syntax.comments {
            let first = lines.partition_point(|line| line.end < comment.start);
            for (line, readable) in lines[first..].iter().zip(&mut comments[first..]) {
                if line.start >= comment.end {
                    break;
                }
                readable.push_str(&cut(&text[within(line, comment.clone())]));
                readable.push(' ');
            }
        }
        let mut tests = vec![false; lines.len()];
        for entity in syntax.entities.iter().filter(|entity| entity.test) {
            // One within another is done with it.
            if entity.container.is_none_or(|container| !syntax.entities[container].test) {
                tests[entity.rows.start.min(lines.len())..entity.rows.end.min(lines.len())].fill(true);
            }
        }
        Text { lines, code, bare, comments, tests, syntax: Some(syntax), unread: None }
    }

    fn plain(text: &[u8], lines: Vec<Range<usize>>, marks: &[&str]) -> Text {
        let mut code = Vec::with_capacity(lines.len());
        let mut bare = Vec::with_capacity(lines.len());
        let mut comments = Vec::with_capacity(lines.len());
        for line in &lines {
            let line = text[line.clone()].trim_ascii();
            let readable = cut(line);
            let is_comment = marks.iter().any(|mark| line.starts_with(mark.as_bytes()));
            code.push(if is_comment { Vec::new() } else { squeezed(line) });
            bare.push(if is_comment { String::new() } else { readable.clone() });
            comments.push(readable);
        }
        let tests = vec![false; lines.len()];
        Text { lines, code, bare, comments, tests, syntax: None, unread: None }
    }
}

/// Adds a token to others: a blank only between two words.
fn join(line: &mut String, token: &str) {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    if line.ends_with(is_word) && token.starts_with(is_word) {
        line.push(' ');
    }
    line.push_str(token);
}

fn line_ranges(text: &[u8]) -> Vec<Range<usize>> {
    let mut lines = Vec::new();
    let mut start = 0;
    for (at, _) in text.iter().enumerate().filter(|(_, byte)| **byte == b'\n') {
        lines.push(start..at);
        start = at + 1;
    }
    if start < text.len() {
        lines.push(start..text.len());
    }
    lines
}

/// The part of `bytes` that lies in `line`.
fn within(line: &Range<usize>, bytes: Range<usize>) -> Range<usize> {
    let start = bytes.start.clamp(line.start, line.end);
    start..bytes.end.clamp(start, line.end)
}

fn cut(line: &[u8]) -> String {
    String::from_utf8_lossy(&line[..line.len().min(LONGEST)]).into_owned()
}

/// Each run of white space as one blank.
fn squeezed(line: &[u8]) -> Vec<u8> {
    let words: Vec<&[u8]> = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).collect();
    words.join(&b' ')
}
