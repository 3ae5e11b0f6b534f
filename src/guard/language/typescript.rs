//! TypeScript: as JavaScript, with types.

use super::javascript::{self, is_exported};
use super::{Language, PLAIN};
use crate::guard::syntax::entity::{Declared, Kind};
use crate::guard::syntax::place::Place;

pub const TYPESCRIPT: Language = Language {
    name: "TypeScript",
    extensions: &["ts", "mts", "cts"],
    grammar: || tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(),
    wrappers: &["export_statement", "ambient_declaration"],
    attributes: &["decorator"],
    declares,
    exports: javascript::exports,
    is_neutral: |place| matches!(place.kind, "class_heritage" | "extends_type_clause"),
    swallows: javascript::swallows,
    ..PLAIN
};

pub const TSX: Language =
    Language { extensions: &["tsx"], grammar: || tree_sitter_typescript::LANGUAGE_TSX.into(), ..TYPESCRIPT };

fn declares(place: &Place) -> Option<Declared> {
    let public = is_exported(place);
    match place.kind {
        "interface_declaration" => place.declared(Kind::Interface, public),
        "type_alias_declaration" => place.declared_value(Kind::Type, public),
        "enum_declaration" => place.declared(Kind::Enum, public),
        "method_signature" | "abstract_method_signature" => place.declared(Kind::Function, !place.has_word("private")),
        "property_signature" if place.above(1) == "interface_declaration" => place.declared(Kind::Property, true),
        "internal_module" | "module" => {
            let declared = place.declared(Kind::Scope, true)?;
            declared.body.is_some().then_some(declared)
        }
        _ => javascript::declares(place),
    }
}
