//! Ruby: exported is what is not private.

use super::{Language, PLAIN};
use crate::guard::syntax::entity::{Declared, Exports, Kind};
use crate::guard::syntax::place::Place;

pub const RUBY: Language = Language {
    name: "Ruby",
    extensions: &["rb", "rake"],
    grammar: || tree_sitter_ruby::LANGUAGE.into(),
    separator: "::",
    declares,
    exports,
    is_neutral: |place| place.kind == "superclass",
    swallows,
    ..PLAIN
};

fn declares(place: &Place) -> Option<Declared> {
    match place.kind {
        "method" => {
            // `private def name`
            let private = place.above(0) == "argument_list" && place.above(1) == "call";
            place.declared(Kind::Function, !private)
        }
        "singleton_method" => {
            let declared = place.declared(Kind::Function, true)?;
            Some(Declared { name: format!("self.{}", declared.name), ..declared })
        }
        "class" => place.declared(Kind::Class, true),
        "module" => place.declared(Kind::Module, true),
        "singleton_class" => {
            let body = place.child("body").map(|body| body.byte_range());
            Some(Declared { kind: Kind::Scope, name: "self".to_owned(), body, public: true })
        }
        "assignment" => {
            let left = place.child("left").filter(|left| left.kind() == "constant")?;
            let body = place.child("right").map(|right| right.byte_range());
            Some(Declared { kind: Kind::Constant, name: place.text_of(left), body, public: true })
        }
        _ => None,
    }
}

/// `private` alone hides what follows in the class; `private :name` hides the method.
fn exports(place: &Place, exports: &mut Exports) {
    let [.., class, body] = place.parents else { return };
    if body.kind != "body_statement" || !matches!(class.kind, "class" | "module" | "singleton_class") {
        return;
    }
    let container = class.bytes.start;
    match place.kind {
        "identifier" => {
            let public = match place.own_text().as_str() {
                "private" | "protected" => false,
                "public" => true,
                _ => return,
            };
            exports.section(container, place.node.start_byte(), public);
        }
        "call" => {
            let method = place.child("method").map(|method| place.text_of(method)).unwrap_or_default();
            let Some(arguments) = place.child("arguments").filter(|_| method.starts_with("private")) else { return };
            let names: Vec<_> = arguments.named_children(&mut arguments.walk()).collect();
            let names = names.into_iter().filter(|name| name.kind() == "simple_symbol");
            let prefix = if method == "private_class_method" { "self." } else { "" };
            let named = names.map(|name| format!("{prefix}{}", place.text_of(name).trim_start_matches(':')));
            exports.hidden.extend(named.map(|name| (container, name)));
        }
        _ => {}
    }
}

/// `rescue` with nothing, or only `nil`, after it; `go rescue nil`.
fn swallows(place: &Place) -> bool {
    if place.kind == "rescue_modifier" {
        return place.child("handler").is_some_and(|handler| place.text_of(handler) == "nil");
    }
    let nothing = |body: tree_sitter::Node| {
        let text = place.text_of(body);
        let text = text.trim().trim_start_matches("then").trim();
        place.is_empty(body) || text == "nil"
    };
    place.kind == "rescue" && place.child("body").is_none_or(nothing)
}
