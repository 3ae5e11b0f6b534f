//! JavaScript: exported is what `export`, `module.exports` or `exports.name` gives away.

use tree_sitter::Node;

use super::{Language, PLAIN, has_empty_body};
use crate::guard::syntax::entity::{Declared, Exports, Kind};
use crate::guard::syntax::place::Place;

pub const JAVASCRIPT: Language = Language {
    name: "JavaScript",
    extensions: &["js", "jsx", "mjs", "cjs"],
    grammar: || tree_sitter_javascript::LANGUAGE.into(),
    wrappers: &["export_statement"],
    attributes: &["decorator"],
    declares,
    exports,
    is_neutral: |place| place.kind == "class_heritage",
    swallows,
    ..PLAIN
};

/// `catch {}`, `.catch(() => {})`.
pub fn swallows(place: &Place) -> bool {
    has_empty_body(place) || is_empty_handler(place)
}

fn is_empty_handler(place: &Place) -> bool {
    let Some(function) = place.child("function").filter(|_| place.kind == "call_expression") else { return false };
    let catches = function.child_by_field_name("property").is_some_and(|name| place.text_of(name) == "catch");
    let Some(arguments) = place.child("arguments").filter(|_| catches) else { return false };
    let body = arguments.named_child(0).and_then(|handler| handler.child_by_field_name("body"));
    body.is_some_and(|body| body.kind() == "statement_block" && place.is_empty(body))
}

/// What may stand between a declaration and its `export`, or the top.
const WRAPPERS: &[&str] =
    &["export_statement", "lexical_declaration", "variable_declaration", "ambient_declaration", "expression_statement"];

pub fn declares(place: &Place) -> Option<Declared> {
    let public = is_exported(place);
    match place.kind {
        "function_declaration" | "generator_function_declaration" | "function_signature" => {
            place.declared(Kind::Function, public)
        }
        "class_declaration" | "abstract_class_declaration" => place.declared(Kind::Class, public),
        "method_definition" if place.above(0) == "class_body" => {
            let declared = place.declared(Kind::Function, !place.has_word("private"))?;
            Some(Declared { public: declared.public && !declared.name.starts_with('#'), ..declared })
        }
        "variable_declarator" if is_at_top(place) => variable(place, public),
        "assignment_expression" if place.above(1) == "program" => assigned(place),
        _ => None,
    }
}

/// Whether the declaration stands in an `export`.
pub fn is_exported(place: &Place) -> bool {
    let above = place.parents.iter().rev().map(|parent| parent.kind);
    above.take_while(|kind| WRAPPERS.contains(kind)).any(|kind| kind == "export_statement")
}

fn is_at_top(place: &Place) -> bool {
    let mut above = place.parents.iter().rev().map(|parent| parent.kind).skip_while(|kind| WRAPPERS.contains(kind));
    above.next() == Some("program")
}

/// `const name = ...`: a function or a class where its value is one.
fn variable(place: &Place, public: bool) -> Option<Declared> {
    let name = place.child("name").filter(|name| name.kind() == "identifier")?;
    let (kind, body) = value(place.child("value"));
    let imported = place.child("value").is_some_and(|value| is_import(place, value));
    (public || !imported).then(|| Declared { kind, name: place.text_of(name), body, public })
}

/// `require("path")`, or a part of what was imported so, such as `path.join`: no entity of the file.
fn is_import(place: &Place, value: Node) -> bool {
    let text = place.text_of(value);
    let required = text.starts_with("require(");
    match value.kind() {
        "identifier" | "call_expression" | "member_expression" => required || !text.contains('('),
        "await_expression" => text.starts_with("await import("),
        _ => false,
    }
}

/// `exports.name = ...`, `Thing.prototype.name = function ...`.
fn assigned(place: &Place) -> Option<Declared> {
    let left = place.child("left").filter(|left| left.kind() == "member_expression")?;
    let name = place.text_of(left);
    let (kind, body) = value(place.child("right"));
    let exported = name.starts_with("exports.") || name.starts_with("module.exports.");
    let public = exported || name.contains(".prototype.");
    (public && kind != Kind::Constant).then_some(Declared { kind, name, body, public })
}

fn value(value: Option<Node>) -> (Kind, Option<std::ops::Range<usize>>) {
    let Some(value) = value else { return (Kind::Constant, None) };
    let inner = value.child_by_field_name("body").map(|body| body.byte_range());
    match value.kind() {
        "arrow_function" | "function_expression" | "generator_function" => (Kind::Function, inner),
        "class" => (Kind::Class, inner),
        _ => (Kind::Constant, Some(value.byte_range())),
    }
}

/// `export { a, b as c }`, `module.exports = { a, b: c }`, `module.exports = a`.
pub fn exports(place: &Place, exports: &mut Exports) {
    match place.kind {
        "export_specifier" => exports.names.extend(place.child("name").map(|name| place.text_of(name))),
        "export_statement" => {
            let value = place.child("value").filter(|value| value.kind() == "identifier");
            exports.names.extend(value.map(|value| place.text_of(value)));
        }
        "assignment_expression" if place.above(1) == "program" => {
            let left = place.child("left").map(|left| place.text_of(left)).unwrap_or_default();
            let Some(right) = place.child("right").filter(|_| left == "module.exports" || left.contains("exports."))
            else {
                return;
            };
            match right.kind() {
                "identifier" => {
                    exports.names.insert(place.text_of(right));
                }
                "object" => exports.names.extend(members(place, right)),
                _ => {}
            }
        }
        _ => {}
    }
}

fn members(place: &Place, object: Node) -> Vec<String> {
    let children: Vec<_> = object.named_children(&mut object.walk()).collect();
    let named = children.into_iter().filter_map(|child| match child.kind() {
        "shorthand_property_identifier" => Some(child),
        "pair" => child.child_by_field_name("value").filter(|value| value.kind() == "identifier"),
        _ => None,
    });
    named.map(|name| place.text_of(name)).collect()
}
