//! PHP: exported is what is public or protected, which is the default.

use super::{Language, PLAIN, has_empty_body};
use crate::guard::syntax::entity::{Declared, Kind};
use crate::guard::syntax::place::Place;

pub const PHP: Language = Language {
    name: "PHP",
    extensions: &["php", "phtml", "inc"],
    grammar: || tree_sitter_php::LANGUAGE_PHP.into(),
    separator: "::",
    declares,
    is_neutral: |place| matches!(place.kind, "base_clause" | "class_interface_clause"),
    swallows: has_empty_body,
    ..PLAIN
};

fn declares(place: &Place) -> Option<Declared> {
    match place.kind {
        "function_definition" => place.declared(Kind::Function, true),
        "method_declaration" => place.declared(Kind::Function, !place.has_word("private")),
        "class_declaration" => place.declared(Kind::Class, true),
        "interface_declaration" => place.declared(Kind::Interface, true),
        "trait_declaration" => place.declared(Kind::Trait, true),
        "enum_declaration" => place.declared(Kind::Enum, true),
        "namespace_definition" => {
            let declared = place.declared(Kind::Scope, true)?;
            declared.body.is_some().then_some(declared)
        }
        "const_element" if place.above(1) == "program" => {
            let name = place.node.named_child(0)?;
            let body = Some(name.end_byte()..place.node.end_byte());
            Some(Declared { kind: Kind::Constant, name: place.text_of(name), body, public: true })
        }
        _ => None,
    }
}
