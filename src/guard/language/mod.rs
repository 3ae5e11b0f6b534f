//! The languages that the guard reads, one a file. A new one is a file here, a `mod` and a line in
//! `ALL`.

mod c;
mod c_macros;
mod cpp;
mod csharp;
mod go;
mod java;
mod javascript;
mod php;
mod python;
mod ruby;
mod rust;
mod typescript;

use std::ops::Range;

use super::syntax::entity::{Declared, Exports};
use super::syntax::place::Place;

/// How a language's syntax tree is understood.
#[derive(Debug)]
pub struct Language {
    pub name: &'static str,
    /// The endings of its files' names, without the dot.
    pub extensions: &'static [&'static str],
    pub grammar: fn() -> tree_sitter::Language,
    /// What stands between the names of an entity and of what it lies in.
    pub separator: &'static str,
    /// Kinds of nodes that stand around a declaration and belong to it.
    pub wrappers: &'static [&'static str],
    /// Kinds of nodes that stand before a declaration and belong to it.
    pub attributes: &'static [&'static str],
    /// Whether functions of one name and other parameters are functions of their own.
    pub overloads: bool,
    /// Whether a preprocessor may make code of what its grammar can't know.
    pub macros: bool,
    /// Where a text has what its grammar can't know, such as macros; the parser sees blanks there.
    pub unparsed: fn(&[u8]) -> Vec<Range<usize>>,
    /// What a node declares, if it does.
    pub declares: fn(&Place) -> Option<Declared>,
    /// Records what a node sets about the visibility of others.
    pub exports: fn(&Place, &mut Exports),
    /// Whether only people read a node, although it is no comment.
    pub is_comment: fn(&Place) -> bool,
    /// Whether a node makes no difference to those who use the declaration that it is part of. What a
    /// type inherits from is such a node: it is no parameter, result, visibility or decorator.
    pub is_neutral: fn(&Place) -> bool,
    /// Whether what stands before a declaration's name makes it a test.
    pub is_test: fn(&str) -> bool,
    /// Whether a node catches an error and does nothing about it.
    pub swallows: fn(&Place) -> bool,
    /// The parameters and the result of a function that lack a type, if they may have one.
    pub untyped: fn(&Place) -> Vec<String>,
}

/// What most languages do not have.
const PLAIN: Language = Language {
    name: "",
    extensions: &[],
    grammar: || tree_sitter_c::LANGUAGE.into(),
    separator: ".",
    wrappers: &[],
    attributes: &[],
    overloads: false,
    macros: false,
    unparsed: |_| Vec::new(),
    declares: |_| None,
    exports: |_, _| {},
    is_comment: |_| false,
    is_neutral: |_| false,
    is_test: |_| false,
    swallows: |_| false,
    untyped: |_| Vec::new(),
};

pub const ALL: &[&Language] = &[
    &rust::RUST,
    &python::PYTHON,
    &javascript::JAVASCRIPT,
    &typescript::TYPESCRIPT,
    &typescript::TSX,
    &go::GO,
    &java::JAVA,
    &c::C,
    &cpp::CPP,
    &ruby::RUBY,
    &php::PHP,
    &csharp::CSHARP,
];

/// Endings of other languages' source files, which are compared line by line.
const OTHERS: &[&str] = &[
    "bash", "clj", "cljs", "dart", "ex", "exs", "erl", "fs", "groovy", "hs", "jl", "kt", "kts", "lua", "m", "ml", "mm",
    "nim", "pl", "pm", "ps1", "r", "scala", "sh", "sql", "svelte", "swift", "vb", "vue", "zig", "zsh",
];

/// Returns the language of a file by its name's ending; `None` where it is none of `ALL`.
pub fn of(path: &str) -> Option<&'static Language> {
    let ending = ending(path)?;
    ALL.iter().find(|language| language.extensions.contains(&ending)).copied()
}

/// Whether a file holds source code by its name's ending.
pub fn is_source(path: &str) -> bool {
    of(path).is_some() || ending(path).is_some_and(|ending| OTHERS.contains(&ending))
}

/// How comment lines start in a file whose language is not known.
pub fn comment_marks(path: &str) -> &'static [&'static str] {
    match ending(path).unwrap_or_default() {
        "css" | "scss" | "less" | "dart" | "groovy" | "kt" | "kts" | "m" | "mm" | "scala" | "swift" | "zig" => {
            &["//", "/*", "*/", "* "]
        }
        "hs" | "lua" | "sql" => &["--", "/*", "*/", "* "],
        "clj" | "cljs" | "ini" => &[";", "#"],
        "html" | "svelte" | "vue" | "xml" => &["<!--", "//"],
        "erl" => &["%"],
        "json" | "csv" | "tsv" | "txt" => &[],
        _ => &["#"],
    }
}

fn ending(path: &str) -> Option<&str> {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map(|(_, ending)| ending)
}

/// Whether the `catch` that a node is has nothing in its body.
fn has_empty_body(place: &Place) -> bool {
    place.kind == "catch_clause" && place.child("body").is_some_and(|body| place.is_empty(body))
}
