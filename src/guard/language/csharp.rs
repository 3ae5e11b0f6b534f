//! C#: exported is what is public or protected, and the members of interfaces.

use super::{Language, PLAIN, has_empty_body};
use crate::guard::syntax::entity::{Declared, Kind};
use crate::guard::syntax::place::Place;

pub const CSHARP: Language = Language {
    name: "C#",
    extensions: &["cs"],
    grammar: || tree_sitter_c_sharp::LANGUAGE.into(),
    overloads: true,
    declares,
    is_neutral,
    swallows: has_empty_body,
    ..PLAIN
};

/// What a type inherits from, and words that matter to the compiler, not to users.
fn is_neutral(place: &Place) -> bool {
    let compilers = || matches!(place.own_text().as_str(), "partial" | "async" | "unsafe");
    place.kind == "base_list" || (place.kind == "modifier" && compilers())
}

fn declares(place: &Place) -> Option<Declared> {
    let public = || {
        let in_interface = place.above(1) == "interface_declaration";
        in_interface || place.has_word("public") || place.has_word("protected")
    };
    match place.kind {
        "class_declaration" | "record_declaration" => place.declared(Kind::Class, public()),
        "struct_declaration" => place.declared(Kind::Struct, public()),
        "interface_declaration" => place.declared(Kind::Interface, public()),
        "enum_declaration" => place.declared(Kind::Enum, public()),
        "delegate_declaration" => place.declared(Kind::Type, public()),
        "method_declaration" | "constructor_declaration" => place.declared(Kind::Function, public()),
        "property_declaration" => {
            let body = place.child("value").or_else(|| place.child("accessors")).map(|body| body.byte_range());
            Some(Declared { body, ..place.declared(Kind::Function, public())? })
        }
        "namespace_declaration" => place.declared(Kind::Scope, true),
        _ => None,
    }
}
