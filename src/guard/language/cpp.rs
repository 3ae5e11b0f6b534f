//! C++: exported is what is neither `static`, private, nor in a namespace without a name.

use std::sync::LazyLock;

use regex::bytes::Regex;

use super::{Language, PLAIN, c, c_macros, has_empty_body};
use crate::guard::syntax::entity::{Declared, Exports, Kind};
use crate::guard::syntax::place::Place;

pub const CPP: Language = Language {
    name: "C++",
    extensions: &["cc", "cpp", "cxx", "c++", "h", "hh", "hpp", "hxx", "ipp", "inl"],
    grammar: || tree_sitter_cpp::LANGUAGE.into(),
    separator: "::",
    wrappers: &["template_declaration"],
    overloads: true,
    macros: true,
    unparsed: c_macros::find,
    is_comment: c::is_include_guard,
    declares,
    exports,
    is_neutral,
    swallows: has_empty_body,
    ..PLAIN
};

fn declares(place: &Place) -> Option<Declared> {
    match place.kind {
        "class_specifier" => {
            let declared = place.declared(Kind::Class, true)?;
            let name = c::without_arguments(&declared.name);
            declared.body.is_some().then_some(Declared { name, ..declared })
        }
        "namespace_definition" => {
            let name = place.child("name").map(|name| place.text_of(name));
            let body = place.child("body").map(|body| body.byte_range());
            let public = name.is_some();
            Some(Declared { kind: Kind::Scope, name: name.unwrap_or_else(|| "(anonymous)".to_owned()), body, public })
        }
        "alias_declaration" => place.declared(Kind::Type, true),
        "concept_definition" => place.declared(Kind::Trait, true),
        "field_declaration" => {
            let name = c::innermost(c::function_declarator(place.child("declarator")?)?);
            Some(Declared { kind: Kind::Function, name: place.text_of(name), body: None, public: true })
        }
        "function_definition" | "declaration" => {
            let declared = c::declares(place)?;
            // Who may use `Bill::pay` is set by the class or the namespace that declares it.
            let public = declared.public && !declared.name.contains("::");
            Some(Declared { public, ..declared })
        }
        _ => c::declares(place),
    }
}

/// How a constructor sets its members is no concern of those who call it; nor is it whether a type of
/// C's is named with its namespace, `std::uint8_t`, or without.
fn is_neutral(place: &Place) -> bool {
    match place.kind {
        "field_initializer_list" | "base_class_clause" => true,
        "namespace_identifier" | "::" => place.parents.last().is_some_and(|around| {
            around.kind == "qualified_identifier" && STD.is_match(&place.text[around.bytes.clone()])
        }),
        _ => false,
    }
}

static STD: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(::)?\s*std\s*::\s*[a-z0-9_]+_t$").expect("it is written here and compiled by a test")
});

/// `class` hides its members until `public:`.
fn exports(place: &Place, exports: &mut Exports) {
    let Some(body) = place.parents.last().filter(|_| place.kind == "access_specifier") else {
        if place.kind == "field_declaration_list" && place.above(0) == "class_specifier" {
            let container = place.parents.last().map_or(0, |class| class.bytes.start);
            exports.section(container, place.node.start_byte(), false);
        }
        return;
    };
    let class = place.parents.len().checked_sub(2).map(|index| &place.parents[index]);
    let container = class.map_or(body.bytes.start, |class| class.bytes.start);
    let public = place.own_text() != "private";
    exports.section(container, place.node.start_byte(), public);
}
