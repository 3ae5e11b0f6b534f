//! Java: exported is what is public or protected, and the members of interfaces.

use super::{Language, PLAIN, has_empty_body};
use crate::guard::syntax::entity::{Declared, Kind};
use crate::guard::syntax::place::Place;

pub const JAVA: Language = Language {
    name: "Java",
    extensions: &["java"],
    grammar: || tree_sitter_java::LANGUAGE.into(),
    overloads: true,
    declares,
    is_neutral,
    swallows: has_empty_body,
    ..PLAIN
};

fn declares(place: &Place) -> Option<Declared> {
    let public = || {
        let in_interface = matches!(place.above(0), "interface_body" | "annotation_type_body");
        (in_interface && !place.has_word("private")) || place.has_word("public") || place.has_word("protected")
    };
    match place.kind {
        "class_declaration" | "record_declaration" => place.declared(Kind::Class, public()),
        "interface_declaration" | "annotation_type_declaration" => place.declared(Kind::Interface, public()),
        "enum_declaration" => place.declared(Kind::Enum, public()),
        "method_declaration" | "constructor_declaration" | "compact_constructor_declaration" => {
            place.declared(Kind::Function, public())
        }
        _ => None,
    }
}

fn is_neutral(place: &Place) -> bool {
    match place.kind {
        "marker_annotation" | "annotation" => {
            matches!(
                place.child("name").map(|name| place.text_of(name)).as_deref(),
                Some("Override" | "SuppressWarnings")
            )
        }
        "synchronized" | "strictfp" | "native" => place.above(0) == "modifiers",
        "superclass" | "super_interfaces" | "extends_interfaces" => true,
        "final" => place.above(1) == "formal_parameter",
        _ => false,
    }
}
