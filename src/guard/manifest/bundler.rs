//! `Gemfile`, gemspecs and `Gemfile.lock` of Ruby.

use super::entries::{Entries, Unreadable, Value, brief};
use super::words::{Comments, Word, line, statements, words};

/// What opens a block that `end` closes, where it begins a statement.
const OPENERS: [&str; 9] = ["if", "unless", "case", "begin", "def", "class", "module", "while", "until"];

/// Returns the gems that a Gemfile asks for, by group, and every other statement: the file
/// has no other purpose.
pub fn gemfile(text: &str) -> Result<Entries, Unreadable> {
    let words = words(text, Comments::Hash)?;
    let mut entries = Entries::default();
    // One for each `end` that is to come.
    let mut open: Vec<String> = Vec::new();
    for statement in statements(&words)? {
        match statement {
            [Word::Name("end"), ..] => {
                open.pop().ok_or_else(|| Unreadable("an `end` in it has no beginning".to_owned()))?;
            }
            [Word::Name("gem"), rest @ ..] => add_gem(&mut entries, &open.join(" "), rest),
            [head, ..] if matches!(head, Word::Name(name) if OPENERS.contains(name)) || opens(statement) => {
                open.push(line(statement).trim_end_matches(" do").to_owned());
            }
            [Word::Name("ruby"), version @ ..] => entries.add("toolchain", "ruby", Value::version(line(version))),
            _ => entries.add(open.join(" "), line(statement), Value::default()),
        }
    }
    match open.last() {
        Some(block) => Err(Unreadable(format!("its `{}` does not end", brief(block)))),
        None => Ok(entries),
    }
}

/// Whether a statement ends with `do` or `do |x|`.
fn opens(statement: &[Word]) -> bool {
    matches!(
        statement,
        [.., Word::Name("do")] | [.., Word::Name("do"), Word::Mark('|'), Word::Name(_), Word::Mark('|')]
    )
}

/// `"name", "~> 1", require: false`, in brackets or not.
fn add_gem(entries: &mut Entries, scope: &str, words: &[Word]) {
    let inner = match words {
        [Word::Mark('('), inner @ .., Word::Mark(')')] => inner,
        _ => words,
    };
    match inner {
        [Word::Text(name), rest @ ..] => {
            entries.add(scope, *name, Value::version(line(rest).trim_start_matches(',')));
        }
        _ => entries.add(scope, line(inner), Value::default()),
    }
}

/// Returns the dependencies that a gemspec adds, and the Ruby that it requires.
pub fn gemspec(text: &str) -> Result<Entries, Unreadable> {
    let words = words(text, Comments::Hash)?;
    let mut entries = Entries::default();
    for statement in statements(&words)? {
        let called = statement.iter().position(|word| matches!(word, Word::Name(name) if is_dependency(name)));
        if let Some((at, Word::Name(name))) = called.map(|at| (at, statement[at])) {
            let kind = if name == "required_ruby_version" { "toolchain" } else { name };
            add_gem(&mut entries, &kind.replace("add_runtime_", "add_"), &statement[at + 1..]);
        }
    }
    Ok(entries)
}

fn is_dependency(name: &str) -> bool {
    matches!(name, "add_dependency" | "add_runtime_dependency" | "add_development_dependency" | "required_ruby_version")
}

/// Returns the gems that are locked: `    name (version)` below `specs:`, each with its source. The
/// versions of gems in the tree itself (`PATH`) are their own.
pub fn lock(text: &str) -> Result<Entries, Unreadable> {
    let mut entries = Entries::default();
    let (mut section, mut source) = ("", "");
    for line in text.lines() {
        if line.starts_with(['<', '>', '=']) {
            return Err(Unreadable("it has marks of a conflict".to_owned()));
        } else if !line.starts_with(' ') {
            (section, source) = (line.trim(), "");
        } else if let Some(remote) = line.strip_prefix("  remote: ") {
            source = remote.trim();
        } else if let Some((name, version)) = gem(line, section) {
            let value = match section {
                "PATH" => Value { source: source.to_owned(), ..Value::default() },
                "CHECKSUMS" => Value { checksum: version.to_owned(), ..Value::default() },
                _ => Value { version: version.to_owned(), source: source.to_owned(), ..Value::default() },
            };
            entries.add(if section == "CHECKSUMS" { "checksum" } else { "" }, name, value);
        }
    }
    Ok(entries)
}

/// `name (version)` of a line that locks a gem; lines indented further are what that gem asks for.
fn gem<'a>(line: &'a str, section: &str) -> Option<(&'a str, &'a str)> {
    let indent = if section == "CHECKSUMS" { "  " } else { "    " };
    let rest = line.strip_prefix(indent).filter(|rest| !rest.starts_with(' '))?;
    let (name, version) = rest.split_once(" (")?;
    Some((name, version.trim_end().trim_end_matches(')')))
}

#[cfg(test)]
mod tests {
    use super::super::entries::Difference;
    use super::*;

    fn shown(read: fn(&str) -> Result<Entries, Unreadable>, before: &str, after: &str) -> Vec<String> {
        read(before).unwrap().differences(&read(after).unwrap()).iter().map(Difference::to_string).collect()
    }

    const GEMFILE: &str = "source 'https://rubygems.org'\ngem 'rails', '~> 7.0'\ngroup :test do\n  gem 'rspec'\nend\n";

    #[test]
    fn of_a_gemfile() {
        let same = "# why\nsource \"https://rubygems.org\"\ngem(\"rails\",\n  '~> 7.0')\ngroup :test do\n\n  gem 'rspec' # x\nend";
        assert_eq!(shown(gemfile, GEMFILE, same), [""; 0]);
        let after =
            GEMFILE.replace("7.0", "7.1").replace("rubygems", "evil").replace("'rspec'", "'rspec', git: 'https://x'");
        assert_eq!(
            shown(gemfile, GEMFILE, &after),
            [
                "`rails` \"~> 7.0\" -> \"~> 7.1\"",
                "`source\"https://evil.org\"` added: any",
                "`source\"https://rubygems.org\"` removed: any",
                "`rspec` (group:test) any -> git:\"https://x\"",
            ]
        );
        for text in ["gem 'a", "group :x do\n", "end\n"] {
            assert!(gemfile(text).is_err(), "{text}");
        }
    }

    #[test]
    fn of_a_gemspec() {
        let before = "Gem::Specification.new do |s|\n  s.version = '1'\n  s.add_dependency 'a', '>= 1'\nend\n";
        let after = before.replace("'1'", "'2'").replace(">= 1", ">= 2");
        assert_eq!(shown(gemspec, before, &after), ["`a` (add_dependency) \">= 1\" -> \">= 2\""]);
    }

    #[test]
    fn of_a_lock_file() {
        let before = "PATH\n  remote: .\n  specs:\n    own (1.0)\n\nGEM\n  remote: https://rubygems.org/\n  specs:\n    \
                      rack (2.0)\n      base64 (>= 0)\n\nPLATFORMS\n  ruby\n\nBUNDLED WITH\n   2.4\n";
        let after =
            before.replace("own (1.0)", "own (1.1)").replace("rack (2.0)", "rack (2.1)").replace("   2.4", "   2.5");
        assert_eq!(
            shown(lock, before, &after),
            ["`rack` 2.0 from https://rubygems.org/ -> 2.1 from https://rubygems.org/"]
        );
    }
}
