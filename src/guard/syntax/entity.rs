//! What a text declares: functions, classes and the like.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// The kinds of entity, the same for all languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Function,
    Class,
    Struct,
    Interface,
    Trait,
    Enum,
    Type,
    Constant,
    Macro,
    Module,
    /// A part of an interface that has a value.
    Property,
    /// Only gives its name to what it contains: `impl`, `namespace`.
    Scope,
}

impl Kind {
    pub fn word(self) -> &'static str {
        match self {
            Kind::Function => "function",
            Kind::Class => "class",
            Kind::Struct => "struct",
            Kind::Interface => "interface",
            Kind::Trait => "trait",
            Kind::Enum => "enum",
            Kind::Type => "type",
            Kind::Constant => "constant",
            Kind::Macro => "macro",
            Kind::Module => "module",
            Kind::Property => "property",
            Kind::Scope => "scope",
        }
    }

    /// Whether one more of them is one more abstraction.
    pub fn is_abstraction(self) -> bool {
        matches!(self, Kind::Class | Kind::Struct | Kind::Interface | Kind::Trait)
    }
}

/// What a node declares, as its language defines it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    pub kind: Kind,
    pub name: String,
    /// The bytes of its body, brackets included; `None` where it has none.
    pub body: Option<Range<usize>>,
    /// Whether its own declaration makes it visible outside.
    pub public: bool,
}

/// One entity of a text.
#[derive(Clone, Debug)]
pub struct Entity {
    pub kind: Kind,
    /// Its name, after those of what it lies in.
    pub name: String,
    /// Its own name alone.
    pub own: String,
    /// What it lies in, by its place in the list.
    pub container: Option<usize>,
    /// Its bytes, attributes and decorators included.
    pub whole: Range<usize>,
    pub body: Option<Range<usize>>,
    /// Its rows, from 0.
    pub rows: Range<usize>,
    /// The rows of what comes before its body.
    pub head: Range<usize>,
    /// Whether others can use it: it and all that it lies in are public.
    pub exported: bool,
    /// Whether it is a test, or lies in one.
    pub test: bool,
    /// Parameters and results that lack a type, in a language where they may have one.
    pub untyped: Vec<String>,
}

/// What a text sets about visibility elsewhere than where things are declared. A container is known
/// by the byte where it begins.
#[derive(Debug, Default)]
pub struct Exports {
    /// Names at the top that are exported by a list or an assignment.
    pub names: HashSet<String>,
    /// Names that are hidden, in their containers.
    pub hidden: HashSet<(usize, String)>,
    sections: HashMap<usize, Vec<(usize, bool)>>,
}

impl Exports {
    /// From the byte `from` on, what is declared in the container is public, or is not.
    pub fn section(&mut self, container: usize, from: usize, public: bool) {
        self.sections.entry(container).or_default().push((from, public));
    }

    /// Whether what is declared at the byte `at` is public, its container left aside.
    pub fn is_public(&self, declared: &Declared, container: Option<usize>, at: usize) -> bool {
        let Some(container) = container else {
            return declared.public || self.names.contains(&declared.name);
        };
        if self.hidden.contains(&(container, declared.name.clone())) {
            return false;
        }
        // They were taken down in the text's order.
        let sections = self.sections.get(&container).map(Vec::as_slice).unwrap_or_default();
        let last = sections.partition_point(|(from, _)| *from <= at).checked_sub(1);
        last.map_or(declared.public, |last| sections[last].1)
    }
}
