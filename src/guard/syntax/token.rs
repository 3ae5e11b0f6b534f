//! The smallest pieces of code, and what each of them is, by the names that the grammars share.

use std::ops::Range;

use super::place::Place;

/// The smallest piece of code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    pub start: usize,
    pub end: usize,
    /// The row that it begins on, from 0.
    pub row: usize,
    /// The row that it ends on.
    pub last_row: usize,
    pub kind: TokenKind,
    /// Whether it makes no difference to those who use the declaration that it is part of.
    pub neutral: bool,
    /// Whether it names a part of something, such as `price` in `item.price`.
    pub member: bool,
    /// Whether it names a part and a variable at once, such as `price` in `{ price }`.
    pub shorthand: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// A name where something is declared: a variable, a parameter, a function.
    Declaration,
    /// A name where it is used.
    Name,
    /// The inside of a string and the like.
    Data,
    Other,
}

impl Token {
    /// Returns the token that a leaf of the tree is; `neutral` as its declaration has it.
    pub fn of(place: &Place, neutral: bool) -> Token {
        let (start, end) = (place.node.start_position().row, place.node.end_position().row);
        Token {
            start: place.node.start_byte(),
            end: place.node.end_byte(),
            row: start,
            last_row: end,
            kind: kind(place),
            neutral,
            member: is_member(place),
            shorthand: place.kind.starts_with("shorthand_") || place.above(0) == "shorthand_field_initializer",
        }
    }

    pub fn bytes(&self) -> Range<usize> {
        self.start..self.end
    }

    pub fn is_name(&self) -> bool {
        matches!(self.kind, TokenKind::Name | TokenKind::Declaration)
    }
}

fn kind(place: &Place) -> TokenKind {
    let kind = place.kind;
    let data = ["string", "fragment", "heredoc", "char", "text", "regex", "escape_sequence"];
    let quote = matches!(kind, "\"" | "'" | "`" | "\"\"\"" | "'''");
    if quote || data.iter().any(|part| kind.contains(part)) {
        return TokenKind::Data;
    }
    let name = kind.ends_with("identifier")
        || kind.starts_with("shorthand_")
        || matches!(kind, "name" | "constant" | "instance_variable" | "global_variable");
    match name {
        true if is_declaration(place) => TokenKind::Declaration,
        true => TokenKind::Name,
        false => TokenKind::Other,
    }
}

/// Nodes whose `name` is that of another thing's part: of an object, a class, or of a function's parameters.
const PARTS: &[&str] = &[
    "argument",
    "keyword_argument",
    "member_access_expression",
    "member_binding_expression",
    "member_call_expression",
    "method_declaration",
    "method_invocation",
    "nullsafe_member_access_expression",
    "nullsafe_member_call_expression",
    "scoped_call_expression",
];

fn is_member(place: &Place) -> bool {
    match place.field {
        Some("attribute" | "property" | "field" | "method") => true,
        Some("name") if PARTS.contains(&place.above(0)) => true,
        _ if place.above(0) == "variable_name" => place.above(1) == "property_element",
        _ => matches!(place.kind, "field_identifier" | "property_identifier"),
    }
}

/// Parts of the names of nodes that use what has a name, though they have it in a field of a declaration's.
const USES: &[&str] = &[
    "access",
    "argument",
    "call",
    "export",
    "generic_type",
    "import",
    "invocation",
    "jsx_",
    "member_binding",
    "nested_type",
    "predicate",
    "qualified",
    "reference",
    "scope",
    "selector",
    "struct_expression",
    "template_function",
    "template_method",
    "template_type",
    "using",
];

/// Nodes whose left side is new with them. In most languages an assignment is none of them: what gets
/// a value was declared before.
const ASSIGN: &[&str] = &[
    "assignment",
    "assignment_pattern",
    "for_clause",
    "for_in_clause",
    "for_in_statement",
    "for_statement",
    "foreach_statement",
    "lambda_capture_initializer",
    "object_assignment_pattern",
    "range_clause",
    "short_var_declaration",
];

/// Nodes that take something apart, each name in them being a new variable.
const PATTERNS: &[&str] = &["array_pattern", "object_pattern", "rest_pattern"];

/// Whether a name stands where its language declares one.
fn is_declaration(place: &Place) -> bool {
    let above = place.above(0);
    let list = ["expression_list", "pattern_list", "tuple_pattern", "left_assignment_list", "variable_name"];
    let (field, around) = match list.contains(&above) {
        true => (place.parents.last().and_then(|list| list.field), place.above(1)),
        false => (place.field, above),
    };
    let uses = USES.iter().any(|part| around.contains(part)) || around.ends_with("annotation") || around == "attribute";
    if uses {
        return false;
    }
    match field {
        // `Bill { sum: cents }` takes a bill apart: `cents` is new, `sum` is the bill's.
        Some("name") if around == "field_pattern" => place.kind != "field_identifier",
        Some("name") if around.ends_with("_specifier") => has_body(place),
        Some("name" | "pattern" | "declarator" | "alias") => true,
        Some("left") => ASSIGN.contains(&around) || (above == "variable_name" && around == "assignment_expression"),
        Some("value") => around == "pair_pattern",
        Some(_) => false,
        None => around.contains("parameter") || PATTERNS.contains(&around),
    }
}

/// Whether a struct, class or enum of C's is defined where it is named: its body or its base comes next.
fn has_body(place: &Place) -> bool {
    let rest = place.text[place.node.end_byte()..].trim_ascii_start();
    rest.starts_with(b"{") || rest.starts_with(b":") || rest.starts_with(b"final")
}
