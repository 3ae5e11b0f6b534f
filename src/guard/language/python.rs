//! Python: exported is what has no leading underscore, or is named in `__all__`.

use tree_sitter::Node;

use super::{Language, PLAIN};
use crate::guard::syntax::entity::{Declared, Exports, Kind};
use crate::guard::syntax::place::Place;

pub const PYTHON: Language = Language {
    name: "Python",
    extensions: &["py", "pyi"],
    grammar: || tree_sitter_python::LANGUAGE.into(),
    wrappers: &["decorated_definition"],
    declares,
    exports,
    is_comment: is_docstring,
    is_neutral: |place| place.kind == "argument_list" && place.above(0) == "class_definition",
    swallows,
    untyped,
    ..PLAIN
};

fn declares(place: &Place) -> Option<Declared> {
    match place.kind {
        "function_definition" => {
            let declared = named(place, Kind::Function)?;
            // What stands in an overload never runs.
            let body = declared.body.filter(|_| !is_overload(place));
            Some(Declared { body, ..declared })
        }
        "class_definition" => named(place, Kind::Class),
        "assignment" if place.above(1) == "module" => {
            let left = place.child("left").filter(|left| left.kind() == "identifier")?;
            let name = place.text_of(left);
            let body = place.child("right").map(|right| right.byte_range());
            let public = is_public(&name) && !name.starts_with("__");
            Some(Declared { kind: Kind::Constant, name, body, public })
        }
        _ => None,
    }
}

fn named(place: &Place, kind: Kind) -> Option<Declared> {
    let declared = place.declared(kind, true)?;
    Some(Declared { public: is_public(&declared.name), ..declared })
}

/// `@overload`, `@typing.overload`.
fn is_overload(place: &Place) -> bool {
    let Some(parent) = place.parents.last().filter(|parent| parent.kind == "decorated_definition") else {
        return false;
    };
    let decorators = String::from_utf8_lossy(&place.text[parent.bytes.start..place.node.start_byte()]);
    decorators.lines().any(|line| line.trim_end().ends_with("overload"))
}

/// `__init__` and the like are part of what a class offers.
fn is_public(name: &str) -> bool {
    !name.starts_with('_') || (name.starts_with("__") && name.ends_with("__"))
}

/// `__all__ = ["name", ...]`.
fn exports(place: &Place, exports: &mut Exports) {
    if place.kind != "assignment" || place.child("left").is_none_or(|left| place.text_of(left) != "__all__") {
        return;
    }
    let Some(right) = place.child("right") else { return };
    let strings = right.named_children(&mut right.walk()).filter(|child| child.kind() == "string").collect::<Vec<_>>();
    exports.names.extend(strings.into_iter().map(|name| place.text_of(name).trim_matches(['"', '\'']).to_owned()));
}

fn is_docstring(place: &Place) -> bool {
    place.kind == "string"
        && place.above(0) == "expression_statement"
        && matches!(place.above(1), "block" | "module")
        && place.parents.last().is_some_and(|statement| statement.bytes == place.node.byte_range())
}

/// `except ...: pass`, `with suppress(...):`.
fn swallows(place: &Place) -> bool {
    if place.kind == "call" && place.above(0) == "with_item" {
        let function = place.child("function").map(|function| place.text_of(function)).unwrap_or_default();
        return matches!(function.as_str(), "suppress" | "contextlib.suppress");
    }
    if place.kind != "except_clause" {
        return false;
    }
    let Some(block) = place.children().into_iter().find(|child| child.kind() == "block") else { return false };
    let empty = |child: Node| matches!(child.kind(), "pass_statement" | "comment") || place.text_of(child) == "...";
    block.named_children(&mut block.walk()).all(empty)
}

fn untyped(place: &Place) -> Vec<String> {
    let Some(parameters) = place.child("parameters").filter(|_| place.kind == "function_definition") else {
        return Vec::new();
    };
    let mut lacking = Vec::new();
    for (index, parameter) in parameters.named_children(&mut parameters.walk()).enumerate() {
        let name = match parameter.kind() {
            "identifier" | "list_splat_pattern" | "dictionary_splat_pattern" => place.text_of(parameter),
            "default_parameter" => parameter.child_by_field_name("name").map(|n| place.text_of(n)).unwrap_or_default(),
            _ => continue,
        };
        if index > 0 || !matches!(name.as_str(), "self" | "cls") {
            lacking.push(format!("`{name}`"));
        }
    }
    if place.child("return_type").is_none() {
        lacking.push("the result".to_owned());
    }
    lacking
}
