//! C: exported is what is neither `static` nor a macro.

use tree_sitter::Node;

use super::{Language, PLAIN, c_macros};
use crate::guard::syntax::entity::{Declared, Kind};
use crate::guard::syntax::place::Place;

pub const C: Language = Language {
    name: "C",
    extensions: &["c"],
    grammar: || tree_sitter_c::LANGUAGE.into(),
    macros: true,
    unparsed: c_macros::find,
    is_comment: is_include_guard,
    // A macro of a file that nobody includes is used there alone.
    declares: |place| {
        declares(place).map(|found| Declared { public: found.public && found.kind != Kind::Macro, ..found })
    },
    ..PLAIN
};

/// `#define BILL_H` right in `#ifndef BILL_H`: it means nothing, whatever its name.
pub fn is_include_guard(place: &Place) -> bool {
    if place.kind != "preproc_def" || place.above(0) != "preproc_ifdef" || place.child("value").is_some() {
        return false;
    }
    let Some(around) = place.parents.last() else { return false };
    let name = place.child("name").map(|name| place.text_of(name)).unwrap_or_default();
    let line = place.text[around.bytes.start..].split(|byte| *byte == b'\n').next().unwrap_or_default();
    String::from_utf8_lossy(line).strip_prefix("#ifndef").is_some_and(|asked| asked.trim() == name)
}

pub fn declares(place: &Place) -> Option<Declared> {
    match place.kind {
        "function_definition" => function(place),
        // A prototype; what else is declared without a body belongs to the code around it.
        "declaration" if is_at_top(place) => function(place),
        "struct_specifier" | "union_specifier" => with_body(place, Kind::Struct),
        "enum_specifier" => with_body(place, Kind::Enum),
        "type_definition" => {
            let declarator = place.child("declarator")?;
            let of = place.child("type")?;
            let kind = if of.kind() == "struct_specifier" { Kind::Struct } else { Kind::Type };
            let name = place.text_of(innermost(declarator));
            Some(Declared { kind, name, body: Some(of.byte_range()), public: true })
        }
        "preproc_function_def" | "preproc_def" => place.declared_value(Kind::Macro, true),
        _ => None,
    }
}

fn is_at_top(place: &Place) -> bool {
    let around = ["translation_unit", "linkage_specification", "namespace_definition", "template_declaration"];
    around.contains(&place.above(0)) || place.above(0).starts_with("preproc") || place.above(0) == "declaration_list"
}

fn function(place: &Place) -> Option<Declared> {
    let declarator = function_declarator(place.child("declarator")?)?;
    let name = place.text_of(innermost(declarator));
    let body = place.child("body").map(|body| body.byte_range());
    Some(Declared { kind: Kind::Function, name, body, public: !place.has_word("static") })
}

/// A struct that is defined here, not only spoken of.
fn with_body(place: &Place, kind: Kind) -> Option<Declared> {
    if place.above(0) == "type_definition" {
        return None;
    }
    let declared = place.declared(kind, true)?;
    let name = without_arguments(&declared.name);
    declared.body.is_some().then_some(Declared { name, ..declared })
}

/// The name of a template without the arguments for which it is specialised.
pub fn without_arguments(name: &str) -> String {
    name.split('<').next().unwrap_or(name).trim().to_owned()
}

/// The declarator of a function within pointers and references to its result.
pub fn function_declarator(declarator: Node) -> Option<Node> {
    let mut inner = declarator;
    // A function's type has few levels; what has more is not a declaration of one.
    for _ in 0..16 {
        match inner.kind() {
            "function_declarator" => return Some(inner),
            "pointer_declarator" | "reference_declarator" | "attributed_declarator" => {
                let within = inner.child_by_field_name("declarator");
                inner = within.or_else(|| inner.named_child(0))?;
            }
            _ => return None,
        }
    }
    None
}

/// The name within a declarator.
pub fn innermost(declarator: Node) -> Node {
    let mut inner = declarator;
    for _ in 0..16 {
        match inner.child_by_field_name("declarator") {
            Some(within) => inner = within,
            None => break,
        }
    }
    inner
}
