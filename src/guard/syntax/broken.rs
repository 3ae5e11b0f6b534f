//! What is lost where a text can't be read: the structure around it, or no more than a statement.

use super::place::Place;

/// How much of a text an error makes uncertain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// It is not known what is declared around it.
    Structure,
    /// One statement's content.
    Statement,
    /// Nothing: it is how a macro is used that the parser does not know.
    Nothing,
}

/// The most bytes of what can't be read inside one statement.
const LONGEST: usize = 300;

/// How far above an error it is looked for what it is part of.
const ABOVE: usize = 8;

/// Returns what is lost by a node that is an error or missing. `macros`: the language has them;
/// `in_body`: the node lies in the body of a function.
pub fn loss(place: &Place, macros: bool, in_body: bool) -> Loss {
    let text = &place.text[place.node.byte_range()];
    let is_small = place.node.is_error() && text.len() <= LONGEST && is_closed(text);
    let one_row = place.node.start_position().row == place.node.end_position().row;
    match is_small {
        _ if macros && place.node.is_missing() && is_left_out_of_macro(place) => Loss::Nothing,
        true if macros && (is_in_statement(place) || is_attribute(place, text)) => Loss::Nothing,
        true if in_body && one_row => Loss::Statement,
        _ => Loss::Structure,
    }
}

/// Whether a piece of code ends no statement, and closes the brackets that it opens and no others.
fn is_closed(text: &[u8]) -> bool {
    let mut open = Vec::new();
    for byte in text {
        match byte {
            b'{' | b'}' | b';' => return false,
            b'(' | b'[' => open.push(*byte),
            b')' if open.pop() != Some(b'(') => return false,
            b']' if open.pop() != Some(b'[') => return false,
            _ => {}
        }
    }
    open.is_empty()
}

/// `TEST_CASE("adds") {`, `LIST_FOR_EACH (p, n, &l) {`, `END_THREADS`: statements without a semicolon;
/// `va_arg(list, char *)`: an expression without its right side.
fn is_left_out_of_macro(place: &Place) -> bool {
    match place.kind {
        ";" if place.above(0) == "expression_statement" => true,
        ";" => place.text[..place.node.start_byte()].trim_ascii_end().ends_with(b")"),
        kind => kind.ends_with("identifier") && is_in_statement(place),
    }
}

/// Whether it lies in a statement or in what a macro is given: `CONTAINER_OF(x, struct b, y)`.
fn is_in_statement(place: &Place) -> bool {
    place.parents.iter().rev().take(ABOVE).any(|parent| match parent.kind {
        "argument_list" | "macro_type_specifier" | "compound_statement" | "expression_statement" => true,
        "function_declarator" => {
            let name: Vec<u8> = place.text[parent.bytes.clone()].iter().copied().take_while(|c| is_word(*c)).collect();
            name.len() > 2 && !name.iter().any(u8::is_ascii_lowercase)
        }
        _ => false,
    })
}

/// `static int __init open(void)`: one word more than a declaration has.
fn is_attribute(place: &Place, text: &[u8]) -> bool {
    let declares = ["function_definition", "declaration", "parameter_declaration", "pointer_declarator"];
    declares.contains(&place.above(0)) && text.iter().all(|byte| is_word(*byte))
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}
