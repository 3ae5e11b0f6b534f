//! Rust: `pub` is exported, `pub(crate)` is not; tests stand in the source files.

use super::{Language, PLAIN};
use crate::guard::syntax::entity::{Declared, Kind};
use crate::guard::syntax::place::Place;

pub const RUST: Language = Language {
    name: "Rust",
    extensions: &["rs"],
    grammar: || tree_sitter_rust::LANGUAGE.into(),
    separator: "::",
    attributes: &["attribute_item"],
    declares,
    is_neutral,
    is_test,
    swallows,
    ..PLAIN
};

/// Attributes that matter to the compiler or the reader, not to users.
const NEUTRAL: &[&str] = &["allow", "expect", "warn", "deny", "inline", "doc", "cold", "track_caller", "cfg_attr"];

fn declares(place: &Place) -> Option<Declared> {
    let public = || is_pub(place);
    match place.kind {
        "function_item" | "function_signature_item" => {
            place.declared(Kind::Function, place.above(1) == "trait_item" || public())
        }
        "struct_item" | "union_item" => place.declared(Kind::Struct, public()),
        "enum_item" => place.declared(Kind::Enum, public()),
        "trait_item" => place.declared(Kind::Trait, public()),
        "type_item" => place.declared(Kind::Type, public()),
        "const_item" | "static_item" => place.declared_value(Kind::Constant, public()),
        "mod_item" => place.child("body").and_then(|_| place.declared(Kind::Module, true)),
        "macro_definition" => {
            let name = place.child("name")?;
            let body = Some(name.end_byte()..place.node.end_byte());
            Some(Declared { body, ..place.declared(Kind::Macro, false)? })
        }
        "impl_item" => {
            let of = place.text_of(place.child("type")?);
            let name = match place.child("trait") {
                Some(of_trait) => format!("<{of} as {}>", place.text_of(of_trait)),
                None => of,
            };
            let body = place.child("body").map(|body| body.byte_range());
            Some(Declared { kind: Kind::Scope, name, body, public: true })
        }
        _ => None,
    }
}

fn is_pub(place: &Place) -> bool {
    place.children().into_iter().any(|child| child.kind() == "visibility_modifier" && place.text_of(child) == "pub")
}

fn is_neutral(place: &Place) -> bool {
    match place.kind {
        "trait_bounds" => place.above(0) == "trait_item",
        "mutable_specifier" => place.above(0) == "parameter",
        "attribute_item" => {
            let text = place.own_text();
            let name = text.trim_start_matches(['#', '[', ' ']);
            let end = name.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(name.len());
            NEUTRAL.contains(&&name[..end])
        }
        _ => false,
    }
}

fn is_test(header: &str) -> bool {
    let attributes = ["#[test", "::test]", "::test(", "#[cfg(test)]", "#[rstest", "#[test_case", "#[quickcheck"];
    attributes.iter().any(|attribute| header.contains(attribute))
}

/// `Err(_) => {}`, `if let Err(_) = go() {}`.
fn swallows(place: &Place) -> bool {
    let field = |name| place.child(name).map(|node| place.text_of(node)).unwrap_or_default();
    match place.kind {
        "match_arm" => field("pattern").starts_with("Err(") && matches!(field("value").as_str(), "{}" | "()"),
        "if_expression" => {
            let empty = place.child("consequence").is_some_and(|block| place.is_empty(block));
            empty && field("condition").starts_with("let Err(") && place.child("alternative").is_none()
        }
        _ => false,
    }
}
