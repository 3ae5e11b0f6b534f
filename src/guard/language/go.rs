//! Go: exported is what begins with a capital letter.

use super::{Language, PLAIN};
use crate::guard::syntax::entity::{Declared, Kind};
use crate::guard::syntax::place::Place;

pub const GO: Language = Language {
    name: "Go",
    extensions: &["go"],
    grammar: || tree_sitter_go::LANGUAGE.into(),
    declares,
    swallows,
    ..PLAIN
};

fn declares(place: &Place) -> Option<Declared> {
    match place.kind {
        "function_declaration" => capital(place.declared(Kind::Function, true)?),
        "method_elem" => capital(place.declared(Kind::Function, true)?),
        "method_declaration" => {
            let declared = capital(place.declared(Kind::Function, true)?)?;
            let receiver = receiver(&place.text_of(place.child("receiver")?));
            let public = declared.public && receiver.starts_with(char::is_uppercase);
            Some(Declared { name: format!("{receiver}.{}", declared.name), public, ..declared })
        }
        "type_spec" | "type_alias" => {
            let of = place.child("type")?;
            let kind = match of.kind() {
                "struct_type" => Kind::Struct,
                "interface_type" => Kind::Interface,
                _ => Kind::Type,
            };
            capital(Declared { body: Some(of.byte_range()), ..place.declared(kind, true)? })
        }
        "const_spec" | "var_spec" => capital(place.declared_value(Kind::Constant, true)?),
        _ => None,
    }
}

fn capital(declared: Declared) -> Option<Declared> {
    Some(Declared { public: declared.name.starts_with(char::is_uppercase), ..declared })
}

/// The type's name in `(name *Type[Parameter])`.
fn receiver(text: &str) -> String {
    let inner = text.trim_matches(['(', ')']).trim();
    let name = inner.rsplit([' ', '*']).next().unwrap_or(inner);
    name.split('[').next().unwrap_or(name).to_owned()
}

/// `if err != nil {}`, `if closeErr != nil {}`.
fn swallows(place: &Place) -> bool {
    place.kind == "if_statement"
        && place.child("condition").is_some_and(|condition| is_error(&place.text_of(condition)))
        && place.child("consequence").is_some_and(|block| place.is_empty(block))
}

/// Whether a condition only asks for an error.
fn is_error(condition: &str) -> bool {
    let name = condition.strip_suffix("!= nil").map(|name| name.trim().to_lowercase());
    name.is_some_and(|name| name.ends_with("err") && name.chars().all(char::is_alphanumeric))
}
