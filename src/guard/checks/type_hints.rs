//! Whether changed functions have types of parameters and results, in languages where these are optional.

use super::Check;
use crate::guard::Subject;
use crate::guard::file::{File, any_within};
use crate::guard::finding::{Finding, Level, Side};
use crate::guard::syntax::token::TokenKind;

pub const CHECK: Check = Check {
    name: "type-hints",
    level: Level::Warn,
    rate: None,
    help: "A function of Python that is changed has type hints, and a fix in TypeScript brings no new `any`: the type \
           checker is the quickest test there is.",
    look,
};

fn look(subject: &Subject) -> Vec<Finding> {
    subject.sources().flat_map(|file| unhinted(file).into_iter().chain(any(file))).collect()
}

fn unhinted(file: &File) -> Vec<Finding> {
    let Some(syntax) = &file.after.syntax else { return Vec::new() };
    let edited = file.edited_rows(Side::After);
    let lacking = syntax.entities.iter().filter(|entity| !entity.untyped.is_empty() && !entity.test);
    let changed = lacking.filter(|entity| any_within(&edited, &entity.rows));
    let findings = changed.map(|entity| {
        let message = format!("function `{}` has no type for {}", entity.name, entity.untyped.join(", "));
        Finding::of_file(&file.change.path, message).at_rows(&file.change.path, Side::After, entity.head.clone())
    });
    findings.collect()
}

fn any(file: &File) -> Option<Finding> {
    file.language.filter(|language| language.name == "TypeScript")?;
    let rows = |side: Side| -> Vec<usize> {
        let Some(syntax) = &file.side(side).syntax else { return Vec::new() };
        let text = file.bytes(side);
        let edited = file.edited_rows(side);
        let any = syntax.tokens.iter().filter(|token| token.kind == TokenKind::Other && &text[token.bytes()] == b"any");
        any.map(|token| token.row).filter(|row| edited.binary_search(row).is_ok()).collect()
    };
    let (old, new) = (rows(Side::Before), rows(Side::After));
    let message = "a new `any` switches the type checker off";
    (new.len() > old.len())
        .then(|| Finding::of_file(&file.change.path, message).at_rows(&file.change.path, Side::After, new))
}
