//! The words of a build script in Groovy, Kotlin, Ruby or Python: enough to find its calls and lists,
//! not a parser of the language.

use super::entries::Unreadable;

/// A word of a script. Comments and white space are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word<'a> {
    /// A name or a number.
    Name(&'a str),
    /// What stands between quotes, escapes as they are written.
    Text(&'a str),
    /// One character of everything else.
    Mark(char),
    /// The end of a line, and the blank ones after it.
    Line,
}

/// How a language writes comments.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Comments {
    /// `# ...`
    Hash,
    /// `// ...` and `/* ... */`
    Slashes,
}

/// Returns the words of `script`. An error where a text or a comment does not end.
pub fn words(script: &str, comments: Comments) -> Result<Vec<Word<'_>>, Unreadable> {
    let mut words = Vec::new();
    let mut rest = script;
    while let Some(character) = rest.chars().next() {
        let length = match character {
            '\n' => {
                // Blank lines mean no more than one end of a line.
                if words.last() != Some(&Word::Line) {
                    words.push(Word::Line);
                }
                1
            }
            '#' if comments == Comments::Hash => rest.find('\n').unwrap_or(rest.len()),
            '/' if comments == Comments::Slashes && rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if comments == Comments::Slashes && rest.starts_with("/*") => {
                2 + rest[2..].find("*/").ok_or_else(|| endless("comment"))? + 2
            }
            '<' if comments == Comments::Hash && heredoc(rest).is_some() => {
                let (whole, text) = heredoc(rest).unwrap_or_default();
                words.push(Word::Text(text));
                whole
            }
            '"' | '\'' => {
                let quotes = if rest.starts_with("\"\"\"") || rest.starts_with("'''") { 3 } else { 1 };
                let inner = &rest[quotes..];
                let end = end_of_text(inner, &rest[..quotes]).ok_or_else(|| endless("text"))?;
                words.push(Word::Text(&inner[..end]));
                end + 2 * quotes
            }
            _ if is_of_name(character) => {
                let end = rest.find(|character: char| !is_of_name(character)).unwrap_or(rest.len());
                words.push(Word::Name(&rest[..end]));
                end
            }
            _ if character.is_whitespace() => character.len_utf8(),
            _ => {
                words.push(Word::Mark(character));
                character.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    Ok(words)
}

/// The length of a text of Ruby's that `<<-END` or `<<~'END'` begins, and what stands between its
/// first line, which is passed over, and the line with `END` alone.
fn heredoc(text: &str) -> Option<(usize, &str)> {
    let marked = text.strip_prefix("<<")?.strip_prefix(['-', '~'])?.trim_start_matches(['"', '\'']);
    let end = &marked[..marked.find(|character: char| !is_of_name(character)).unwrap_or(marked.len())];
    let first = text.find('\n')? + 1;
    let mut at = first;
    for line in text[first..].split_inclusive('\n') {
        if !end.is_empty() && line.trim() == end {
            return Some((at + line.trim_end().len(), &text[first..at]));
        }
        at += line.len();
    }
    None
}

fn is_of_name(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

fn endless(what: &str) -> Unreadable {
    Unreadable(format!("a {what} in it does not end"))
}

/// Where `quotes` come that no `\` stands before. A text in single quotes ends on its line.
fn end_of_text(text: &str, quotes: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '\n' if quotes.len() == 1 => return None,
            _ if text[at..].starts_with(quotes) => return Some(at),
            _ => {}
        }
    }
    None
}

/// Returns where the bracket at `open` is closed, which has to be of its kind.
pub fn closing(words: &[Word], open: usize) -> Result<usize, Unreadable> {
    let mut expected = Vec::new();
    for (at, word) in words.iter().enumerate().skip(open) {
        match word {
            Word::Mark('(') => expected.push(')'),
            Word::Mark('[') => expected.push(']'),
            Word::Mark('{') => expected.push('}'),
            Word::Mark(mark @ (')' | ']' | '}')) if expected.pop() != Some(*mark) => break,
            _ => {}
        }
        if expected.is_empty() {
            return Ok(at);
        }
    }
    Err(Unreadable("its brackets do not match".to_owned()))
}

/// Returns the statements of `words`: parted by the ends of lines and by `;`, unless in brackets, after
/// a comma, or where a block or a `.` follows.
pub fn statements<'a, 'b>(words: &'b [Word<'a>]) -> Result<Vec<&'b [Word<'a>]>, Unreadable> {
    let mut statements = Vec::new();
    let (mut start, mut at) = (0, 0);
    while at < words.len() {
        let continued = at > start && matches!(words[at - 1], Word::Mark(',' | '\\' | '='));
        match words[at] {
            Word::Mark('(' | '[' | '{') => at = closing(words, at)?,
            Word::Mark(')' | ']' | '}') => return Err(Unreadable("its brackets do not match".to_owned())),
            Word::Line if follows(&words[at..]) => {}
            Word::Line | Word::Mark(';') if !continued => {
                statements.push(&words[start..at]);
                start = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    statements.push(&words[start..]);
    statements.retain(|statement| !statement.is_empty());
    Ok(statements)
}

/// Whether what comes after the end of a line continues the statement before.
fn follows(words: &[Word]) -> bool {
    matches!(words, [Word::Line, Word::Mark('{' | '.'), ..])
}

/// Returns words as one line, the same for every way of laying them out.
pub fn line(words: &[Word]) -> String {
    let mut line = String::new();
    let mut name_before = false;
    for word in words {
        let is_name = matches!(word, Word::Name(_));
        if name_before && is_name {
            line.push(' ');
        }
        match word {
            Word::Name(name) => line.push_str(name),
            Word::Text(text) => line.extend(["\"", text, "\""]),
            Word::Mark(mark) => line.push(*mark),
            Word::Line => {}
        }
        name_before = is_name || name_before && *word == Word::Line;
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(script: &str, comments: Comments) -> Vec<String> {
        let words = words(script, comments).unwrap();
        statements(&words).unwrap().into_iter().map(line).collect()
    }

    #[test]
    fn statements_are_the_same_however_they_are_laid_out() {
        let groovy = "a 'b' // c\nd(\n 'e', /* f\n */ \"g\" ) ; h \"\"\"i\n\"\"\"\n";
        assert_eq!(lines(groovy, Comments::Slashes), ["a\"b\"", "d(\"e\",\"g\")", "h\"i\n\""]);
        assert_eq!(lines("gem 'a', # why\n  '1'\ngem('b')\n", Comments::Hash), ["gem\"a\",\"1\"", "gem(\"b\")"]);
        assert_eq!(lines("a b\n\nc\\\nd", Comments::Hash), ["a b", "c\\d"]);
    }

    #[test]
    fn texts_of_several_lines_in_ruby() {
        let ruby = "a = <<~'END'\n  it's \"so\n  END\nb 'c'\n";
        assert_eq!(lines(ruby, Comments::Hash), ["a=\"  it's \"so\n\"", "b\"c\""]);
        assert_eq!(lines("a << b\n1<<-c\n", Comments::Hash), ["a<<b", "1<<-c"]);
    }

    #[test]
    fn what_does_not_end_or_match_is_unreadable() {
        for script in ["'a", "'a\n'", "/* a", "\"\"\"a\""] {
            assert!(words(script, Comments::Slashes).is_err(), "{script}");
        }
        for script in ["(", "a)", "(]", "{[}]"] {
            assert!(statements(&words(script, Comments::Slashes).unwrap()).is_err(), "{script}");
        }
    }
}
